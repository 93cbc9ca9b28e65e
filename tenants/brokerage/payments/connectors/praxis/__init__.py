"""Praxis: its cashier, with the check before a payment and the signed word after it."""

from brokerage.payments.connectors.praxis.adapter import Praxis
from brokerage.payments.connectors.praxis.settings import Settings

__all__ = ["Praxis", "Settings"]
