"""Routing in words people read: rules as sentences, and why somebody was not asked. Pure.

Every phrase is a message id with its places, so that a page says it in its reader's language.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from brokerage.payments.routing.terms import By, Route, When
from stoa.theming.texts import N_

Names = Mapping[str, str]
"""What people call a provider, by its code; one that is not there any more is called by that."""
WHY: Final = {
    "usable": N_("Can take it"),
    "does-not-carry": N_("Does not carry this payment"),
    "paused-tenant": N_("Paused by your people"),
    "paused-operator": N_("Paused by the operator"),
    "day-cap": N_("Its cap of the day is reached"),
    "month-cap": N_("Its cap of the month is reached"),
    "failing": N_("Fails at the moment; asked last"),
    "coming-back": N_("Comes back in steps; this one was not in its share"),
    "tried": N_("Was asked before"),
    "off": N_("Is switched off"),
}
MISSED: Final = {
    "method": N_("another method"),
    "currency": N_("another currency"),
    "country": N_("another country"),
    "not-country": N_("a country that is left out"),
    "level": N_("another level"),
    "client-type": N_("another kind of client"),
    "risk": N_("another risk"),
    "tag": N_("none of the tags"),
    "not-tag": N_("a tag that is left out"),
    "first": N_("not the first deposit, or the first"),
    "brand": N_("another card brand"),
    "card-country": N_("a card of another country"),
    "amount": N_("the amount does not fit"),
    "no-rate": N_("no rate to compare the amount"),
    "time": N_("outside its hours"),
    "up": N_("a provider it needs is not well"),
    "down": N_("the provider it stands in for is well"),
    "nobody": N_("none of its providers could take it"),
    "off": N_("the rule is switched off"),
}
BY: Final = {
    By.SPLIT: N_("Split by shares"),
    By.COST: N_("Lowest cost"),
    By.APPROVAL: N_("Best approval rate"),
    "stop": N_("Nobody takes it"),
    "": N_("No rule fits"),
}
DAYS: Final = {
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
}
CAUSES: Final = {
    "in-a-row": N_("It failed several times in a row"),
    "errors": N_("Too many calls failed"),
    "slow": N_("It answered too slowly"),
}
METHODS: Final = {
    "card": N_("Card"),
    "crypto": N_("Crypto"),
    "bank": N_("Bank transfer"),
    "wallet": N_("E-wallet"),
    "mobile": N_("Mobile money"),
    "qr": N_("QR code"),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A message id and its places; `words` are message ids that are joined into `{words}`."""

    text: str
    places: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()


def conditions(when: When, names: Names) -> list[Phrase]:
    """What must hold, phrase by phrase; empty when everything fits."""
    found = [
        *_listed(N_("by {words}"), tuple(METHODS.get(one, str(one)) for one in when.method)),
        *_listed(N_("in {words}"), when.currency),
        *_listed(N_("from {words}"), when.country),
        *_listed(N_("not from {words}"), when.not_country),
        *_amount(when),
        *_listed(N_("of the levels {words}"), when.level),
        *_listed(N_("of clients that are {words}"), when.client_type),
        *_listed(N_("of the risk {words}"), when.risk),
        *_listed(N_("with one of the tags {words}"), when.tag),
        *_listed(N_("without the tags {words}"), when.not_tag),
        *_listed(N_("last paid with a card of {words}"), when.brand),
        *_listed(N_("last paid with a card from {words}"), when.card_country),
        *_time(when),
        *_listed(N_("while {words} works"), _named(when.up, names)),
        *_listed(N_("while {words} does not work"), _named(when.down, names)),
    ]
    if when.first != "any":
        first = when.first == "yes"
        found.append(Phrase(N_("the first deposit") if first else N_("not the first deposit")))
    return found


def _listed(text: str, words: tuple[str, ...]) -> list[Phrase]:
    return [Phrase(text, words=words)] if words else []


def _amount(when: When) -> list[Phrase]:
    band = when.amount
    if band is None:
        return []
    low = f"{band.min} {band.currency}" if band.min is not None else ""
    high = f"{band.max} {band.currency}" if band.max is not None else ""
    if low and high:
        return [Phrase(N_("from {low} to {high}"), {"low": low, "high": high})]
    if low:
        return [Phrase(N_("of {low} or more"), {"low": low})]
    return [Phrase(N_("of up to {high}"), {"high": high})] if high else []


def _time(when: When) -> list[Phrase]:
    if when.time is None:
        return []
    hours = when.time.start != when.time.end
    found = _listed(N_("on {words}"), tuple(DAYS[day] for day in when.time.days))
    if hours:
        places = {"start": when.time.start, "end": when.time.end}
        found.append(Phrase(N_("between {start} and {end}"), places))
    return found


def _named(codes: Iterable[str], names: Names) -> tuple[str, ...]:
    return tuple(names.get(code, code) for code in codes)


def actions(route: Route, names: Names) -> list[Phrase]:
    """Who takes it, and what follows when they cannot."""
    if not route.use:
        return [Phrase(N_("nobody takes it"))]
    named = _named((one.psp for one in route.use), names)
    if len(named) == 1:
        found = [Phrase(N_("{words} takes it"), words=named)]
    elif route.by is By.COST:
        found = [Phrase(N_("the cheapest of {words}"), words=named)]
    elif route.by is By.APPROVAL:
        found = [Phrase(N_("whoever approves best of {words}"), words=named)]
    else:
        total = sum(one.share for one in route.use)
        shares = tuple(
            f"{name} {round(one.share * 100 / total)} %"
            for name, one in zip(named, route.use, strict=True)
        )
        found = [Phrase(N_("split over {words}"), words=shares)]
    found += _listed(N_("after technical trouble {words}"), _named(route.cascade, names))
    if route.otherwise == "stop":
        found.append(Phrase(N_("and nobody else")))
    return found
