"""Live exposure as figures: the parts of the book and what a reader asks to see of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select, true

from brokerage.clients import queries as clients
from brokerage.risk import book
from brokerage.risk.ground import Ground
from brokerage.trading.model import TradingAccount
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

BYS: Final[Mapping[str, str]] = {
    "symbol": N_("Symbol"),
    "underlying": N_("Underlying"),
    "family": N_("Class"),
    "book": N_("Book"),
    "entity": N_("Legal entity"),
    "server": N_("Server"),
    "group": N_("Group"),
    "desk": N_("Desk"),
    "currency": N_("Account currency"),
    "account": N_("Account"),
}
MOST: Final = 400
"""Parts read at once; a list of more is read page by page."""
FILTERS: Final = ("symbol", "family", "book", "entity", "server", "group", "currency")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the book. Money is in the house's currency; positive net: clients are long."""

    key: str
    positions: int
    long: Decimal
    short: Decimal
    net: Decimal
    notional: Decimal
    open: Decimal
    gross: Decimal
    result: Decimal
    unpriced: int
    stale: int
    oldest: datetime | None

    @property
    def share_long(self) -> int:
        total = self.long + self.short
        return int(self.long * 100 / total) if total else 0


def part(row: Any) -> Part:
    return Part(
        str(row.key),
        int(row.positions),
        Decimal(row.long),
        Decimal(row.short),
        Decimal(row.net),
        Decimal(row.notional),
        Decimal(row.open),
        Decimal(row.gross),
        Decimal(row.result),
        int(row.unpriced),
        int(row.stale),
        row.oldest,
    )


async def parts(
    work: Work,
    ground: Ground,
    by: str,
    *,
    where: Mapping[str, str] | None = None,
    everything: bool = False,
) -> list[Part]:
    """The parts of the book, the largest open first; within the reader's scope, or the house's."""
    within = true() if everything else clients.within(work, TradingAccount.client)
    top = book.grouped(ground, by, within=within, where=where)
    rows = await work.table(select(top).order_by(top.c.open.desc(), top.c.key).limit(MOST))
    return [part(row) for row in rows]


def asked(query: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """By what the book is shown, and which parts of it alone; unknown words are ignored."""
    by = str(query.get("by", "symbol"))
    where = {
        name: str(query[name]).strip()[:120]
        for name in (*FILTERS, "underlying", "desk", "account", "provider")
        if str(query.get(name, "")).strip()
    }
    return (by if by in BYS else "symbol"), where
