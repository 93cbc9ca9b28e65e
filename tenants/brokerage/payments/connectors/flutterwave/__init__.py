"""Flutterwave v3: its payment page and transfers."""

from brokerage.payments.connectors.flutterwave.adapter import Flutterwave
from brokerage.payments.connectors.flutterwave.settings import Settings

__all__ = ["Flutterwave", "Settings"]
