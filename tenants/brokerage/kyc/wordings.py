"""What officers may tell a client, in sentences that are translated; and names of checks for staff."""

from collections.abc import Iterable
from typing import Final

from markupsafe import escape

from stoa.theming import words
from stoa.theming.look import shown
from stoa.theming.texts import N_

ICONS: Final = ("id-badge-2", "file-certificate", "shield-x", "shield-check", "hourglass-low")
"""Drawn by name through a variable, so that the sprite's build finds them here."""

ASK: Final = {
    "unreadable": N_("We cannot read the picture. Please send a sharper one."),
    "too-old": N_("This document is older than we may accept. Please send a newer one."),
    "expired": N_("This document has expired. Send one that is still valid."),
    "cut-off": N_("Part of the document is missing. All four corners have to be in the picture."),
    "other-name": N_("The name on it is not the one you gave. Please send one in your own name."),
    "other-address": N_(
        "The address on it is not the one you gave. Send another document, or mend the address."
    ),
    "wrong-kind": N_("This is not one of the documents we asked for."),
    "no-date": N_("We cannot find a date on it. Please send one that shows its date."),
    "both-sides": N_("Please send both sides of the document, in one PDF or one picture."),
}
"""Why a paper has to be shown again."""

REJECT: Final = {
    "not-eligible": N_("We cannot open an account for you. This decision is final for now."),
    "documents": N_("Your documents do not meet what the law asks of us."),
    "details": N_("What you told us and your documents do not fit together."),
    "no-answer": N_("We did not get what we asked you for."),
    "age": N_("You are not of the age that the law asks for."),
}
"""Why a case ends. None of them says that a name is on a list."""

CHECKS: Final = {
    "document": N_("Documents"),
    "document-identity": N_("Passport or identity card"),
    "document-address": N_("Proof of address"),
    "document-registration": N_("Extract from the register"),
    "document-ownership": N_("Who owns and directs the company"),
    "document-data": N_("Details on the document"),
    "screening": N_("Sanctions lists"),
    "appropriateness": N_("Appropriateness test"),
    "diligence": N_("More diligence"),
    "duplicate": N_("Known already"),
    "risk": N_("Risk"),
}

words.learn(
    {
        "name": N_("Name"),
        "ofac-sdn": N_("OFAC, list of blocked persons"),
        "birth-day": N_("Date of birth"),
        "birth-span": N_("Year of birth"),
        "birth-near": N_("Date of birth nearby"),
        "birth-differs": N_("Another date of birth"),
        "birth-far": N_("Born years apart"),
        "gender-differs": N_("Another gender"),
        "weak-alias": N_("Weak alias"),
        "document-same": N_("Same document number"),
        "country-same": N_("Same country"),
        "country-differs": N_("Another country"),
    }
)

WHY: Final = {
    "first": N_("First verification"),
    "refresh": N_("Periodic review"),
    "country": N_("Another country"),
    "expiry": N_("A document ran out"),
    "again": N_("Looked at again"),
}

CHANGES: Final = {
    "override": N_("Pass a check that failed"),
    "approve": N_("Approve over failed checks"),
    "risk-downgrade": N_("Lower the risk"),
    "clear-match": N_("Take back a confirmed match"),
    "reopen": N_("Look at a rejected case again"),
}


class Said:
    """Message ids that become words where a page is drawn, in the reader's language."""

    __slots__ = ("_ids",)

    def __init__(self, *ids: str) -> None:
        self._ids = ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Said) and other._ids == self._ids

    def __hash__(self) -> int:
        return hash(self._ids)

    def __str__(self) -> str:
        say = shown().texts.gettext
        return ", ".join(say(one) for one in self._ids) or "–"

    def __html__(self) -> str:
        return str(escape(str(self)))


def checks(codes: Iterable[str]) -> Said:
    """The names of some checks, for a cell of a list."""
    return Said(*(CHECKS.get(code, code) for code in codes))
