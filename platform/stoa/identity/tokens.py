"""One-time links: one purpose, one use, an end. Only the hash of what the link carries is kept."""

import hashlib
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update

from stoa.identity.model import OneTimeToken
from stoa.kernel.ids import token, uuid7
from stoa.kernel.refusals import Gone, NotFound
from stoa.tenancy.work import Work

RESET: Final = "reset"
INVITATION: Final = "invitation"


def _hash(bearer: str) -> bytes:
    return hashlib.sha256(bearer.encode()).digest()


async def issue(
    work: Work, person: UUID, purpose: str, about: dict[str, Any] | None = None, hours: float = 24
) -> str:
    """A new bearer for a link; earlier unused ones of the same purpose and person die with it."""
    await work.run(
        update(OneTimeToken)
        .where(
            OneTimeToken.person == person,
            OneTimeToken.purpose == purpose,
            OneTimeToken.used_at.is_(None),
            OneTimeToken.ends_at > work.now,
        )
        .values(ends_at=work.now)
    )
    bearer = token()
    work.add(
        OneTimeToken(
            id=uuid7(),
            purpose=purpose,
            token_hash=_hash(bearer),
            person=person,
            about=about or {},
            made_at=work.now,
            ends_at=work.now + timedelta(hours=hours),
        )
    )
    await work.flush()
    return bearer


async def look(work: Work, bearer: str, purpose: str) -> OneTimeToken:
    """The token behind a link, for showing its page: consumes nothing, so that a mail scanner
    that follows links does no harm. Raises NotFound or Gone.
    """
    return _good(work, await work.first(_found(bearer, purpose)))


async def use(work: Work, bearer: str, purpose: str) -> OneTimeToken:
    """Consume the token. Of any number of uses at once, one succeeds.

    Raises NotFound for an unknown bearer or another purpose, Gone for a used or ended one.
    """
    row = _good(work, await work.first(_found(bearer, purpose).with_for_update()))
    row.used_at = work.now
    await work.flush()
    return row


def _found(bearer: str, purpose: str) -> Any:
    return select(OneTimeToken).where(
        OneTimeToken.token_hash == _hash(bearer), OneTimeToken.purpose == purpose
    )


def _good(work: Work, row: OneTimeToken | None) -> OneTimeToken:
    if row is None:
        raise NotFound
    if row.used_at is not None:
        raise Gone("This link was used already. Nothing was changed.", code="link-used")
    if row.ends_at <= work.now:
        raise Gone(
            "This link is no longer good. Ask for a new one. Nothing was changed.",
            code="link-ended",
        )
    return row
