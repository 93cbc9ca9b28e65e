"""Places at the desk: moving partners and clients from a day on, seen in money first; contested clients."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.clients import queries as client_queries
from brokerage.clients.model import Client
from brokerage.partners import queries
from brokerage.partners.model import Attribution, Partner
from brokerage.partners.permissions import Partners
from brokerage.partners.tree import attribution, placing, previewing
from brokerage.partners.wordings import Said
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.refusals import Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
learn(
    {
        "contest open": Status(N_("To be looked at"), Tone.NEEDS),
        "contest decided": Status(N_("Decided"), Tone.DONE),
    }
)
Reason = Annotated[str, Meta(max_length=200)]


class Place(msgspec.Struct):
    under: Annotated[str, Meta(max_length=24)] | None = None
    since: date | None = None
    reason: Reason = ""


class Give(msgspec.Struct):
    code: Annotated[str, Meta(max_length=24)] | None = None
    since: date | None = None
    reason: Reason = ""


class Award(msgspec.Struct):
    valid_from: datetime
    code: Annotated[str, Meta(max_length=24)] = ""
    reason: Reason = ""


def _instant(work: Work, day: date | None) -> datetime | None:
    """The first instant of a day to come in the tenant's zone; None for now, which today is."""
    zone = work.settings(TenantFacts).time_zone
    if day is None or day == business_day(work.now, zone):
        return None
    return day_bounds(day, zone)[0]


def _reasoned(reason: str) -> str:
    if len(reason.strip()) < 5:
        raise Invalid("Say why, in a few words.", field="reason")
    return reason.strip()


