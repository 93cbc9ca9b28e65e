"""Facts about the audit log."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class ChainAsked(Fact, frozen=True, kw_only=True):
    """Somebody wants the whole chain recomputed now; or a part of it, the ones before hold."""

    kind: ClassVar[str] = "audit.chain-asked"
    lane: ClassVar[str] = "reports"

    by: UUID | None
    since: int = 0
