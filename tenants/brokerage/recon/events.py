"""Facts about proof against the outside."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class FileBrought(Fact, frozen=True, kw_only=True):
    """A statement or settlement file waits to be read and matched."""

    kind: ClassVar[str] = "recon.file-brought"
    lane: ClassVar[str] = "reports"

    file: UUID


@fact
class BreaksOpened(Fact, frozen=True, kw_only=True):
    """Books and evidence disagree on things they agreed on before."""

    kind: ClassVar[str] = "recon.breaks-opened"
    lane: ClassVar[str] = "money"

    count: int


@fact
class DayUnsigned(Fact, frozen=True, kw_only=True):
    """A day's client money was not signed in time."""

    kind: ClassVar[str] = "recon.day-unsigned"
    lane: ClassVar[str] = "money"

    day: str


@fact
class ProofAsked(Fact, frozen=True, kw_only=True):
    """Somebody wants to see books and evidence compared now."""

    kind: ClassVar[str] = "recon.proof-asked"
    lane: ClassVar[str] = "money"
