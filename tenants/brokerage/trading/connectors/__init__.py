"""Every trading platform the product speaks."""

from typing import Final

from brokerage.trading.connector import TradingConnector
from brokerage.trading.connectors.ctrader import CTrader
from brokerage.trading.connectors.dxtrade import DxTrade
from brokerage.trading.connectors.fix import FixDropCopy
from brokerage.trading.connectors.matchtrader import MatchTrader
from brokerage.trading.connectors.mt4_bridge import Mt4Bridge
from brokerage.trading.connectors.mt5_https import Mt5Https
from brokerage.trading.connectors.mt5_webapi import Mt5WebApi
from brokerage.trading.connectors.tradelocker import TradeLocker
from stoa.kernel.refusals import NotFound

ALL: Final[tuple[type[TradingConnector], ...]] = (
    Mt5WebApi,
    Mt5Https,
    Mt4Bridge,
    DxTrade,
    FixDropCopy,
    TradeLocker,
    CTrader,
    MatchTrader,
)


def named(code: str) -> type[TradingConnector]:
    """Raises NotFound for a code no connector has."""
    for connector in ALL:
        if connector.code == code:
            return connector
    raise NotFound("There is no such trading platform.")
