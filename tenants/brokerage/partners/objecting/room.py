"""Objections in the portal: the list, a new one, the figures lined up, a word, taking it back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.partners import statements
from brokerage.partners.model import Objection
from brokerage.partners.objecting import deciding, raising, shown
from brokerage.partners.permissions import Partners
from brokerage.partners.room import mine
from brokerage.partners.settings import PartnerSettings
from stoa.files import tabular
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Sheet(msgspec.Struct):
    month: Annotated[str, Meta(max_length=7)]
    says: Annotated[str, Meta(max_length=2000)]
    file: Any = None


class ToLine(msgspec.Struct):
    says: Annotated[str, Meta(max_length=2000)]
    claimed: Decimal | None = None


class Word(msgspec.Struct):
    says: Annotated[str, Meta(max_length=2000)]


def _query(work: Any) -> Any:
    return select(
        Objection.id,
        Objection.reference,
        Objection.month,
        Objection.state,
        Objection.currency,
        Objection.claimed,
        Objection.ours,
        Objection.adjusted,
        Objection.opened_at,
        Objection.due_at,
    ).where(Objection.partner == work.actor.id)


async def _view(_work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/partner/objections/{row.id}",
            cells=(
                row.reference,
                f"objection {row.state}",
                row.month or "",
                row.claimed,
                row.ours,
                row.adjusted,
                row.currency,
                row.opened_at,
                row.due_at if row.state == "open" else None,
            ),
        )
        for row in rows
    ]


MINE = tables.Table(
    name="my-objections",
    title=N_("Objections"),
    columns=(
        tables.Column("reference", N_("Reference"), "code", fixed=True),
        tables.Column("state", N_("State"), "status"),
        tables.Column("month", N_("Month"), "dated"),
        tables.Column("theirs", N_("Your figure"), "num"),
        tables.Column("ours", N_("Our figure"), "num"),
        tables.Column("added", N_("Added"), "num"),
        tables.Column("currency", N_("Currency"), "code"),
        tables.Column("opened", N_("Raised"), "when", sort=Objection.opened_at),
        tables.Column("due", N_("Answer by"), "when"),
    ),
    query=_query,
    view=_view,
    id=Objection.id,
    order="opened",
    live="objections",
    empty_title=N_("No objections"),
    empty_text=N_(
        "Where a figure looks wrong to you, object to the reward, or send us your own sheet: both are "
        "lined up, trade by trade."
    ),
    empty_icon="scale",
)


@get("/partner/objections", access=access.room(Partners.OWN))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    row = await mine(work)
    settings = work.settings(PartnerSettings).objections
    return await tables.answer(
        request,
        work,
        MINE,
        audience="partner",
        template="partner/objections.html",
        months=statements.months(work, row.joined_at)[:5],
        answer_days=settings.answer_days,
        largest=tabular.MOST_BYTES >> 20,
    )


@post("/partner/objections", access=access.room(Partners.OWN))
async def by_sheet(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Sheet)
    await mine(work)
    if not isinstance(form.file, UploadFile):
        raise Invalid("Choose a file.", field="file")
    content = await form.file.read(tabular.MOST_BYTES + 1)
    row = await raising.to_month(
        work, form.month, content, name=form.file.filename or "", says=form.says
    )
    return go(request, f"/partner/objections/{row.id}")


@post("/partner/rewards/{reward:uuid}/objection", access=access.room(Partners.OWN))
async def by_line(
    request: AnyRequest, work: NamedDependency[Work], reward: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, ToLine)
    row = await raising.to_line(work, reward, claimed=form.claimed, says=form.says)
    return go(request, f"/partner/objections/{row.id}")


async def _own(work: Work, objection: UUID) -> Objection:
    row = await work.session.get(Objection, objection)
    if row is None or row.partner != work.actor.id:
        raise NotFound
    return row


@get("/partner/objections/{objection:uuid}", access=access.room(Partners.OWN))
async def one(
    request: AnyRequest, work: NamedDependency[Work], objection: FromPath[UUID]
) -> Response[str]:
    row = await _own(work, objection)
    return page(
        request,
        work,
        "partner/objection.html",
        audience="partner",
        row=row,
        told=shown.of(row, page=shown.page_of(request), desk=False),
    )


@post("/partner/objections/{objection:uuid}/say", access=access.room(Partners.OWN))
async def say(
    request: AnyRequest, work: NamedDependency[Work], objection: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Word)
    await _own(work, objection)
    await deciding.say(work, objection, form.says)
    return go(request, f"/partner/objections/{objection}")


@post("/partner/objections/{objection:uuid}/withdraw", access=access.room(Partners.OWN))
async def withdraw(
    request: AnyRequest, work: NamedDependency[Work], objection: FromPath[UUID]
) -> Response[None]:
    await _own(work, objection)
    await deciding.withdraw(work, objection)
    return go(request, f"/partner/objections/{objection}", notice=N_("Taken back."))


WEB = [listed, by_sheet, by_line, one, say, withdraw]
