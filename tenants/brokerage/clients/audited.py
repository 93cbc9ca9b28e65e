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
from stoa.audit import told
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
    lines = told.brief(row.changes)
    return Entry(
        number=row.id,
        at=row.at,
        who=row.actor_name,
        action=row.action,
        reason=row.reason or "",
        lines=tuple(lines[:_MOST_LINES]),
        more=max(0, len(lines) - _MOST_LINES),
    )


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
