"""Stripe: Checkout sessions, refunds and payouts over its published API."""

from brokerage.payments.connectors.stripe.adapter import Stripe
from brokerage.payments.connectors.stripe.settings import Settings

__all__ = ["Settings", "Stripe"]
