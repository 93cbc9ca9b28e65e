"""Which line of a schedule fits, and what it costs. Pure: the same answer years later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from brokerage.fees.settings import FeeLine, Sum
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid

Convert = Callable[[Money, str], Money]


@dataclass(frozen=True, slots=True)
class About:
    """What is done and by whom, as far as a line may look at it."""

    on: str
    currency: str
    method: str = ""
    country: str = ""
    level: str = ""
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee and how it came about; `source` and `version` name the settings it was read from.

    `free` says that it was one of the month's free ones.
    """

    money: Money
    line: str = ""
    source: str = "fees"
    version: int = 0
    free: bool = False
    percent: str = "0"
    fixed: str = ""

    def __bool__(self) -> bool:
        return bool(self.money)

    def record(self) -> dict[str, Any] | None:
        """As it is stored with what was charged; nothing where no line spoke of it."""
        if not self.line:
            return None
        return {
            "source": self.source,
            "version": self.version,
            "line": self.line,
            "free": self.free,
            "percent": self.percent,
            "fixed": self.fixed,
            "amount": self.money.text(),
            "currency": self.money.currency,
        }

    @property
    def reason(self) -> str:
        """What the entry in the ledger says of it, in every language the same."""
        return f"{self.line} · {self.source} v{self.version}"


def fitting(lines: Sequence[FeeLine], about: About) -> FeeLine | None:
    """The first line that speaks of it."""
    return next((one for one in lines if _fits(one, about)), None)


def _fits(line: FeeLine, about: About) -> bool:
    if line.on != about.on:
        return False
    listed = (
        (line.methods, about.method),
        (line.currencies, about.currency),
        (line.countries, about.country),
        (line.levels, about.level),
    )
    if any(wanted and value not in wanted for wanted, value in listed):
        return False
    return not line.segments or bool(set(line.segments) & set(about.segments))


def amount(line: FeeLine, money: Money, convert: Convert) -> Money:
    """The fee of an amount in its currency, rounded down to what the currency has."""
    kept = money.times(line.percent / 100)
    if line.fixed is not None:
        kept = kept + convert(line.fixed.money, money.currency)
    kept = kept.floored()
    if (least := _bound(line.least, money, convert)) is not None and kept < least:
        kept = least
    if (most := _bound(line.most, money, convert)) is not None and kept > most:
        kept = most
    return kept


def _bound(limit: Sum | None, money: Money, convert: Convert) -> Money | None:
    return convert(limit.money, money.currency).floored() if limit is not None else None


def must_leave_something(fee: Money, money: Money) -> None:
    """Raises Invalid where the fee would take all of it."""
    if fee >= money:
        raise Invalid(
            "The fee of {fee} would take all of it. Choose a larger amount.",
            field="amount",
            fee=fee,
        )
