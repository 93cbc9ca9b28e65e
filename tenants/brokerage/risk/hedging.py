"""How much of the passed-on book is covered at liquidity providers, symbol by symbol.

What a provider holds for us is written down by the desk, one line a symbol: its own net lots in
lots of our size. What is not covered, valued at the clients' prices, is held against a bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from brokerage.risk import alerts
from brokerage.risk.alerts import Reading
from brokerage.risk.exposure import Part, parts
from brokerage.risk.ground import Ground
from brokerage.risk.ground import read as ground_of
from brokerage.risk.model import RiskPoint
from brokerage.risk.permissions import Risk
from stoa.kernel.refusals import Invalid
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

HEDGE: Final = "hedge"
RULE: Final = "hedge-limit"
_MOST_LINES: Final = 500


@dataclass(frozen=True, slots=True)
class Covered:
    """One symbol: what clients hold of the passed-on book, what providers hold for us, what is
    left. `ratio` is percent, None where clients hold nothing; `left_value` is signed.
    """

    symbol: str
    clients: Decimal
    held: Decimal
    told_at: datetime | None
    value: Decimal

    @property
    def left(self) -> Decimal:
        return self.clients - self.held

    @property
    def ratio(self) -> Decimal | None:
        return self.held * 100 / self.clients if self.clients else None

    @property
    def left_value(self) -> Decimal | None:
        """None when nobody holds the symbol, so that no price of it is known here."""
        return self.left * self.value / self.clients if self.clients else None


async def read(work: Work, ground: Ground, *, everything: bool = False) -> list[Covered]:
    """Every symbol that either side holds, the largest left over first."""
    wanted = {"book": ground.settings.hedged_book}
    ours = {
        one.key: one
        for one in await parts(work, ground, "symbol", where=wanted, everything=everything)
    }
    theirs = await _held(work)
    found = [_covered(symbol, ours.get(symbol), theirs.get(symbol)) for symbol in {*ours, *theirs}]
    return sorted(found, key=lambda one: (-abs(one.left_value or one.left), one.symbol))


def _covered(symbol: str, part: Part | None, told: tuple[Decimal, datetime] | None) -> Covered:
    return Covered(
        symbol,
        part.net if part else Decimal(0),
        told[0] if told else Decimal(0),
        told[1] if told else None,
        part.notional if part else Decimal(0),
    )


async def _held(work: Work) -> Mapping[str, tuple[Decimal, datetime]]:
    rows = await work.table(
        select(RiskPoint.key, RiskPoint.net, RiskPoint.at)
        .where(RiskPoint.by == HEDGE)
        .ext(distinct_on(RiskPoint.key))
        .order_by(RiskPoint.key, RiskPoint.at.desc())
        .limit(_MOST_LINES)
    )
    return {row.key: (row.net, row.at) for row in rows if row.net}


def lines(text: str) -> list[tuple[str, Decimal]]:
    """`XAUUSD,-12.5` a line, as pasted or from a file; a heading is skipped. Raises Invalid."""
    found: dict[str, Decimal] = {}
    rows = text.replace("\ufeff", "").splitlines()
    if len(rows) > _MOST_LINES:
        raise Invalid("At most {n} lines at once.", field="lines", n=_MOST_LINES)
    for at, line in enumerate(rows, start=1):
        words = [word.strip().strip('"') for word in line.replace(";", ",").split(",")]
        if not any(words):
            continue
        if at == 1 and words[0].lower() == "symbol":
            continue
        lots = _number(words[1]) if len(words) == 2 else None
        if not words[0] or len(words[0]) > 32 or lots is None:
            raise Invalid(
                "Line {n} is not understood: write a symbol, a comma and lots. Nothing was "
                "changed.",
                field="lines",
                n=at,
            )
        if words[0] in found:
            raise Invalid(
                "{symbol} is there twice. Nothing was changed.", field="lines", symbol=words[0]
            )
        found[words[0]] = lots
    if not found:
        raise Invalid("Please fill this in.", field="lines")
    return list(found.items())


def _number(word: str) -> Decimal | None:
    plain = word.replace("\u2212", "-").lstrip("+")
    digits = plain.removeprefix("-")
    if not (digits.isascii() and digits.replace(".", "", 1).isdecimal() and len(digits) < 16):
        return None
    return Decimal(plain)


async def write_down(work: Work, told: Sequence[tuple[str, Decimal]], *, whole: bool) -> int:
    """What providers hold now. `whole`: symbols that are not named are held no more."""
    work.require(Risk.HEDGE)
    given = dict(told)
    if whole:
        given = {symbol: Decimal(0) for symbol in await _held(work)} | given
    new = insert(RiskPoint).values(
        [
            {
                "by": HEDGE, "key": symbol, "at": work.now, "positions": 0, "net": lots,
                "notional": Decimal(0), "profit": Decimal(0),
            }
            for symbol, lots in given.items()
        ]
    )  # fmt: skip
    await work.run(
        new.on_conflict_do_update(
            index_elements=["by", "key", "at"], set_={"net": new.excluded["net"]}
        )
    )
    work.record("hedge positions", lines=len(given), whole=whole)
    work.announce("risk|exposure")
    return len(given)


async def sweep(open_work: OpenWork) -> None:
    async with open_work() as work:
        await look(work)


async def look(work: Work) -> list[Reading]:
    """Hold what is not covered against the bound; without any hedge written down nothing is asked."""
    ground = await ground_of(work)
    bound = ground.settings.hedge_most
    found = await read(work, ground, everything=True) if bound and await _held(work) else []
    readings = [
        Reading(
            rule=RULE,
            scope="symbol",
            about=one.symbol,
            measure="overflow",
            value=one.left_value,
            bound=bound,
            level="warning",
            clears_percent=90,
            evidence={
                "clients": f"{one.clients.normalize():f}",
                "held": f"{one.held.normalize():f}",
            },
        )
        for one in found
        if one.left_value is not None
    ]
    await alerts.take_in(work, [RULE], readings)
    return readings
