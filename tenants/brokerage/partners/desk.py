"""Partners at the desk: the list, one partner, rewards, payouts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import func, select

from brokerage.clients import queries as client_queries
from brokerage.clients.model import Client
from brokerage.partners import attribution, partners, payouts, placing, queries
from brokerage.partners.model import (
    Attribution,
    Partner,
    PartnerPayout,
    PayoutState,
    Reward,
)
from brokerage.partners.paying import drawing
from brokerage.partners.permissions import Partners
from brokerage.partners.room import reward_table
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.wordings import Said
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
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


class Place(msgspec.Struct):
    under: str | None = None


class Why(msgspec.Struct):
    reason: str


class Give(msgspec.Struct):
    code: str | None = None
    reason: str = ""


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
        tables.Column("partner", N_("Partner"), "person", fixed=True),
        tables.Column("state", N_("State"), "status", sort=Partner.state),
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
            (("applied", N_("Applied")), ("active", N_("Active")), ("paused", N_("Paused"))),
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
        waiting=await _waiting(work),
    )


async def _waiting(work: Work) -> list[dict[str, Any]]:
    rows = await work.rows(
        select(PartnerPayout)
        .where(PartnerPayout.state == PayoutState.WAITING)
        .order_by(PartnerPayout.made_at)
        .limit(50)
    )
    names = await client_queries.names(work, [row.partner for row in rows])
    return [
        {
            "id": row.id,
            "name": names.get(row.partner, ""),
            "amount": Money(row.amount, row.currency),
            "rewards": row.rewards,
            "made_at": row.made_at,
            "mine": row.made_by == work.actor.id,
        }
        for row in rows
    ]


@get("/desk/partners/{partner:uuid}", access=access.desk(Partners.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[str]:
    client = await client_queries.seen(work, partner)
    row = await work.get(Partner, client.id)
    settings = work.settings(PartnerSettings)
    has = (await drawing.unpaid(work, [partner]))[partner]
    names = await client_queries.names(work, [row.id] + ([row.parent] if row.parent else []))
    paid = await work.rows(
        select(PartnerPayout)
        .where(PartnerPayout.partner == partner)
        .order_by(PartnerPayout.made_at.desc())
        .limit(24)
    )
    return page(
        request,
        work,
        "desk/partners/partner.html",
        audience="desk",
        partner=row,
        name=names.get(row.id, ""),
        parent=names.get(row.parent, "") if row.parent else "",
        figures=await queries.figures(work, partner, has.exact),
        tree=await queries.tree(work, partner, masked=False),
        links=await queries.links(work, partner),
        payouts=paid,
        plan=settings.plan(row.plan),
        may_pay=work.actor.may(Partners.PAY),
        may_edit=work.actor.may(Partners.EDIT),
    )


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


@post("/desk/partners/payouts/{payout:uuid}/approve", access=access.desk(Partners.APPROVE))
async def approve(
    request: AnyRequest, work: NamedDependency[Work], payout: FromPath[UUID]
) -> Response[None]:
    row = await payouts.approve(work, payout)
    return go(request, f"/desk/partners/{row.partner}", notice="Paid into the wallet.")


@post("/desk/partners/payouts/{payout:uuid}/refuse", access=access.desk(Partners.APPROVE))
async def refuse(
    request: AnyRequest, work: NamedDependency[Work], payout: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    row = await payouts.refuse(work, payout, why=form.reason)
    return go(request, f"/desk/partners/{row.partner}", notice="Refused. It counts next time.")


async def _by_code(work: Work, code: str | None) -> UUID | None:
    if not code:
        return None
    found = await work.first(select(Partner.id).where(Partner.code == code.strip().lower()))
    if found is None:
        raise Invalid("There is no partner with this code.", field="under")
    return found


@post("/desk/clients/{client:uuid}/partner", access=access.desk(Partners.EDIT))
async def enrol(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Enrol)
    await client_queries.seen(work, client)
    rates = {"per-lot": form.rate} if form.rate else None
    await partners.enrol(
        work, client, parent=await _by_code(work, form.under), plan=form.plan, rates=rates
    )
    return go(request, f"/desk/partners/{client}")


@post("/desk/partners/{partner:uuid}/move", access=access.desk(Partners.EDIT))
async def move(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Place)
    await placing.move(work, partner, parent=await _by_code(work, form.under))
    return go(request, f"/desk/partners/{partner}", notice="Moved from now on; the past stays.")


@post("/desk/clients/{client:uuid}/attribution", access=access.desk(Partners.EDIT))
async def reassign(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Give)
    await client_queries.seen(work, client)
    if len(form.reason.strip()) < 5:
        raise Invalid("Say why, in a few words.", field="reason")
    target = await _by_code(work, form.code)
    await attribution.reassign(work, client, partner=target, why=form.reason)
    return go(request, f"/desk/clients/{client}")


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
            }
            for one in attributed
        ],
        plans=[(plan.code, plan.label) for plan in settings.plans],
        may_edit=work.actor.may(Partners.EDIT),
    )
