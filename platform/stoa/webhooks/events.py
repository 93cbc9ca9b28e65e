"""The one fact webhooks tell themselves: that something waits to be sent."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class WebhookQueued(Fact, frozen=True, kw_only=True):
    """Deliveries wait. In the last lane, which stands still while a tenant is suspended."""

    kind: ClassVar[str] = "webhook.queued"
    lane: ClassVar[str] = "reports"

    fact: UUID
