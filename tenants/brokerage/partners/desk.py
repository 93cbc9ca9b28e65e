"""Partners at the desk: the list, one partner, rewards, payouts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import func, select

from brokerage.clients import queries as client_queries
from brokerage.clients.model import Client
from brokerage.partners import campaigns, payouts, queries
from brokerage.partners.model import (
    Attribution,
    Objection,
    ObjectionState,
    Partner,
    PartnerLine,
    PartnerPayout,
    PayoutState,
    Reward,
)
from brokerage.partners.paying import drawing, signs
from brokerage.partners.permissions import Partners
from brokerage.partners.room import reward_table
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import joining, partners
from brokerage.partners.wordings import Said
from brokerage.trading.settings import TradingSettings
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
REWARDS = reward_table(desk=True)


class Enrol(msgspec.Struct):
    plan: str | None = None
    rate: str | None = None
    under: str | None = None


class Why(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=400)] = ""


class Campaign(msgspec.Struct):
    name: Annotated[str, Meta(max_length=60)]


def _query(work: Any) -> Any:
    clients = (
        select(func.count())
        .where(Client.partner == Partner.id)
        .correlate(Partner)
        .scalar_subquery()
    )
    earned = (
        select(func.coalesce(func.sum(Reward.amount), 0))
        .where(Reward.partner == Partner.id)
        .correlate(Partner)
        .scalar_subquery()
    )
    paid = (
        select(func.coalesce(func.sum(PartnerPayout.amount), 0))
        .where(PartnerPayout.partner == Partner.id, PartnerPayout.state == PayoutState.PAID)
        .correlate(Partner)
        .scalar_subquery()
    )
    return select(
        Partner.id,
        Partner.code,
        Partner.parent,
        Partner.plan,
        Partner.state,
        Partner.currency,
        Partner.joined_at,
        clients.label("clients"),
        earned.label("earned"),
        paid.label("paid"),
    ).where(client_queries.within(work, Partner.id))


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    ids = [row.id for row in rows] + [row.parent for row in rows if row.parent]
    names = await client_queries.names(work, ids)
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/partners/{row.id}",
            cells=(
                {"name": names.get(row.id, ""), "note": row.code},
                row.state,
                row.plan,
                names.get(row.parent, "") if row.parent else "",
                row.clients,
                Money(row.earned, row.currency).rounded(),
                Money(row.earned - row.paid, row.currency).rounded(),
                row.joined_at,
            ),
        )
        for row in rows
    ]


PARTNERS = tables.Table(
    name="partners",
    title=N_("Partners"),
    columns=(
        tables.Column("partner", N_("Partner"), "person", beside=N_("Code"), fixed=True),
        tables.Column("state", N_("State"), "status", coded=True, sort=Partner.state),
        tables.Column("plan", N_("Plan"), "code"),
        tables.Column("under", N_("Under")),
        tables.Column("clients", N_("Clients"), "num"),
        tables.Column("earned", N_("Earned"), "money"),
        tables.Column("open", N_("Not yet paid"), "money"),
        tables.Column("joined", N_("Joined"), "when", sort=Partner.joined_at),
    ),
    query=_query,
    view=_view,
    id=Partner.id,
    order="joined",
    filters=(
        tables.choice(
            "state",
            N_("State"),
            Partner.state,
            (
                ("applied", N_("Applied")),
                ("active", N_("Active")),
                ("paused", N_("Paused")),
                ("closed", N_("Closed")),
            ),
        ),
    ),
    search=lambda _w, typed: Partner.code.startswith(typed.lower(), autoescape=True),
    search_label=N_("Find a partner's code"),
    export_permission=Partners.VIEW,
    empty_title=N_("No partners yet"),
    empty_text=N_("Make a client a partner from their page, or let them join in the trader room."),
)


@get("/desk/partners", access=access.desk(Partners.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request,
        work,
        PARTNERS,
        template="desk/partners/partners.html",
        counts=await work.counts(
            payouts=select(PartnerPayout.id).where(PartnerPayout.state == PayoutState.WAITING),
            objections=select(Objection.id).where(Objection.state == ObjectionState.OPEN),
            contests=select(Attribution.client).where(Attribution.contest == "open"),
        ),
    )


@get("/desk/partners/{partner:uuid}", access=access.desk(Partners.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[str]:
    client = await client_queries.seen(work, partner)
    row = await work.get(Partner, client.id)
    settings = work.settings(PartnerSettings)
    has = (await drawing.unpaid(work, [partner]))[partner]
    going = UUID(row.moving["to"]) if row.moving and row.moving["to"] else None
    names = await client_queries.names(work, [one for one in (row.id, row.parent, going) if one])
    paid = await work.rows(
        select(PartnerPayout)
        .where(PartnerPayout.partner == partner)
        .order_by(PartnerPayout.accrued_to.desc())
        .limit(12)
    )
    plan = settings.plan(row.plan)
    return page(
        request,
        work,
        "desk/partners/partner.html",
        audience="desk",
        partner=row,
        name=names.get(row.id, ""),
        parent=names.get(row.parent, "") if row.parent else "",
        going=names.get(going, "") if going else "",
        going_at=datetime.fromisoformat(row.moving["at"]) if row.moving else None,
        figures=await queries.figures(work, partner, has.exact, back=90),
        has=has,
        tree=await queries.tree(work, partner),
        links=await campaigns.brought(work, partner),
        payouts=[{"row": one, "paid": payouts.paid_as(one)} for one in paid],
        plan=plan,
        products=work.settings(TradingSettings).product_labels,
        agreed=row.agreement == plan.version,
        objections=await work.rows(
            select(Objection)
            .where(Objection.partner == partner)
            .order_by(Objection.id.desc())
            .limit(8)
        ),
        signs=await shown_signs(work, (await signs.of(work, [row])).get(partner, [])),
        history=await _history(work, partner),
        may_pay=work.actor.may(Partners.PAY),
        may_edit=work.actor.may(Partners.EDIT),
        today=work.now.date().isoformat(),
    )


async def shown_signs(work: Work, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Signs with the clients' names, for those who may decide about them."""
    names = await client_queries.names(work, [UUID(one["client"]) for one in found])
    return [
        {
            "label": signs.WORDS.get(one["kind"], one["kind"]),
            "client": one["client"],
            "name": names.get(UUID(one["client"]), ""),
            "told": one["told"],
            "at": datetime.fromisoformat(one["at"]),
        }
        for one in found
    ]


