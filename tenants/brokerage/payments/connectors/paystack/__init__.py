"""Paystack: its payment page, refunds and transfers."""

from brokerage.payments.connectors.paystack.adapter import Paystack
from brokerage.payments.connectors.paystack.settings import Settings

__all__ = ["Paystack", "Settings"]
