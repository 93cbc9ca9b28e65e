"""The connector for Match-Trader's Broker API, version 2."""

from brokerage.trading.connectors.matchtrader.adapter import MatchTrader
from brokerage.trading.connectors.matchtrader.settings import Settings

__all__ = ["MatchTrader", "Settings"]
