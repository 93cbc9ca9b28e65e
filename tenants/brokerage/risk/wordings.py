"""Measures, signs, levels and states as words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming import statuses, words
from stoa.theming.figures import digits, plain_money
from stoa.theming.statuses import Status, Tone
from stoa.theming.texts import N_

MEASURES: Final[Mapping[str, str]] = {
    "net-lots": N_("Net lots"),
    "net-notional": N_("Net value"),
    "clients-profit": N_("Clients' result"),
    "profit": N_("Result"),
    "percent": N_("Result of the equity"),
    "notional": N_("Value of one order"),
    "trades": N_("Trades"),
    "scalps": N_("Very short trades"),
    "together": N_("Trades in step"),
    "overflow": N_("Not hedged"),
}
SIGNS: Final[Mapping[str, str]] = {
    "sign:profit": N_("Large result of an account"),
    "sign:doubled": N_("An account multiplied"),
    "sign:order": N_("Large order"),
    "sign:pace": N_("Many trades in a short time"),
    "sign:scalping": N_("Very short holding times"),
    "sign:together": N_("Two accounts trade in step"),
    "client-limit": N_("A client's limit"),
    "hedge-limit": N_("Limit of what is not hedged"),
    "by-hand": N_("Opened by hand"),
    "symbol-net": N_("Limit of one symbol"),
    "book-net": N_("Limit of a book"),
    "provider-net": N_("Limit of one strategy provider"),
}
EVIDENCE: Final[Mapping[str, str]] = {
    "positions": N_("Positions"),
    "unpriced": N_("Without a rate"),
    "stale": N_("Old figures"),
    "oldest_at": N_("Oldest figure"),
    "tier": N_("Whose limit it is"),
    "only": N_("Said for"),
    "result": N_("Result"),
    "floating": N_("Open result"),
    "began": N_("Equity at the beginning"),
    "window_h": N_("Hours looked at"),
    "minutes": N_("Within minutes"),
    "closed": N_("Closed trades"),
    "under_s": N_("Shorter than seconds"),
    "median_s": N_("Median seconds held"),
    "deal": N_("Deal"),
    "trade": N_("Trade"),
    "deal_at": N_("When"),
    "other": N_("The other login"),
    "within_s": N_("Seconds apart at most"),
    "symbols": N_("Symbols"),
    "clients": N_("Clients, net lots"),
    "held": N_("Held for us"),
}
TIERS: Final[Mapping[str, str]] = {
    "client": N_("The client's own"),
    "group": N_("The group's"),
    "desk": N_("The desk's"),
    "broker": N_("The broker's"),
}
LEVELS: Final = (
    ("notice", N_("Notice")),
    ("warning", N_("Warning")),
    ("critical", N_("Critical")),
)
STATES: Final = (
    ("open", N_("Open")),
    ("taken", N_("In hand")),
    ("over", N_("Over")),
)
_MONEY: Final = frozenset({"net-notional", "clients-profit", "profit", "notional", "overflow"})

statuses.learn(
    {
        "alert open": Status(N_("Nobody has taken it"), Tone.NEEDS),
        "alert taken": Status(N_("In hand"), Tone.MOVING),
        "alert over": Status(N_("Over"), Tone.DONE),
        "level notice": Status(N_("Notice"), Tone.WAITING),
        "level warning": Status(N_("Warning"), Tone.NEEDS),
        "level critical": Status(N_("Critical"), Tone.STOPPED),
        "action asked": Status(N_("Waits for a second person"), Tone.NEEDS),
        "action sending": Status(N_("Being sent"), Tone.MOVING),
        "action done": Status(N_("In force"), Tone.DONE),
        "action undoing": Status(N_("Being taken back"), Tone.MOVING),
        "action undone": Status(N_("Taken back"), Tone.WAITING),
        "action refused": Status(N_("Refused"), Tone.STOPPED),
        "action failed": Status(N_("The server refused it"), Tone.STOPPED),
    }
)
words.learn({f"measure {code}": label for code, label in MEASURES.items()})
words.learn(SIGNS)
words.learn({f"evidence {code}": label for code, label in EVIDENCE.items()})
words.learn({f"tier {code}": label for code, label in TIERS.items()})


def is_money(measure: str) -> bool:
    return measure in _MONEY


def plain(work: Work, measure: str, *values: Decimal) -> list[str]:
    """Values of a measure as text: amounts in the house's currency, lots, percent, counts."""
    house = work.settings(TenantFacts).base_currency
    return [said(measure, value, house) for value in values]


def said(measure: str, value: Decimal, house: str) -> str:
    if measure in _MONEY:
        return plain_money(value, house)
    if measure == "percent":
        return f"{digits(value, 0)} %"
    return digits(value, 2 if measure == "net-lots" else 0)
