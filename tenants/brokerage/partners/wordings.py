"""Why a client is a partner's, and why a deal earned nothing, as kept and as a page says it.

Rules keep short English text, since a record outlives every translation; what is not known here is
said as a text of its own, or shown as it is.
"""

import re
from typing import Final

from markupsafe import Markup

from stoa.theming import words
from stoa.theming.look import shown
from stoa.theming.texts import N_, Texts

words.learn(
    {
        "per-lot": N_("Amount per lot"),
        "spread-share": N_("Share of the spread"),
        "commission-share": N_("Share of the commission"),
        "revenue-share": N_("Share of our revenue"),
        "fee-share": N_("Share of fees"),
        "profit-share": N_("Share of profit"),
        "cpa": N_("Sum per client"),
        "adjustment": N_("Adjustment"),
        "shared": N_("Given to the client"),
        "touch link": N_("link"),
        "touch code": N_("code"),
        "touch advert": N_("advert"),
        "touch postback": N_("postback"),
        "touch manual": N_("by hand"),
        "group fx": N_("currencies"),
        "group metal": N_("metals"),
        "group index": N_("indices"),
        "group crypto": N_("coins"),
        "group other": N_("all other symbols"),
    }
)

_WORDS: Final = tuple(
    (re.compile(pattern), says)
    for pattern, says in (
        (r"no partner touched within the window", N_("no partner touched within the window")),
        (r"first touch within (?P<n>\d+) days", N_("first touch within {n} days")),
        (r"last touch within (?P<n>\d+) days", N_("last touch within {n} days")),
        (
            r"held (?P<n>\d+) s, the plan asks (?P<least>\d+) s",
            N_("held {n} s, the plan asks {least} s"),
        ),
        (
            r"moved (?P<n>[\d.]+) pips, the plan asks (?P<least>[\d.]+)",
            N_("moved {n} pips, the plan asks {least}"),
        ),
        (r"account type (?P<n>\S+) earns nothing", N_("account type {n} earns nothing")),
        (
            r"the trading server cancelled the deal",
            N_("the trading server cancelled the deal"),
        ),
        (
            r"Taken back: the client's payment is disputed",
            N_("Taken back: the client's payment is disputed"),
        ),
        (
            r"Given again: the client's payment stands",
            N_("Given again: the client's payment stands"),
        ),
        (r"Added after an objection", N_("Added after an objection")),
        (r"counted again", N_("counted again")),
        (r"plan default", N_("plan default")),
        (r"symbol (?P<n>\S+)", N_("symbol {n}")),
        (r"account type (?P<n>\S+)", N_("account type {n}")),
        (r"a partner is not their own client", N_("a partner is not their own client")),
        (r"by hand: (?P<why>.*)", N_("by hand: {why}")),
    )
)


class Said(str):
    """A kept reason: itself in comparisons, words where a page or a file is made."""

    __slots__ = ()

    def __html__(self) -> Markup:
        return Markup("{}").format(self.told_in(shown().texts))

    def told_in(self, texts: Texts) -> str:
        for pattern, says in _WORDS:
            if found := pattern.fullmatch(str(self)):
                return texts.say(says, **found.groupdict())
        return texts.gettext(str(self)) if self else ""


class FoundBy(Said):
    """What a rate was found by: a symbol, a group of them, an account type or the plan itself, and
    the tier where the rule is of one.
    """

    __slots__ = ()

    def told_in(self, texts: Texts) -> str:
        found, _, tier = str(self).partition(", tier ")
        if found.startswith("group "):
            named = texts.gettext(group_named(found.removeprefix("group ")))
        else:
            named = Said(found).told_in(texts)
        return texts.say(N_("{rule}, tier {tier}"), rule=named, tier=tier) if tier else named


def group_named(code: str) -> str:
    """A group of symbols by its name; one that the broker made is called as they call it."""
    said = words.label(f"group {code}")
    return code if said == f"group {code}" else said


_TAKEN: Final = "Taken back: the client's payment is disputed"
_AGAIN: Final = "Given again: the client's payment stands"
_ADDED: Final = "Added after an objection"


def for_what(source: str, deal: int) -> str:
    """What a reward without a deal is for: the kind of fee, whose number stands negative, or a cause."""
    return words.label(f"fee {source}" if deal else source)


def taken_back(step: int | None, kind: str = "") -> str:
    """What a line that is no reward of a deal is called; nothing for one that is."""
    if step is None:
        return ""
    if kind == "adjustment":
        return Said(_ADDED)
    return Said(_TAKEN if step % 2 else _AGAIN)
