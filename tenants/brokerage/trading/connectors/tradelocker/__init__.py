"""TradeLocker: the Brand API over HTTPS, and the BrandSocket for push."""

from brokerage.trading.connectors.tradelocker.adapter import TradeLocker
from brokerage.trading.connectors.tradelocker.settings import Settings

__all__ = ["Settings", "TradeLocker"]