async def _history(work: Work, partner: UUID) -> list[dict[str, Any]]:
    """Where the partner stood, newest first: directly under whom, from when to when."""
    rows = await work.table(
        select(PartnerLine.above, PartnerLine.valid_from, PartnerLine.valid_to, Partner.code)
        .join(Partner, Partner.id == PartnerLine.above)
        .where(PartnerLine.partner == partner, PartnerLine.depth == 1)
        .order_by(PartnerLine.valid_from.desc())
        .limit(12)
    )
    return [
        {"above": row.above, "code": row.code, "since": row.valid_from, "until": row.valid_to}
        for row in rows
    ]


@post("/desk/partners/{partner:uuid}/pay", access=access.desk(Partners.PAY))
async def pay(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    made = await payouts.make(work, partner)
    notice = N_("Below the minimum: nothing was paid.")
    if made is not None:
        paid = made.state == PayoutState.PAID
        notice = N_("Paid into the wallet.") if paid else N_("Waits for a second person.")
    return go(request, f"/desk/partners/{partner}", notice=notice)


@post("/desk/clients/{client:uuid}/partner", access=access.desk(Partners.EDIT))
async def enrol(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Enrol)
    await client_queries.seen(work, client)
    rates = {"per-lot": form.rate} if form.rate else None
    await partners.enrol(
        work, client, parent=await queries.by_code(work, form.under), plan=form.plan, rates=rates
    )
    return go(request, f"/desk/partners/{client}")


@post("/desk/partners/{partner:uuid}/admit", access=access.desk(Partners.EDIT))
async def admit(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    await joining.admit(work, partner)
    return go(request, f"/desk/partners/{partner}", notice=N_("Admitted; they are told."))


@post("/desk/partners/{partner:uuid}/turn-down", access=access.desk(Partners.EDIT))
async def turn_down(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    await joining.turn_down(work, partner, why=form.reason)
    return go(request, f"/desk/partners/{partner}", notice=N_("Turned down; they are told why."))


@post("/desk/partners/{partner:uuid}/pause", access=access.desk(Partners.EDIT))
async def pause(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    await joining.pause(work, partner, why=form.reason)
    return go(request, f"/desk/partners/{partner}", notice=N_("Paused: no new clients."))


@post("/desk/partners/{partner:uuid}/resume", access=access.desk(Partners.EDIT))
async def resume(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    await joining.resume(work, partner)
    return go(request, f"/desk/partners/{partner}", notice=N_("Active again."))


@post("/desk/partners/{partner:uuid}/close", access=access.desk(Partners.EDIT))
async def close(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    await joining.close(work, partner, why=form.reason)
    return go(request, f"/desk/partners/{partner}", notice=N_("Closed for ever."))


@post("/desk/partners/{partner:uuid}/links", access=access.desk(Partners.EDIT))
async def add_link(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Campaign)
    await client_queries.seen(work, partner)
    await campaigns.add(work, partner, form.name)
    return go(request, f"/desk/partners/{partner}", notice=N_("The link is ready."))


@get("/desk/partners/rewards", access=access.desk(Partners.VIEW))
async def rewards(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, REWARDS)


@get("/desk/partners/rewards/{reward:uuid}", access=access.desk(Partners.VIEW))
async def reward(
    request: AnyRequest, work: NamedDependency[Work], reward: FromPath[UUID]
) -> Response[str]:
    found = await queries.reward(work, reward)
    return page(
        request,
        work,
        "desk/partners/reward.html",
        audience="desk",
        back="/desk/partners/rewards",
        **found,
    )


@get("/desk/clients/{client:uuid}/partner", access=access.desk(Partners.VIEW))
async def client_tab(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    await client_queries.seen(work, client)
    row = await work.session.get(Partner, client)
    attributed = await work.rows(
        select(Attribution)
        .where(Attribution.client == client)
        .order_by(Attribution.valid_from.desc())
        .limit(20)
    )
    named = [one.partner for one in attributed if one.partner]
    codes = {
        one.id: one.code for one in await work.rows(select(Partner).where(Partner.id.in_(named)))
    }
    settings = work.settings(PartnerSettings)
    return page(
        request,
        work,
        "desk/partners/client_tab.html",
        audience="desk",
        client=client,
        partner=row,
        attributed=[
            {
                "row": one,
                "code": codes.get(one.partner, "") if one.partner else "",
                "says": Said(one.rule),
                "planned": one.valid_from > work.now,
            }
            for one in attributed
        ],
        plans=[(plan.code, plan.label) for plan in settings.plans],
        may_edit=work.actor.may(Partners.EDIT),
        today=work.now.date().isoformat(),
    )


WEB = [
    listed, one, pay, enrol, admit, turn_down, pause, resume, close, add_link, rewards, reward,
    client_tab,
]  # fmt: skip
