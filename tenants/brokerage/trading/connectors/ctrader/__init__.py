"""cTrader: WebServices over HTTP, and the Manager API over TCP for the journal, prices and push."""

from brokerage.trading.connectors.ctrader.adapter import CTrader
from brokerage.trading.connectors.ctrader.settings import Settings

__all__ = ["CTrader", "Settings"]
