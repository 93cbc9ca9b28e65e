"""Leaving campaign letters: a link that proves itself, in one click as mail programs press it."""

import hmac
from typing import Final
from uuid import UUID

from stoa.identity.model import Person
from stoa.kernel.refusals import NotFound
from stoa.notices.events import MailUnsubscribed
from stoa.notices.model import Message
from stoa.tenancy.work import Work

_MARK: Final = 32


def path(work: Work, message: UUID) -> str:
    return f"/unsubscribe/{message.hex}.{_mark(work, message)}"


def _mark(work: Work, message: UUID) -> str:
    return work.keys.mac("unsubscribe", message.hex)[:_MARK]


async def letter_of(work: Work, proof: str) -> Message:
    """The campaign letter a link came with. Raises NotFound for anything but our own link."""
    told, _, mark = proof.partition(".")
    try:
        message = UUID(hex=told)
    except ValueError as why:
        raise NotFound from why
    if not hmac.compare_digest(mark.encode(), _mark(work, message).encode()):
        raise NotFound
    return await work.get(Message, message)


async def leave(work: Work, proof: str) -> None:
    """No more campaigns to this reader. Safe to repeat; letters about money still come."""
    row = await letter_of(work, proof)
    if row.person is not None:
        person = await work.lock(Person, row.person)
        if person.campaigns_off_at is not None:
            return
        person.campaigns_off_at = work.now
    work.tell(
        MailUnsubscribed(message=row.id, person=row.person, about=row.about, campaign=row.campaign)
    )
