"""Lines staff write on a client's timeline; corrections are new lines that name the old."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from brokerage.clients import queries
from brokerage.clients.model import ClientNote
from brokerage.clients.permissions import Clients
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work

LONGEST = 4000
MOST = 200
_LATER = aliased(ClientNote)


@dataclass(frozen=True, slots=True)
class Note:
    id: UUID
    client: UUID
    kind: str
    text: str
    about: dict[str, Any] | None
    author: UUID | None
    author_name: str
    at: datetime
    replaces: UUID | None


async def note(
    work: Work,
    client: UUID,
    kind: str,
    text: str,
    *,
    about: dict[str, Any] | None = None,
    replaces: UUID | None = None,
) -> ClientNote:
    """Write a line. `about` carries ids and codes of what it concerns, never personal data."""
    if work.actor.kind is Kind.STAFF:
        work.require(Clients.NOTE)
    await queries.seen(work, client)
    cleaned = text.strip()
    if not cleaned:
        raise Invalid("Please write something.", field="text")
    if len(cleaned) > LONGEST:
        raise Invalid("This is too long. 4,000 letters are the most.", field="text")
    if replaces is not None:
        before = await work.get(ClientNote, replaces)
        if before.client != client:
            raise NotFound
    row_id = work.new_id()
    sealed = work.seal(row_id, "client_note.text", cleaned)
    assert sealed is not None  # noqa: S101 - only None seals to None
    row = ClientNote(
        id=row_id,
        client=client,
        kind=kind,
        text_sealed=sealed,
        about=about,
        author=work.actor.id,
        author_name=work.actor.name[:120],
        at=work.now,
        replaces=replaces,
    )
    work.add(row)
    await work.flush()
    work.subject = client
    work.announce(f"desk|client-{client}")
    return row


async def notes(work: Work, client: UUID, *, limit: int = MOST) -> list[Note]:
    """Notes in force, newest first; replaced ones are reached through `history`."""
    rows = await work.rows(
        select(ClientNote)
        .where(
            ClientNote.client == client,
            ~select(_LATER.id).where(_LATER.replaces == ClientNote.id).exists(),
        )
        .order_by(ClientNote.id.desc())
        .limit(limit)
    )
    return [_opened(work, row) for row in rows]


async def history(work: Work, note: UUID) -> list[Note]:
    """A note and everything it replaced, newest first."""
    found: list[Note] = []
    wanted: UUID | None = note
    while wanted is not None and len(found) < MOST:
        row = await work.get(ClientNote, wanted)
        await queries.seen(work, row.client)
        found.append(_opened(work, row))
        wanted = row.replaces
    return found


def _opened(work: Work, row: ClientNote) -> Note:
    return Note(
        id=row.id,
        client=row.client,
        kind=row.kind,
        text=work.unseal(row.id, "client_note.text", row.text_sealed) or "",
        about=row.about,
        author=row.author,
        author_name=row.author_name,
        at=row.at,
        replaces=row.replaces,
    )
