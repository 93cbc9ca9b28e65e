"""Rates between currencies: mid prices as last read, and what follows from them.

    await rate(work, "EUR", "USD") -> Decimal
    await convert(work, money, "USD") -> Money           rounded half-even, for figures and limits
    await table(work) -> Rates                           one query, then as often as wanted:
        Rates.rate(sell, buy) -> Decimal; Rates.convert(money, to) -> Money; Rates.via(sell, buy)
    await store(work, mids, source)                      what a source read

Rates the other way round and over a third currency are rounded down, so that no way there and
back yields more than there was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from brokerage.ledger import believing
from brokerage.ledger.fx import FxRate
from brokerage.ledger.hooks import Mid
from brokerage.ledger.settings import LedgerSettings
from stoa.kernel.money import EXACT, Money
from stoa.kernel.refusals import Unavailable
from stoa.tenancy.work import Work

MANUAL: Final = "settings"
_DIGITS: Final = Decimal(1).scaleb(-18)
_MOST_STEPS: Final = 3
_PRICES: Final = select(FxRate.base, FxRate.quote, FxRate.rate, FxRate.source, FxRate.at)
_KEPT: Final = select(FxRate).order_by(FxRate.base, FxRate.quote)
_NEW: Final = insert(FxRate.metadata.tables[FxRate.__tablename__])
_KEEP: Final = _NEW.on_conflict_do_update(
    index_elements=["base", "quote"],
    set_={name: _NEW.excluded[name] for name in ("rate", "source", "at")},
)


@dataclass(frozen=True, slots=True)
class Via:
    """A rate and where it comes from: `at` is the oldest price on the way."""

    rate: Decimal
    source: str
    at: datetime
    manual: bool


class NoRate(Unavailable):
    kind = "no-rate"


class Rates:
    """The prices of one moment. Pure: asks the database nothing."""

    def __init__(self, rows: Iterable[Any]) -> None:
        """`rows` have base, quote, rate, source and at."""
        self._known: dict[str, dict[str, Via]] = {}
        for row in rows:
            pair = f"{row.source} {row.base}/{row.quote}"
            manual = row.source == MANUAL
            there = Via(row.rate, pair, row.at, manual)
            back = Via(_down(EXACT.divide(Decimal(1), row.rate)), pair, row.at, manual)
            self._known.setdefault(row.base, {})[row.quote] = there
            self._known.setdefault(row.quote, {}).setdefault(row.base, back)
        self._found: dict[tuple[str, str], Via | None] = {}

    def via(self, sell: str, buy: str) -> Via:
        """Raises NoRate when no chain of up to three prices leads there."""
        if (sell, buy) not in self._found:
            self._found[sell, buy] = self._search(sell, buy)
        found = self._found[sell, buy]
        if found is None:
            raise NoRate(
                "We have no rate from {sell} to {buy} at the moment. Nothing was moved.",
                sell=sell,
                buy=buy,
            )
        return found

    def rate(self, sell: str, buy: str) -> Decimal:
        return Decimal(1) if sell == buy else self.via(sell, buy).rate

    def convert(self, money: Money, to: str) -> Money:
        """For figures and limits; an exchange is quoted by `exchange`."""
        if money.currency == to:
            return money
        return Money(EXACT.multiply(money.amount, self.rate(money.currency, to)), to).rounded()

    def knows(self, sell: str, buy: str) -> bool:
        try:
            self.rate(sell, buy)
        except NoRate:
            return False
        return True

    def _search(self, sell: str, buy: str) -> Via | None:
        """The shortest chain; among equals the first by name, so that it is always the same."""
        reached: dict[str, Via | None] = {sell: None}
        edge = [sell]
        for _ in range(_MOST_STEPS):
            following: list[str] = []
            for here in edge:
                for there, step in sorted(self._known.get(here, {}).items()):
                    if there not in reached:
                        reached[there] = _joined(reached[here], step)
                        following.append(there)
            if buy in reached:
                return reached[buy]
            edge = following
        return None


def _joined(before: Via | None, step: Via) -> Via:
    if before is None:
        return step
    return Via(
        _down(EXACT.multiply(before.rate, step.rate)),
        f"{before.source}, {step.source}"[:80],
        min(before.at, step.at),
        before.manual and step.manual,
    )


def _down(value: Decimal) -> Decimal:
    return value.quantize(_DIGITS, rounding=ROUND_DOWN, context=EXACT)


async def table(work: Work) -> Rates:
    """All prices as they stand."""
    return Rates(await work.table(_PRICES))


async def kept(work: Work) -> Sequence[FxRate]:
    """The rows, read once in a unit: for pages on which several modules show them."""
    return await work.once("fx-rates", lambda: work.rows(_KEPT))


async def shown(work: Work) -> Rates:
    """All prices, for pages: as `kept` has them."""
    return Rates(await kept(work))


async def rate(work: Work, sell: str, buy: str) -> Decimal:
    """One unit of `sell` in `buy`. Raises NoRate."""
    return Decimal(1) if sell == buy else (await table(work)).rate(sell, buy)


async def convert(work: Work, money: Money, to: str) -> Money:
    """At mid, rounded to the currency's digits. Raises NoRate."""
    return money if money.currency == to else (await table(work)).convert(money, to)


async def store(work: Work, mids: Sequence[Mid], source: str) -> int:
    """Keep what a source read; returns how many pairs it was. Prices that cannot be are left out."""
    possible = [
        mid
        for mid in {(mid.base, mid.quote): mid for mid in mids}.values()
        if mid.rate.is_finite() and mid.rate > 0 and mid.base != mid.quote
    ]
    percent = work.settings(LedgerSettings).rates_jump_percent
    known = await work.table(_PRICES)
    rows = [
        {
            "base": mid.base,
            "quote": mid.quote,
            "rate": mid.rate,
            "source": source[:40],
            "at": work.now,
        }
        for mid in believing.kept(work, possible, known, percent, MANUAL)
    ]
    if rows:
        await work.run(_KEEP, rows)
    return len(rows)


async def store_manual(work: Work) -> None:
    """The settings' rates, for pairs that no source keeps fresh."""
    settings = work.settings(LedgerSettings)
    stale = work.now - timedelta(seconds=settings.rates_stale_s)
    rows = [
        {
            "base": base,
            "quote": quote,
            "rate": one.rate,
            "source": MANUAL,
            "at": work.now,
        }
        for one in settings.rates
        for base, _, quote in [one.pair.partition("/")]
    ]
    if rows:
        new = insert(FxRate).values(rows)
        await work.run(
            new.on_conflict_do_update(
                index_elements=["base", "quote"],
                set_={name: new.excluded[name] for name in ("rate", "source", "at")},
                where=(
                    ((FxRate.source == MANUAL) & (FxRate.rate != new.excluded["rate"]))
                    | ((FxRate.source != MANUAL) & (FxRate.at < stale))
                ),
            )
        )


async def newest(work: Work) -> datetime | None:
    """When a source was last read; None while only the settings speak."""
    found: datetime | None = await work.value(
        select(func.max(FxRate.at)).where(FxRate.source != MANUAL)
    )
    return found
