"""M-Pesa: paying in by a prompt on the client's telephone, paying out to it, over Daraja."""

from brokerage.payments.connectors.mpesa.adapter import MPesa
from brokerage.payments.connectors.mpesa.settings import Settings

__all__ = ["MPesa", "Settings"]
