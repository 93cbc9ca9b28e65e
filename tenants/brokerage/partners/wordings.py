"""Why a client is a partner's, and why a deal earned nothing, as kept and as a page says it.

Rules keep short English text, since a record outlives every translation; what is not known here is
said as a text of its own, or shown as it is.
"""

import re
from typing import Final

from markupsafe import Markup

from stoa.theming.look import shown
from stoa.theming.texts import N_

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
            r"Taken back: the trading server cancelled the deal",
            N_("Taken back: the trading server cancelled the deal"),
        ),
        (
            r"Taken back: the client's payment is disputed",
            N_("Taken back: the client's payment is disputed"),
        ),
        (
            r"Given again: the client's payment stands",
            N_("Given again: the client's payment stands"),
        ),
    )
)


class Said(str):
    """A kept reason: itself in files and comparisons, words where a page is drawn."""

    __slots__ = ()

    def __html__(self) -> Markup:
        for pattern, says in _WORDS:
            if found := pattern.fullmatch(str(self)):
                return Markup("{}").format(shown().texts.say(says, **found.groupdict()))
        return Markup("{}").format(shown().texts.gettext(str(self)))


def taken_back(step: int | None) -> str:
    """What a line that takes back or gives again is called; nothing for a reward of a deal."""
    if step is None:
        return ""
    cancelled, taken, again = _WORDS[-3:]
    if step == 0:
        return Said(cancelled[1])
    return Said(taken[1] if step % 2 else again[1])
