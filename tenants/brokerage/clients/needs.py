"""What this floor asks of a client, and what it remembers of them."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select

from brokerage.clients import timeline
from brokerage.clients.model import Client, ClientAgreement
from brokerage.clients.settings import ClientSettings, Document
from stoa.identity.model import Person
from stoa.kernel.refusals import NotFound
from stoa.product import Need
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_AGREED: Final = (
    select(ClientAgreement)
    .where(ClientAgreement.client == bindparam("client"))
    .order_by(ClientAgreement.accepted_at)
)


async def agreed(work: Work, client: UUID) -> dict[str, ClientAgreement]:
    """The newest acceptance of each legal text."""
    rows = await work.rows(_AGREED, {"client": client})
    return {row.document: row for row in rows}


async def to_accept(work: Work, client: UUID) -> list[Document]:
    """Legal texts whose version in force this client has not accepted."""
    accepted = await agreed(work, client)
    return [
        document
        for document in work.settings(ClientSettings).documents
        if (known := accepted.get(document.code)) is None or known.version != document.version
    ]


async def needs(work: Work, client: UUID) -> Sequence[Need]:
    """A proven address first; texts that have changed since they were accepted."""
    person = await work.session.get(Person, client)
    if person is None:
        raise NotFound
    proven = person.email_verified_at is not None
    found = [
        Need(
            key="email",
            label=N_("Confirm your e-mail address"),
            status="done" if proven else "needs",
            detail="" if proven else N_("We sent you a letter with a code."),
            path="/verify-email",
            who="client",
            order=0,
        )
    ]
    if await to_accept(work, client):
        found.append(
            Need(
                key="agreements",
                label=N_("Read and accept the new agreements"),
                status="needs",
                detail=N_("A text has changed since you accepted it."),
                path="/profile#agreements",
                order=5,
            )
        )
    return found


async def moments(work: Work, client: UUID) -> Sequence[Any]:
    """Joining, agreements, closing; for staff the notes as well."""
    row = await work.get(Client, client)
    found: list[dict[str, Any]] = [
        {"at": row.registered_at, "title": N_("Signed up"), "tone": "done", "icon": "user-plus"}
    ]
    person = await work.get(Person, client)
    if person.email_verified_at is not None:
        found.append(
            {
                "at": person.email_verified_at,
                "title": N_("E-mail address confirmed"),
                "tone": "done",
                "icon": "mail-check",
            }
        )
    if row.closed_at is not None:
        found.append(
            {
                "at": row.closed_at,
                "title": N_("Account closed"),
                "text": row.closed_why,
                "tone": "stopped",
                "icon": "user-off",
            }
        )
    if work.actor.kind is not Kind.CLIENT:
        found += [_note(note) for note in await timeline.notes(work, client, limit=60)]
    return found


def _note(note: timeline.Note) -> dict[str, Any]:
    return {
        "at": note.at,
        "title": N_("Note"),
        "text": note.text,
        "tone": "waiting",
        "icon": "note",
        "by": note.author_name,
        "edited": note.replaces is not None,
        "key": str(note.id),
    }
