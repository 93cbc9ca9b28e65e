"""Every trading platform the product speaks: ours, and those that other packages bring.

A package names its adapter in its own metadata, under `[project.entry-points."stoa.trading"]`, and is
installed beside the product. It speaks the same port and is certified by the same suite.
"""

from collections.abc import Iterator
from importlib.metadata import entry_points
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

GROUP: Final = "stoa.trading"
OURS: Final[tuple[type[TradingConnector], ...]] = (
    Mt5WebApi,
    Mt5Https,
    Mt4Bridge,
    DxTrade,
    FixDropCopy,
    TradeLocker,
    CTrader,
    MatchTrader,
)


def _others() -> Iterator[type[TradingConnector]]:
    """By name, each with a code of its own. Raises RuntimeError for a code that is taken: two adapters
    of one name would be a guess about whose money goes where.
    """
    taken = {one.code for one in OURS}
    for found in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        kind: type[TradingConnector] = found.load()
        if kind.code in taken:
            raise RuntimeError(f"{found.value} brings a second connector {kind.code}")
        taken.add(kind.code)
        yield kind


ALL: Final[tuple[type[TradingConnector], ...]] = (*OURS, *_others())


def named(code: str) -> type[TradingConnector]:
    """Raises NotFound for a code no connector has."""
    for connector in ALL:
        if connector.code == code:
            return connector
    raise NotFound("There is no such trading platform.")
