"""A line of the schedule in a person's words, in the reader's language."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brokerage.fees.settings import FeeLine, Sum
from stoa.theming import texts
from stoa.theming.figures import plain_money
from stoa.theming.look import shown
from stoa.theming.texts import N_
from stoa.theming.words import Code

WHAT: Final = {
    "deposit": N_("Deposit"),
    "withdrawal": N_("Withdrawal"),
    "conversion": N_("Exchange"),
    "inactivity": N_("Inactivity"),
}
PERCENT: Final = N_("{percent} %")
PLUS: Final = N_("plus {amount}")
LEAST: Final = N_("at least {amount}")
MOST: Final = N_("at most {amount}")
FREE: Final = N_("the first {n} of a month are free")
MONTHLY: Final = N_("{amount} a month after {n} days without any activity")
NOTHING: Final = N_("no fee")


@dataclass(frozen=True, slots=True)
class Said:
    """A line as a row of the page; what it costs is said as the page is drawn, in its language."""

    line: FeeLine
    where: Sequence[tuple[str, str]]

    @property
    def name(self) -> str:
        return self.line.name

    @property
    def what(self) -> str:
        return WHAT[self.line.on]

    @property
    def costs(self) -> str:
        return costs(self.line)


def costs(line: FeeLine, language: str = "") -> str:
    """All a line costs, as one sentence: in a language, or in that of the page being drawn."""
    say = (texts.of(language) if language else shown().texts).say
    if line.on == "inactivity" and line.fixed is not None:
        return say(MONTHLY, amount=_money(line.fixed), n=str(line.after_days))
    parts: list[str] = []
    if line.percent:
        parts.append(say(PERCENT, percent=format(line.percent.normalize(), "f")))
    if line.fixed is not None and line.fixed.amount:
        fixed = _money(line.fixed)
        parts.append(say(PLUS, amount=fixed) if parts else fixed)
    if not parts and line.least is None:
        return say(NOTHING)
    if line.least is not None:
        parts.append(say(LEAST, amount=_money(line.least)))
    if line.most is not None:
        parts.append(say(MOST, amount=_money(line.most)))
    if line.free_per_month:
        parts.append(say(FREE, n=str(line.free_per_month)))
    return ", ".join(parts)


def said(line: FeeLine) -> Said:
    listed = (
        (N_("Method"), line.methods),
        (N_("Currency"), line.currencies),
        (N_("Country"), line.countries),
        (N_("Level"), line.levels),
        (N_("Segment"), line.segments),
    )
    where = [(label, Code(", ".join(values))) for label, values in listed if values]
    return Said(line, where)


def _money(one: Sum) -> str:
    return plain_money(one.amount, one.currency)
