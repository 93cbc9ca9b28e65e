"""Facts about erasures. None is public: that somebody was forgotten is told to nobody outside."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class ErasureAgreed(Fact, frozen=True, kw_only=True):
    """Two people agreed; what was agreed is to be carried out."""

    kind: ClassVar[str] = "privacy.erasure-agreed"
    lane: ClassVar[str] = "reports"

    erasure: UUID
