"""Hyperswitch: a router to many processors, with payment links, refunds and payouts."""

from brokerage.payments.connectors.hyperswitch.adapter import Hyperswitch
from brokerage.payments.connectors.hyperswitch.settings import Settings

__all__ = ["Hyperswitch", "Settings"]
