"""A client's own data as a file, and what stays with us after they leave."""

import io
import json
import zipfile
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import details, hooks, needs, queries
from brokerage.ledger.model import Entry, LedgerAccount, Leg
from stoa.audit.capture import plain
from stoa.identity.model import Person, Session
from stoa.notices.model import Message
from stoa.tenancy.work import Work

_MOST_SESSIONS: Final = 500
_MOST_ROWS: Final = 20_000


async def kept(work: Work, client: UUID) -> list[tuple[str, str, int]]:
    """What is kept after closing: what, why, and for how many years, as who keeps it says."""
    return [line for told in hooks.kept for line in await told(work, client)]


async def pack(work: Work, client: UUID) -> bytes:
    """A ZIP with one JSON file a section. Nothing in it is about anyone else."""
    sections: dict[str, Any] = {
        "personal-details": await _details(work, client),
        "agreements": [
            {
                "document": one.document,
                "version": one.version,
                "language": one.language,
                "accepted_at": one.accepted_at,
            }
            for one in (await needs.agreed(work, client)).values()
        ],
        "sign-ins": await _sign_ins(work, client),
    }
    sections["letters"] = await _letters(work, client)
    sections["wallet-movements"] = await _movements(work, client)
    for name, export in hooks.exports.items():
        sections[name] = await export(work, client)
    work.record("data.downloaded", client=str(client), sections=sorted(sections))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, section in sections.items():
            text = json.dumps(plain(section), ensure_ascii=False, indent=2, sort_keys=True)
            archive.writestr(f"{name}.json", text)
    return out.getvalue()


def rows_of(model: Any, *columns: str, whose: str = "client") -> hooks.Export:
    """An export of the client's own rows of one table: these columns, oldest first.

    A module says so at import: `hooks.exports["deposits"] = download.rows_of(Deposit, "amount")`.
    """
    chosen = [getattr(model, name) for name in columns]

    async def export(work: Work, client: UUID) -> list[dict[str, Any]]:
        statement = select(*chosen).where(getattr(model, whose) == client)
        rows = await work.table(statement.order_by(model.id).limit(_MOST_ROWS))
        return [dict(zip(columns, row, strict=True)) for row in rows]

    return export


async def _letters(work: Work, client: UUID) -> list[dict[str, Any]]:
    """Which letters were sent and when; their words are in the client's own mailbox."""
    rows = await work.rows(
        select(Message)
        .where(Message.person == client)
        .order_by(Message.queued_at)
        .limit(_MOST_ROWS)
    )
    return [{"about": row.template, "language": row.locale, "sent_at": row.sent_at} for row in rows]


async def _movements(work: Work, client: UUID) -> list[dict[str, Any]]:
    rows = await work.table(
        select(Leg.posted_at, Entry.kind, Leg.amount, Leg.currency, Leg.balance)
        .join(Entry, Entry.id == Leg.entry)
        .join(LedgerAccount, LedgerAccount.id == Leg.account)
        .where(LedgerAccount.owner == client, LedgerAccount.kind == "wallet")
        .order_by(Leg.posted_at, Leg.version)
        .limit(_MOST_ROWS)
    )
    return [
        {
            "at": row.posted_at,
            "what": row.kind,
            "amount": row.amount,
            "currency": row.currency,
            "balance_after": row.balance,
        }
        for row in rows
    ]


async def _details(work: Work, client: UUID) -> dict[str, Any]:
    found = await queries.brief(work, client)
    person = await work.get(Person, client)
    return {
        "reference": found.reference,
        "first_name": found.first_name,
        "last_name": found.last_name,
        "email": found.email,
        "email_confirmed_at": found.email_verified_at,
        "phone": found.phone,
        "birth_date": found.birth_date,
        "address": details.address_of(found).lines() or None,
        "country": found.country,
        "language": person.locale,
        "client_type": found.client_type,
        "verification_level": found.level,
        "registered_at": found.registered_at,
        "came_by": {"source": found.source, "campaign": found.campaign},
    }


async def _sign_ins(work: Work, client: UUID) -> list[dict[str, Any]]:
    rows = await work.rows(
        select(Session)
        .where(Session.person == client)
        .order_by(Session.started_at.desc())
        .limit(_MOST_SESSIONS)
    )
    return [
        {
            "started_at": row.started_at,
            "seen_at": row.seen_at,
            "ended_at": row.ended_at,
            "ip": row.ip,
            "device": row.device,
        }
        for row in rows
    ]
