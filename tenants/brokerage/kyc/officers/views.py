"""What a case looks like to an officer: plain values, no rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from brokerage.clients.queries import Brief
from brokerage.kyc.model import KycCase, KycTest
from brokerage.kyc.officers.beside import Match
from brokerage.kyc.reasons import Because
from brokerage.screening.model import Screening


@dataclass(frozen=True, slots=True)
class CheckLine:
    code: str
    title: str
    verdict: str
    outcome: str
    because: Because
    tell: str
    source: str
    at: datetime
    by: str
    machine: str
    reason: str
    kind: str
    """The document kind it is about, if it is about one."""

    @property
    def open(self) -> bool:
        return self.verdict in {"failed", "flagged"}


@dataclass(frozen=True, slots=True)
class Paper:
    id: UUID
    kind: str
    title: str
    paper: str
    pages: int
    in_force: bool
    legible: str
    as_it_is: bool
    uploaded_at: datetime
    matches: Sequence[Match] = ()
    check: CheckLine | None = None
    read: bool = False


@dataclass(frozen=True, slots=True)
class HitLine:
    id: UUID
    score: int
    name: str
    matched: str
    searched: str
    listing: str
    version: str
    ref: str
    programmes: Sequence[str]
    features: Sequence[Any]
    state: str
    opened_at: datetime
    decided_at: datetime | None
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    id: UUID
    change: str
    title: str
    about: Mapping[str, Any]
    reason: str
    state: str
    by: str
    at: datetime
    second: str
    second_at: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class CaseView:
    """All of one case, opened for reading; no rows."""

    row: KycCase
    client: Brief
    pack: Any
    level: Any
    standing: Any
    checks: Sequence[CheckLine]
    papers: Sequence[Paper]
    earlier: Sequence[Paper]
    hits: Sequence[HitLine]
    proposals: Sequence[Proposal]
    answers: Sequence[dict[str, Any]]
    tests: Sequence[KycTest]
    story: Sequence[dict[str, Any]]
    callbacks: int
    screened: Screening | None
    why: str
    jurisdiction: Any
    tracker: Any
    extra: Sequence[str] = field(default_factory=tuple)
