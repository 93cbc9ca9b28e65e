"""What became of a call that changes something at another machine.

Three answers and no fourth: it happened, it certainly did not, or nobody knows yet. The third is
an answer of its own: it is settled by asking again, never by guessing and never by repeating. Where
the other side works in its own time there is one step before the end: it has accepted the order.
"""

from enum import StrEnum
from typing import Final

import msgspec

from stoa.connectors.trouble import Withheld
from stoa.kernel.refusals import Refusal, Unavailable


class Refusing(StrEnum):
    """TECHNICAL: their trouble or ours, another provider may be asked. HARD: the answer is no.

    UNCALLED: we held the call back ourselves, so that nobody was asked and no try was made.
    """

    TECHNICAL = "technical"
    UNCALLED = "uncalled"
    HARD = "hard"


class Confirmed(msgspec.Struct, frozen=True, tag="confirmed"):
    """Done. `reference` is their number for it: a ticket, a payout id, a login."""

    reference: str


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """Theirs to do, and certainly known to them; the end comes by callback or by polling."""

    reference: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Certainly not done. `code` is theirs, for logs and reports; `text` is for staff to read."""

    why: Refusing
    code: str
    text: str = ""

    @property
    def technical(self) -> bool:
        return self.why is not Refusing.HARD


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """It may have happened. Whoever asked has to find out before anything else is done."""

    code: str
    text: str = ""


Outcome = Confirmed | Refused | Unknown
Sending = Confirmed | Accepted | Refused | Unknown


def technical(code: str, text: str = "") -> Refused:
    return Refused(Refusing.TECHNICAL, code, text)


def hard(code: str, text: str = "") -> Refused:
    return Refused(Refusing.HARD, code, text)


_WITHHELD: Final = frozenset({"breaker-open", "line-full"})
"""Codes of a call we held back, also where a connector tells it of the token it asked for first."""


def not_sent(why: Refusal) -> Refused:
    """For a refusal raised before anything left: theirs or the network's trouble, or our no."""
    if isinstance(why, Withheld) or why.code in _WITHHELD:
        return Refused(Refusing.UNCALLED, why.code)
    return technical(why.code) if isinstance(why, Unavailable) else hard(why.code, str(why))
