"""PayPal: orders, captures, refunds and payouts over its REST APIs."""

from brokerage.payments.connectors.paypal.adapter import PayPal
from brokerage.payments.connectors.paypal.settings import Settings

__all__ = ["PayPal", "Settings"]
