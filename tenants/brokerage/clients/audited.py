"""What was done about one client, by whom and why, as the audit log has it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select

from brokerage.clients import queries
from brokerage.clients.permissions import Clients
from stoa.audit.model import AuditEntry
from stoa.tenancy.work import Work
from stoa.web import access
from stoa.web.pages import page

AnyRequest = Request[Any, Any, Any]

_PAGE: Final = 100
_MOST_LINES: Final = 6


@dataclass(frozen=True, slots=True)
class Entry:
    number: int
    at: datetime
    who: str
    action: str
    reason: str
    lines: tuple[str, ...]
    more: int


async def entries(work: Work, client: UUID, before: int | None) -> list[Entry]:
    """Newest first, a page at a time."""
    statement = select(AuditEntry).where(AuditEntry.subject == client)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    rows = await work.rows(statement.order_by(AuditEntry.id.desc()).limit(_PAGE))
    return [_entry(row) for row in rows]


def _entry(row: AuditEntry) -> Entry:
    lines = [line for change in row.changes for line in _lines(change)]
    return Entry(
        number=row.id,
        at=row.at,
        who=row.actor_name,
        action=row.action,
        reason=row.reason or "",
        lines=tuple(lines[:_MOST_LINES]),
        more=max(0, len(lines) - _MOST_LINES),
    )


def _lines(change: dict[str, Any]) -> list[str]:
    if "did" in change:
        facts = ", ".join(f"{key} {value}" for key, value in change.items() if key != "did")
        return [f"{change['did']}: {facts}" if facts else str(change["did"])]
    row, was, now = change.get("row", ""), change.get("was", {}), change.get("now", {})
    if change.get("deleted"):
        return [f"{row} removed"]
    if not was:
        return [f"{row} added"]
    return [f"{row}.{key}: {_said(was.get(key))} → {_said(now.get(key))}" for key in now]


def _said(value: Any) -> str:
    """Values short enough for a line; sealed ones say so and nothing else."""
    if value is None:
        return "–"
    text = str(value)
    if text.startswith("sealed:"):
        return "•••"
    return text if len(text) <= 60 else f"{text[:59]}…"


@get("/desk/clients/{client:uuid}/audit", access=access.desk(Clients.SEE_AUDIT))
async def tab(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    await queries.seen(work, client)
    asked = str(request.query_params.get("before", ""))
    found = await entries(work, client, int(asked) if asked.isdecimal() else None)
    return page(
        request,
        work,
        "desk/clients/audit.html",
        audience="desk",
        client=client,
        entries=found,
        older=found[-1].number if len(found) == _PAGE else None,
    )


WEB: Final = [tab]
