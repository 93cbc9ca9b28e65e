"""The MT5 Web API over raw TCP (`MT5WEBAPI`): framing, login, encryption and the verbs."""

from brokerage.trading.connectors.mt5_webapi.adapter import Mt5WebApi
from brokerage.trading.connectors.mt5_webapi.settings import Settings

__all__ = ["Mt5WebApi", "Settings"]
