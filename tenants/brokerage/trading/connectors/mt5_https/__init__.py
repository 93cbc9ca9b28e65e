"""The MT5 Web API over HTTPS: the same commands and records as over TCP, JSON for answers."""

from brokerage.trading.connectors.mt5_https.adapter import Mt5Https
from brokerage.trading.connectors.mt5_https.settings import Settings

__all__ = ["Mt5Https", "Settings"]
