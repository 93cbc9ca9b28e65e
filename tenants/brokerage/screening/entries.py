"""What a sanctions list says, in one shape whichever authority published it."""

import hashlib
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Final

import msgspec

from stoa.kernel.refusals import Invalid

ENCODE: Final = msgspec.json.Encoder(order="deterministic")


# A list that loses more than this at once was cut off on its way here.
MOST_LOST_PERCENT: Final = 10


class Kind(StrEnum):
    PERSON = "person"
    ENTITY = "entity"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"


class Quality(StrEnum):
    """How far the list itself trusts a name: a weak alias alone identifies nobody."""

    PRIMARY = "primary"
    STRONG = "strong"
    FORMER = "former"
    WEAK = "weak"


class ListedName(msgspec.Struct, frozen=True):
    text: str
    quality: Quality = Quality.PRIMARY


class BirthDate(msgspec.Struct, frozen=True):
    """A span of days in which the birth lies; one day when the list is sure.

    `circa` means that the list itself calls the span approximate.
    """

    earliest: date
    latest: date
    circa: bool = False

    @property
    def exact(self) -> bool:
        return self.earliest == self.latest and not self.circa


class IdDocument(msgspec.Struct, frozen=True):
    """A paper the list names: `country` is an ISO 3166 two-letter code, or empty."""

    kind: str
    number: str
    country: str = ""


class Entry(msgspec.Struct, frozen=True, dict=True):
    """One listed person, company, vessel or aircraft."""

    listing: str
    ref: str
    kind: Kind
    names: tuple[ListedName, ...]
    births: tuple[BirthDate, ...] = ()
    nationalities: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()
    documents: tuple[IdDocument, ...] = ()
    title: str = ""
    birth_places: tuple[str, ...] = ()
    gender: str = ""
    links: tuple[str, ...] = ()
    remarks: str = ""

    @property
    def name(self) -> str:
        return self.names[0].text

    @cached_property
    def digest(self) -> str:
        """Changes when anything the list says of this entry changes (SHA-256, hex)."""
        return hashlib.sha256(ENCODE.encode(self)).hexdigest()


class Problem(msgspec.Struct, frozen=True):
    """A line that could not be used as it stands, and what was done with it."""

    file: str
    line: int
    what: str


class Listing(msgspec.Struct, frozen=True):
    """One version of one list: the same bytes give the same version, so a decision can be replayed."""

    code: str
    authority: str
    sha256: str
    published: date
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def version(self) -> str:
        """Short and readable: the day it was published and the start of its hash."""
        return f"{self.published.isoformat()}:{self.sha256[:16]}"


class Changes(msgspec.Struct, frozen=True):
    """What a newer version of a list says differently."""

    added: tuple[Entry, ...]
    altered: tuple[Entry, ...]
    removed: tuple[Entry, ...]

    @property
    def to_screen(self) -> tuple[Entry, ...]:
        return self.added + self.altered


def changes(old: Listing | None, new: Listing) -> Changes:
    """Compare two versions entry by entry; everything is new when there was none before."""
    before = {} if old is None else {entry.ref: entry for entry in old.entries}
    after = {entry.ref for entry in new.entries}
    return Changes(
        added=tuple(e for e in new.entries if e.ref not in before),
        altered=tuple(
            e for e in new.entries if e.ref in before and before[e.ref].digest != e.digest
        ),
        removed=tuple(e for ref, e in before.items() if ref not in after),
    )


def must_not_shrink(old: Listing | None, new: Listing) -> None:
    """Refuse a version that lost names the older one had in numbers no authority delists.

    A file cut off at the end of a line reads without a fault, and would clear whom it left out.
    """
    if old is None:
        return
    for what, before, after in (
        ("entries", len(old.entries), len(new.entries)),
        ("names", _count(old), _count(new)),
    ):
        if after * 100 < before * (100 - MOST_LOST_PERCENT):
            raise Invalid(
                "This version has {after} {what}, the one in use has {before}. Fetch it again; the "
                "list in use stays as it is.",
                field="file",
                after=after,
                before=before,
                what=what,
            )


def _count(listing: Listing) -> int:
    return sum(len(entry.names) for entry in listing.entries)
