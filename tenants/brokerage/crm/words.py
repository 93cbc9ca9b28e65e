"""A segment's conditions as sentences: message ids with places, so that each reader has their own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from brokerage.clients import listing
from brokerage.crm.segments import Conditions
from stoa.theming import places, times
from stoa.theming.drawing import language_name
from stoa.theming.texts import N_
from stoa.theming.words import Code


@dataclass(frozen=True, slots=True)
class Words:
    """`text` is a message id; `amount` is drawn with its currency, `places` as they are."""

    text: str
    places: dict[str, str] = field(default_factory=dict)
    amount: Decimal | None = None
    currency: str = ""


class _Countries(Code):
    __slots__ = ()

    def spoken(self, translate: Callable[[str], str]) -> str:  # noqa: ARG002 - the reader is known
        return places.named(str(self))


class _Day(Code):
    __slots__ = ()

    def spoken(self, translate: Callable[[str], str]) -> str:  # noqa: ARG002 - the reader is known
        return times.dated(str(self))


def of(c: Conditions, currency: str, partner: str = "") -> list[Words]:
    """One line for each condition; `partner` is what the one of its code is called."""
    found = [
        Words(text, {}, amount, currency)
        for text, amount in (
            (N_("Deposited at least {amount}"), c.deposits_min),
            (N_("Deposited at most {amount}"), c.deposits_max),
        )
        if amount is not None
    ]
    found += _trade(c)
    for text, place, value in (
        (
            N_("In the tree of partner {code}"),
            "code",
            f"{partner} ({c.partner})" if partner else c.partner,
        ),
        (N_("State: {list}"), "list", _said(c.states, dict(listing.STATES))),
        (N_("Level: {list}"), "list", _said(c.levels, listing.LEVELS)),
        (N_("Country: {list}"), "list", _Countries(", ".join(c.countries))),
        (N_("Risk: {list}"), "list", _said(c.risks, dict(listing.RISKS))),
        (N_("Language: {list}"), "list", ", ".join(language_name(one) for one in c.languages)),
        (N_("Registered from {day}"), "day", _Day(c.registered_from or "")),
        (N_("Registered until {day}"), "day", _Day(c.registered_to or "")),
        (N_("Registered in the last {days} days"), "days", c.registered_days),
        (N_("Tagged {tag}"), "tag", c.tag),
    ):
        if value:
            found.append(Words(text, {place: value if isinstance(value, Code) else str(value)}))
    return found or [Words(N_("All clients"))]


def _said(codes: Iterable[str], labels: Mapping[str, str]) -> Code:
    return Code(", ".join(labels.get(one, one) for one in codes))


def _trade(c: Conditions) -> list[Words]:
    if c.trade == "never":
        return [Words(N_("Never traded"))]
    if c.trade is None:
        return []
    newer = c.trade == "newer"
    text = N_("Traded in the last {days} days") if newer else N_("No trade for {days} days")
    return [Words(text, {"days": str(c.trade_days)})]
