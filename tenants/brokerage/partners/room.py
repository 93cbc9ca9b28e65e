"""The partner portal: figures first, clients, every reward open to its deal, joining and agreeing."""

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
from brokerage.partners import queries, statements
from brokerage.partners.model import (
    Objection,
    ObjectionState,
    Partner,
    PartnerPayout,
    PartnerState,
    Reward,
)
from brokerage.partners.paying import drawing
from brokerage.partners.permissions import Partners
from brokerage.partners.rewards.recompute_program import PROGRAM
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import joining, placing, ratios
from brokerage.partners.wordings import Said, for_what, taken_back
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Denied, Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Join(msgspec.Struct):
    agree: bool = False
    version: int = 0


async def mine(work: Work) -> Partner:
    """The signed-in partner. Raises Denied for a client who is none (yet, or any more)."""
    row = await work.session.get(Partner, work.actor.id)
    if row is None or row.state in (PartnerState.APPLIED, PartnerState.CLOSED):
        raise Denied("This page is for partners.")
    return row


@get("/partner", access=access.room(Partners.OWN))
async def portal(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    row = await work.session.get(Partner, work.actor.id)
    if row is None or row.state in (PartnerState.APPLIED, PartnerState.CLOSED):
        return await _outside(request, work, row)
    settings = work.settings(PartnerSettings)
    has = (await drawing.unpaid(work, [row.id]))[row.id]
    back = _back(request)
    paid = await work.rows(
        select(PartnerPayout)
        .where(PartnerPayout.partner == row.id)
        .order_by(PartnerPayout.accrued_to.desc())
        .limit(6)
    )
    open_ones = await work.value(
        select(func.count()).where(
            Objection.partner == row.id, Objection.state == ObjectionState.OPEN
        )
    )
    plan = settings.plan(row.plan)
    return page(
        request,
        work,
        "partner/portal.html",
        audience="partner",
        partner=row,
        figures=await queries.figures(work, row.id, has.exact, back=back),
        ranges=[
            {"label": days, "href": f"/partner?days={days}", "active": days == back}
            for days in queries.RANGES
        ],
        payouts=paid,
        plan=plan,
        products=work.settings(TradingSettings).product_labels,
        agreed=row.agreement == plan.version,
        objections=open_ones,
        minimum=settings.payout_minimum,
        calendar=settings.payouts.calendar,
        ratios=await ratios.shown(work, row.id),
    )


def _back(request: AnyRequest) -> int:
    asked = str(request.query_params.get("days", ""))
    return next((days for days in queries.RANGES if str(days) == asked), queries.RANGES[0])


async def _outside(request: AnyRequest, work: Work, row: Partner | None) -> Response[str]:
    """For a client who is no partner: the plan they would join by, or what became of them."""
    settings = work.settings(PartnerSettings)
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    allowed, link = await joining.may_join(work, work.actor.id)
    plan = settings.plan(settings.default_plan)
    if link is not None:
        plan = settings.plan((await work.get(Partner, link.partner)).plan)
    return page(
        request,
        work,
        "partner/join.html",
        audience="room",
        plan=plan,
        products=work.settings(TradingSettings).product_labels,
        partner=row,
        allowed=allowed,
        invited=dict(link.rates or {}) if link is not None else None,
        waits=settings.access != "auto" and link is None,
    )


@post("/partner/join", access=access.room(Partners.OWN))
async def join(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Join)
    if not form.agree:
        raise Invalid("Accept the partner agreement to go on.", field="agree")
    row = await joining.join(work, version=form.version)
    said = N_("Welcome. Your first link is ready.")
    if row.state == PartnerState.APPLIED:
        said = N_("Your application is with us. We tell you as soon as it is decided.")
    return go(request, "/partner", notice=said)


@post("/partner/agreement", access=access.room(Partners.OWN))
async def agree(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Join)
    if not form.agree:
        raise Invalid("Accept the partner agreement to go on.", field="agree")
    await joining.agree(work, version=form.version)
    return go(request, "/partner", notice=N_("Thank you. The version you accepted is kept."))


def reward_table(*, desk: bool) -> tables.Table:
    """Rewards as a list: a partner's own in the portal, everyone's at the desk."""

    def query(work: Any) -> Any:
        statement = select(
            Reward.id,
            Reward.deal_at,
            Reward.symbol,
            Reward.kind,
            Reward.lots,
            Reward.rate,
            Reward.below,
            Reward.amount,
            Reward.currency,
            Reward.depth,
            Reward.excluded,
            Reward.step,
            Reward.cause,
            Reward.server,
            Reward.client,
            Reward.deal,
            Partner.code,
        ).join(Partner, Partner.id == Reward.partner)
        return statement.where(
            queries.rewards_within(work) if desk else Reward.partner == work.actor.id
        )

    async def view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
        names = await client_queries.names(work, [row.client for row in rows])
        plain = await client_queries.among(work, names) if desk else set[UUID]()
        shown: list[tables.Shown] = []
        for row in rows:
            name = names.get(row.client, "")
            cells: list[Any] = [
                row.deal_at,
                f"#{row.deal}" if row.deal > 0 else Said(for_what(row.server, row.deal)),
                row.symbol,
                row.lots,
                name if row.client in plain else queries.mask(name),
                row.depth,
                row.amount,
                row.currency,
                _why(row),
            ]
            if desk:
                cells.insert(1, row.code)
            path = "/desk/partners/rewards" if desk else "/partner/rewards"
            shown.append(tables.Shown(key=str(row.id), href=f"{path}/{row.id}", cells=cells))
        return shown

    columns = [
        tables.Column("at", N_("Deal at"), "when", sort=Reward.deal_at, fixed=True),
        tables.Column("deal", N_("Deal"), "code"),
        tables.Column("symbol", N_("Symbol"), "strong"),
        tables.Column("lots", N_("Lots"), "num"),
        tables.Column("client", N_("Client")),
        tables.Column("level", N_("Level"), "num"),
        tables.Column("amount", N_("Reward"), "num", sort=Reward.amount),
        tables.Column("currency", N_("Currency"), "code"),
        tables.Column("excluded", N_("Why")),
    ]
    if desk:
        columns.insert(1, tables.Column("partner", N_("Partner"), "code"))
    return tables.Table(
        name="rewards" if desk else "my-rewards",
        title=N_("Rewards"),
        columns=columns,
        query=query,
        view=view,
        id=Reward.id,
        order="at",
        filters=(
            *tables.dates("at", N_("From"), N_("To"), Reward.deal_at),
            tables.Filter("symbol", N_("Symbol"), lambda _w, v: Reward.symbol == v.upper(), "text"),
        ),
        empty_title=N_("No rewards yet"),
        empty_text=N_("They appear seconds after a client's deal closes, each with its reason."),
        export_permission=Partners.VIEW if desk else None,
    )


def _why(row: Any) -> str:
    """What a line says of itself: why it earns nothing, or what it puts right."""
    if row.excluded or row.cause:
        return Said(row.excluded or row.cause)
    return taken_back(row.step, row.kind)


MY_REWARDS = reward_table(desk=False)


@get("/partner/rewards", access=access.room(Partners.OWN))
async def rewards(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, MY_REWARDS, audience="partner")


@get("/partner/rewards/{reward:uuid}", access=access.room(Partners.OWN))
async def reward(
    request: AnyRequest, work: NamedDependency[Work], reward: FromPath[UUID]
) -> Response[str]:
    found = await queries.reward(work, reward, partner=work.actor.id)
    objections = await work.rows(
        select(Objection)
        .where(Objection.reward == reward, Objection.partner == work.actor.id)
        .order_by(Objection.id.desc())
        .limit(10)
    )
    return page(
        request,
        work,
        "partner/reward.html",
        audience="partner",
        back="/partner/rewards",
        objections=objections,
        open_one=any(one.state == ObjectionState.OPEN for one in objections),
        **found,
    )


@get("/partner/clients", access=access.room(Partners.OWN))
async def clients(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, MY_CLIENTS, audience="partner")


def _clients_query(work: Any) -> Any:
    below = placing.now_below(work.actor.id, work.now)
    return (
        select(
            Client.id,
            Client.registered_at,
            Client.country,
            Client.level,
            Client.volume_lots,
            Client.first_deposit_at,
            Client.last_trade_at,
            Partner.code,
        )
        .join(Partner, Partner.id == Client.partner)
        .where(Client.partner.in_(below))
    )


async def _clients_view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    names = await client_queries.names(work, [row.id for row in rows])
    return [
        tables.Shown(
            key=str(row.id),
            cells=(
                queries.mask(names.get(row.id, "")),
                row.country,
                row.code,
                row.registered_at,
                "done" if row.first_deposit_at else "waiting",
                row.volume_lots,
                row.last_trade_at,
            ),
        )
        for row in rows
    ]


MY_CLIENTS = tables.Table(
    name="my-clients",
    title=N_("Clients"),
    columns=(
        tables.Column("client", N_("Client"), "strong", fixed=True),
        tables.Column("country", N_("Country"), "flag", coded=True),
        tables.Column("by", N_("Through"), "code"),
        tables.Column("registered", N_("Registered"), "when", sort=Client.registered_at),
        tables.Column("deposited", N_("Deposited"), "status"),
        tables.Column("lots", N_("Lots"), "num", sort=Client.volume_lots),
        tables.Column("traded", N_("Last trade"), "when"),
    ),
    query=_clients_query,
    view=_clients_view,
    id=Client.id,
    order="registered",
    empty_title=N_("No clients yet"),
    empty_text=N_("Share your link: whoever registers within the window is yours."),
)


@get("/partner/months/{month:str}", access=access.room(Partners.OWN))
async def month(work: NamedDependency[Work], month: FromPath[str]) -> Response[bytes]:
    """A month's rewards with all inputs, to be added up again by anyone."""
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    period = statements.month(work, month)
    rows = await queries.month_of(work, work.actor.id, period.start, period.end)
    return Response(
        msgspec.json.encode(rows),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="rewards-{month}.json"'},
    )


@get("/partner/recompute.py", access=access.room(Partners.OWN))
async def program(work: NamedDependency[Work]) -> Response[str]:
    await work.get(Partner, work.actor.id)
    return Response(
        PROGRAM,
        media_type="text/x-python",
        headers={"content-disposition": 'attachment; filename="recompute.py"'},
    )


WEB = [portal, join, agree, rewards, reward, clients, month, program]
