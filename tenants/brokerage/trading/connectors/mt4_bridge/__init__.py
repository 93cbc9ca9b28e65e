"""MT4 through a bridge that speaks our interface: docs/mt4-bridge.md."""

from brokerage.trading.connectors.mt4_bridge.adapter import Mt4Bridge
from brokerage.trading.connectors.mt4_bridge.settings import Settings

__all__ = ["Mt4Bridge", "Settings"]