@get("/desk/partners/{partner:uuid}/move", access=access.desk(Partners.EDIT))
async def preview_move(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[str]:
    """What the last thirty days would have come to in the new place; nothing is changed."""
    form = forms.asked(request, Place)
    await client_queries.seen(work, partner)
    row = await work.get(Partner, partner)
    under = await queries.by_code(work, form.under)
    names = await client_queries.names(work, [one for one in (partner, under, row.parent) if one])
    found = await previewing.of_move(work, partner, parent=under, at=_instant(work, form.since))
    return page(
        request,
        work,
        "desk/partners/moving.html",
        audience="desk",
        title=names.get(partner, row.code),
        back=f"/desk/partners/{partner}",
        action=f"/desk/partners/{partner}/move",
        fields={"under": form.under or "", "since": _day(form.since)},
        was=names.get(row.parent, "") if row.parent else "",
        becomes=names.get(under, "") if under else "",
        since=form.since,
        found=found,
        reason=form.reason,
    )


@post("/desk/partners/{partner:uuid}/move", access=access.desk(Partners.EDIT))
async def move(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Place)
    await client_queries.seen(work, partner)
    row = await placing.move(
        work,
        partner,
        parent=await queries.by_code(work, form.under),
        at=_instant(work, form.since),
        why=_reasoned(form.reason),
    )
    said = N_("Planned. Until that day everything stays.")
    if row.moving is None:
        said = N_("Moved from now on; the past stays.")
    return go(request, f"/desk/partners/{partner}", notice=said)


@post("/desk/partners/{partner:uuid}/stay", access=access.desk(Partners.EDIT))
async def stay(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    await client_queries.seen(work, partner)
    await placing.stay(work, partner)
    return go(request, f"/desk/partners/{partner}", notice=N_("The planned move is cancelled."))


@get("/desk/clients/{client:uuid}/attribution", access=access.desk(Partners.EDIT))
async def preview_client(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    """What the client's last thirty days would have come to with another partner."""
    form = forms.asked(request, Give)
    row = await client_queries.seen(work, client)
    target = await queries.by_code(work, form.code)
    names = await client_queries.names(work, [one for one in (client, target, row.partner) if one])
    found = await previewing.of_client(work, client, partner=target)
    return page(
        request,
        work,
        "desk/partners/moving.html",
        audience="desk",
        title=names.get(client, ""),
        back=f"/desk/clients/{client}",
        action=f"/desk/clients/{client}/attribution",
        fields={"code": form.code or "", "since": _day(form.since)},
        was=names.get(row.partner, "") if row.partner else "",
        becomes=names.get(target, "") if target else "",
        since=form.since,
        found=found,
        reason=form.reason,
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


@post("/desk/clients/{client:uuid}/attribution", access=access.desk(Partners.EDIT))
async def reassign(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Give)
    await client_queries.seen(work, client)
    await attribution.reassign(
        work,
        client,
        partner=await queries.by_code(work, form.code),
        why=_reasoned(form.reason),
        at=_instant(work, form.since),
    )
    return go(request, f"/desk/clients/{client}")


def _query(work: Any) -> Any:
    return (
        select(
            Attribution.client,
            Attribution.valid_from,
            Attribution.partner,
            Attribution.rule,
            Attribution.touches,
            Attribution.contest,
            Partner.code,
        )
        .outerjoin(Partner, Partner.id == Attribution.partner)
        .join(Client, Client.id == Attribution.client)
        .where(Attribution.contest.is_not(None), client_queries.within(work, Attribution.client))
    )


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    names = await client_queries.names(work, [row.client for row in rows])
    return [
        tables.Shown(
            key=str(row.client),
            href=f"/desk/partners/contests/{row.client}",
            cells=(
                {"name": names.get(row.client, ""), "note": ""},
                tables.Coded(f"contest {row.contest}", row.contest),
                row.code or "",
                len({one["partner"] for one in row.touches if one["partner"]}),
                Said(row.rule),
                row.valid_from,
            ),
        )
        for row in rows
    ]


CONTESTS = tables.Table(
    name="partner-contests",
    title=N_("Contested clients"),
    columns=(
        tables.Column("client", N_("Client"), "person", fixed=True),
        tables.Column("state", N_("State"), "status", coded=True),
        tables.Column("given", N_("Given to"), "code"),
        tables.Column("partners", N_("Partners"), "num"),
        tables.Column("rule", N_("Rule")),
        tables.Column("at", N_("Registered"), "when", sort=Attribution.valid_from),
    ),
    query=_query,
    view=_view,
    id=Attribution.client,
    order="at",
    live="partner-contests",
    filters=(
        tables.choice(
            "state",
            N_("State"),
            Attribution.contest,
            (("open", N_("To be looked at")), ("decided", N_("Decided"))),
        ),
    ),
    usual={"state": "open"},
    export_permission=Partners.VIEW,
    empty_title=N_("No client is contested"),
    empty_text=N_("A client whom several partners brought is listed here with every touch."),
)


@get("/desk/partners/contests", access=access.desk(Partners.VIEW))
async def contests(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, CONTESTS)


@get("/desk/partners/contests/{client:uuid}", access=access.desk(Partners.VIEW))
async def contest(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    """Every touch of every partner who brought a client, and what the rule made of them."""
    await client_queries.seen(work, client)
    rows = await work.rows(
        select(Attribution)
        .where(Attribution.client == client)
        .order_by(Attribution.valid_from.desc())
        .limit(10)
    )
    row = next((one for one in rows if one.contest), None)
    if row is None:
        raise Invalid("Nobody contests this client.")
    touched = {UUID(one["partner"]) for one in row.touches if one["partner"]}
    wanted = touched | {one.partner for one in rows if one.partner}
    partners = await work.rows(select(Partner).where(Partner.id.in_(wanted)))
    names = await client_queries.names(work, [client, *wanted])
    return page(
        request,
        work,
        "desk/partners/contest.html",
        audience="desk",
        client=client,
        name=names.get(client, ""),
        row=row,
        says=Said(row.rule),
        newest=rows[0],
        touches=[
            one | {"at": datetime.fromisoformat(one["at"]), "name": names.get(_id(one), "")}
            for one in row.touches
        ],
        given=names.get(row.partner, "") if row.partner else "",
        now_with=names.get(rows[0].partner, "") if rows[0].partner else "",
        others=[
            {"value": one.code, "label": f"{names.get(one.id, '')} ({one.code})"}
            for one in partners
            if one.id in touched and one.id != row.partner
        ],
        may_edit=work.actor.may(Partners.EDIT) and row.contest == "open",
    )


def _id(one: dict[str, Any]) -> UUID:
    return UUID(one["partner"]) if one["partner"] else UUID(int=0)


@post("/desk/partners/contests/{client:uuid}", access=access.desk(Partners.EDIT))
async def decide(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    """The rule's answer stands (no code), or another of those who brought the client gets them."""
    form = await forms.read(request, Award)
    target = await queries.by_code(work, form.code or None)
    if target is None:
        await attribution.confirm(work, client, form.valid_from)
    else:
        await attribution.award(work, client, form.valid_from, partner=target, why=form.reason)
    return go(request, "/desk/partners/contests", notice=N_("Decided."))


WEB = [preview_move, move, stay, preview_client, reassign, contests, contest, decide]
