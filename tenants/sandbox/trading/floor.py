"""What every part of the engine works with: conditions, prices, tickets, and one way to change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.trading.book import Account, Book
from sandbox.trading.clock import Zone
from sandbox.trading.config import Config, Group
from sandbox.trading.market import Market, Quote
from sandbox.trading.records import Position, Record
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.symbols import SYMBOLS, Symbol

Commit = Callable[[Account, Sequence[Record]], None]
"""Makes records true for an account, all or none."""


@dataclass(frozen=True)
class Floor:
    """The trading floor. ``commit`` is the only way by which anything changes."""

    config: Config
    groups: dict[str, Group]
    zone: Zone
    market: Market
    book: Book
    commit: Commit

    def group(self, account: Account) -> Group:
        group = self.groups.get(account.user.group)
        if group is None:
            raise RefusedError(Ret.NOT_FOUND)
        return group

    def quote(self, account: Account, symbol: Symbol, at: int) -> Quote:
        """What this client is quoted, his group's markup included."""
        return self.market.quote(symbol, at, self.group(account).markup)

    def closing_price(self, account: Account, position: Position, at: int) -> int:
        """The price at which a position could be closed: bid for a purchase, ask for a sale."""
        quote = self.quote(account, SYMBOLS[position.symbol], at)
        return quote.ask if position.action else quote.bid
