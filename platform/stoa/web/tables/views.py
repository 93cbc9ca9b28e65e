"""Filters a person keeps under a name, for themselves or for everyone."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import Index, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.work import Work
from stoa.web import access, forms
from stoa.web.pages import go

AnyRequest = Request[Any, Any, Any]
LONGEST: Final = 1000
"""Letters of a query that is kept."""


class SavedView(TenantRow):
    """A named query string of one table."""

    __tablename__ = "saved_view"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID]
    table: Mapped[str] = mapped_column("table_name", String(60))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(LONGEST))
    path: Mapped[str] = mapped_column(String(200))
    shared: Mapped[bool] = mapped_column(server_default="false")
    made_at: Mapped[datetime]

    __table_args__ = (Index("ix_saved_view_table", "table_name", "person"),)


class Named(msgspec.Struct):
    name: str
    shared: bool = False


async def of(work: Work, table: str) -> list[SavedView]:
    """The reader's own views of a table and the shared ones."""
    return list(
        await work.rows(
            select(SavedView)
            .where(
                SavedView.table == table,
                or_(SavedView.person == work.actor.id, SavedView.shared.is_(True)),
            )
            .order_by(SavedView.name)
            .limit(30)
        )
    )


@post(
    "/desk/views/{table:str}",
    access=access.signed_in("desk", "a person keeps views of their own"),
)
async def save(
    request: AnyRequest, work: NamedDependency[Work], table: FromPath[str]
) -> Response[None]:
    form = await forms.read(request, Named)
    path = str(request.query_params.get("path", "/desk"))
    kept = [(k, v) for k, v in request.query_params.items() if k not in {"path", "after", "before"}]
    query = urlencode(kept)
    if len(query) > LONGEST:
        raise Invalid("These filters are too long to keep. Take some away.", field="name")
    work.add(
        SavedView(
            id=uuid7(),
            person=work.actor.id,
            table=table[:60],
            name=form.name[:60],
            query=query,
            path=path[:200],
            shared=form.shared,
            made_at=work.now,
        )
    )
    return go(request, f"{path}?{query}" if path.startswith("/desk") else "/desk")


@post(
    "/desk/views/{view:uuid}/forget",
    access=access.signed_in("desk", "a person forgets views of their own"),
)
async def forget(
    request: AnyRequest, work: NamedDependency[Work], view: FromPath[UUID]
) -> Response[None]:
    row = await work.lock(SavedView, view)
    if row.person != work.actor.id:
        raise NotFound
    path = row.path
    await work.delete(row)
    return go(request, path)
