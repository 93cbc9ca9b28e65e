"""Adyen: payment links, refunds and card payouts over its Checkout and Payout APIs."""

from brokerage.payments.connectors.adyen.adapter import Adyen
from brokerage.payments.connectors.adyen.settings import Settings

__all__ = ["Adyen", "Settings"]
