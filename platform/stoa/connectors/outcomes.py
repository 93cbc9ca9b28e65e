"""What became of a call that changes something at another machine.

Three answers and no fourth: it happened, it certainly did not, or nobody knows yet. The third is
an answer of its own: it is settled by asking again, never by guessing and never by repeating.
"""

from enum import StrEnum

import msgspec


class Refusing(StrEnum):
    """TECHNICAL: their trouble or ours, another provider may be asked. HARD: the answer is no."""

    TECHNICAL = "technical"
    HARD = "hard"


class Confirmed(msgspec.Struct, frozen=True, tag="confirmed"):
    """Done. `reference` is their number for it: a ticket, a payout id, a login."""

    reference: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Certainly not done. `code` is theirs, for logs and reports; `text` is for staff to read."""

    why: Refusing
    code: str
    text: str = ""

    @property
    def technical(self) -> bool:
        return self.why is Refusing.TECHNICAL


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """It may have happened. Whoever asked has to find out before anything else is done."""

    code: str
    text: str = ""


Outcome = Confirmed | Refused | Unknown


def technical(code: str, text: str = "") -> Refused:
    return Refused(Refusing.TECHNICAL, code, text)


def hard(code: str, text: str = "") -> Refused:
    return Refused(Refusing.HARD, code, text)
