"""A paper beside what it must agree with."""

from dataclasses import dataclass
from typing import Any, Final

from brokerage.kyc import documents, dossier
from brokerage.kyc.model import KycCase, KycDocument
from brokerage.kyc.officers import review
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_EXPIRES: Final = N_("Valid until")


@dataclass(frozen=True, slots=True)
class Match:
    label: str
    document: str
    profile: Any
    """Text, or a day."""
    verdict: str
    hint: str = ""
    kind: str = ""
    """Which field it is, where its text is a stored day or a code."""


_FIELDS: Final = {
    "name": N_("Name"),
    "birth_date": N_("Date of birth"),
    "nationality": N_("Nationality"),
    "number": N_("Document number"),
}


def of(work: Work, case: KycCase, row: KycDocument) -> list[Match]:
    """What the paper must agree with; its own side is filled where someone read it off."""
    who = dossier.identified(dossier.read(work, case))
    read = review.compared(work, case, row)
    if read:
        found = [
            Match(
                _FIELDS.get(one.field, one.field),
                one.printed,
                one.typed,
                {True: "same", False: "different", None: "missing"}[one.agrees],
                kind=one.field,
            )
            for one in read
        ]
    elif row.kind == documents.IDENTITY:
        found = [
            Match(_FIELDS["name"], "", who.name, "waiting"),
            Match(_FIELDS["birth_date"], "", who.birth_date, "waiting"),
            Match(_FIELDS["nationality"], "", who.nationality, "waiting", kind="nationality"),
            Match(_FIELDS["number"], "", documents.number_of(work, row), "waiting"),
        ]
    else:
        lives = ", ".join(part for part in (who.street, who.postcode, who.city) if part)
        found = [
            Match(_FIELDS["name"], "", who.company_name or who.name, "waiting"),
            Match(N_("Address"), "", lives, "waiting"),
        ]
    if row.issued_on:
        found.append(Match(N_("Date on it"), "", row.issued_on, "waiting"))
    if row.expires_on:
        found.append(Match(_EXPIRES, "", row.expires_on, "waiting"))
    return found
