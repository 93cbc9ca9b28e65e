"""pawaPay v2: mobile money of twenty African markets."""

from brokerage.payments.connectors.pawapay.adapter import PawaPay
from brokerage.payments.connectors.pawapay.settings import Settings

__all__ = ["PawaPay", "Settings"]
