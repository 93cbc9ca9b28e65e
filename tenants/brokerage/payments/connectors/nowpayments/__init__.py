"""NOWPayments: an address of one coin per deposit or per client, and payouts confirmed by a code."""

from brokerage.payments.connectors.nowpayments.adapter import NOWPayments
from brokerage.payments.connectors.nowpayments.settings import Settings

__all__ = ["NOWPayments", "Settings"]
