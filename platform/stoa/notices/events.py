"""The fact that a letter waits to be sent."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class MailQueued(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "mail.queued"
    lane: ClassVar[str] = "mail"
    message: UUID


@fact
class MailUnsubscribed(Fact, frozen=True, kw_only=True):
    """A reader of a campaign wants no more of them; `about` is what the letter was about."""

    kind: ClassVar[str] = "mail.unsubscribed"
    message: UUID
    person: UUID | None
    about: UUID | None
    campaign: UUID | None
