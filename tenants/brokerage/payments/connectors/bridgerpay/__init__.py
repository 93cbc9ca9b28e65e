"""BridgerPay: its cashier over many processors, every notice of which is asked after."""

from brokerage.payments.connectors.bridgerpay.adapter import BridgerPay
from brokerage.payments.connectors.bridgerpay.settings import Settings

__all__ = ["BridgerPay", "Settings"]
