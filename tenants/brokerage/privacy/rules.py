"""Verdicts, category by category: goes now, goes on a day, or stays and why. Pure."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from brokerage.privacy.settings import Category
from stoa.theming.texts import N_


class Says(StrEnum):
    GOES = "goes"
    LATER = "later"
    STAYS = "stays"


class Because(StrEnum):
    WISH = "wish"
    NO_BUSINESS = "no-business"
    ENDED = "ended"
    LAW = "law"
    RELATION = "relation"
    HOLD = "hold"
    OPEN = "open"
    GONE = "gone"


SENTENCES: Final[Mapping[str, str]] = {
    Because.WISH: N_("Nothing asks us to keep it."),
    Because.NO_BUSINESS: N_("No business came about, so that no law asks us to keep it."),
    Because.ENDED: N_("The time we must keep it is over."),
    Because.LAW: N_("The law asks us to keep it until then."),
    Because.RELATION: N_("It is needed as long as the account is open."),
    Because.HOLD: N_("It must not be removed at the moment."),
    Because.OPEN: N_("Something is still open: money, a payment or a question."),
    Because.GONE: N_("It was removed before."),
}
LAWS: Final[Mapping[str, str]] = {
    Category.IDENTITY: N_("Law against money laundering (Directive (EU) 2015/849, Article 40)"),
    Category.DOCUMENTS: N_("Law against money laundering (Directive (EU) 2015/849, Article 40)"),
    Category.SCREENING: N_("Law against money laundering (Directive (EU) 2015/849, Article 40)"),
    Category.FINANCIAL: N_("Law against money laundering, tax law"),
    Category.COMMUNICATIONS: N_("Financial services law (Directive 2014/65/EU, Article 16)"),
    Category.TRACES: N_("Safety of accounts (Regulation (EU) 2016/679, Article 6 (1) (f))"),
    Category.MARKETING: N_("Consent, until it is taken back"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the verdicts are made from."""

    now: datetime
    ended_at: datetime | None
    """When the account was closed."""
    business: bool
    """Whether money moved, an account was opened or verification was handed in."""
    held: bool
    open: bool
    """Money, a withdrawal, a position, a dispute or a check that has not ended."""
    months: Mapping[Category, int]
    wish: bool = True
    """Whether the client asked; a period that ended asks for nothing before its time."""
    gone: frozenset[str] = frozenset()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    category: str
    says: str
    because: str
    until: datetime | None = None


def later(start: datetime, months: int) -> datetime:
    """The same day so many months on; the month's last where it has no such day."""
    index = start.month - 1 + months
    year, month = start.year + index // 12, index % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day)


def verdicts(facts: Facts) -> tuple[Verdict, ...]:
    """One for every category, in the order in which they would go."""
    return tuple(_verdict(facts, one) for one in Category)


def _verdict(facts: Facts, category: Category) -> Verdict:
    def says(what: Says, because: Because, until: datetime | None = None) -> Verdict:
        return Verdict(category=category, says=what, because=because, until=until)

    if category in facts.gone:
        return says(Says.STAYS, Because.GONE)
    if facts.held:
        return says(Says.STAYS, Because.HOLD)
    if category is Category.MARKETING and facts.wish:
        return says(Says.GOES, Because.WISH)
    if facts.open:
        return says(Says.STAYS, Because.OPEN)
    if not facts.business:
        return says(Says.GOES, Because.NO_BUSINESS)
    if facts.ended_at is None:
        return says(Says.STAYS, Because.RELATION)
    until = later(facts.ended_at, facts.months[category])
    if until > facts.now:
        return says(Says.LATER, Because.LAW, until)
    return says(Says.GOES, Because.ENDED)


def identity_last(found: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Who somebody is stays as long as the longest of what is kept about them: evidence that names
    nobody would be none.
    """
    own = next(one for one in found if one.category == Category.IDENTITY)
    if own.because == Because.GONE:
        return found
    longest = max((own, *(one for one in found if _binds(one))), key=_lasting)
    kept = Verdict(
        category=own.category, says=longest.says, because=longest.because, until=longest.until
    )
    return tuple(kept if one is own else one for one in found)


def _binds(verdict: Verdict) -> bool:
    return verdict.says != Says.GOES and verdict.because != Because.GONE


def _lasting(verdict: Verdict) -> tuple[int, float]:
    rank = {Says.GOES: 0, Says.LATER: 1, Says.STAYS: 2}[Says(verdict.says)]
    return rank, verdict.until.timestamp() if verdict.until else 0


def going(found: Any) -> list[str]:
    return [one.category for one in found if one.says == Says.GOES]


__all__ = [
    "LAWS",
    "SENTENCES",
    "Because",
    "Facts",
    "Says",
    "Verdict",
    "going",
    "identity_last",
    "later",
    "verdicts",
]
