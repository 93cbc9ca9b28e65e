"""Facts about leads and campaigns."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class LeadCreated(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "lead.created"
    public: ClassVar[bool] = True

    lead: UUID
    source: str
    campaign: str | None = None


@fact
class LeadConverted(Fact, frozen=True, kw_only=True):
    """A lead became a client."""

    kind: ClassVar[str] = "lead.converted"
    public: ClassVar[bool] = True

    lead: UUID
    client: UUID


@fact
class ImportAsked(Fact, frozen=True, kw_only=True):
    """A file of leads waits to be read, or its good rows to be taken over."""

    kind: ClassVar[str] = "lead.import-asked"

    batch: UUID
    apply: bool = False


@fact
class CampaignGoesOn(Fact, frozen=True, kw_only=True):
    """A campaign has recipients left. Told at its start and after each round."""

    kind: ClassVar[str] = "campaign.goes-on"
    lane: ClassVar[str] = "reports"

    campaign: UUID


@fact
class CampaignSent(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "campaign.sent"
    public: ClassVar[bool] = True

    campaign: UUID
    letters: int
