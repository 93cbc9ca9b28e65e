"""How partners join the product."""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import load_only

from brokerage.clients import hooks
from brokerage.clients import queries as clients
from brokerage.clients.events import ClientRegistered
from brokerage.clients.model import Client
from brokerage.ledger import hooks as ledger_hooks
from brokerage.partners import (
    desk,
    desk_pay,
    jobs,
    laws,
    postbacks,
    room,
    room_pay,
    room_reach,
    stints,
)
from brokerage.partners import hooks as inbound
from brokerage.partners.events import EngineResumed, RecountAsked
from brokerage.partners.fees import booking as fee_booking
from brokerage.partners.fees import desk as fees_desk
from brokerage.partners.labels import LABELS
from brokerage.partners.model import (
    Attribution,
    Objection,
    ObjectionState,
    Partner,
    PartnerPayout,
    PartnerState,
    PayoutState,
    Reward,
)
from brokerage.partners.objecting import desk as objections_desk
from brokerage.partners.objecting import room as objections_room
from brokerage.partners.parallel import desk as parallel_desk
from brokerage.partners.paying import closing
from brokerage.partners.permissions import Partners
from brokerage.partners.plans import plansdesk, simulating
from brokerage.partners.rewards import acquisitions, clawing, engine, months, unpriced
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.sharing import desk as sharing_desk
from brokerage.partners.sharing import laws as sharing_laws
from brokerage.partners.sharing import room as sharing_room
from brokerage.partners.tree import attribution, desk_place, desk_ratios, picking, placing, tiers
from brokerage.payments import hooks as payments
from brokerage.payments.events import DepositCredited
from brokerage.trading.events import DealsImported
from stoa.kernel.money import Money
from stoa.product import Card, Every, Hit, Item, Module, NavItem, Tab
from stoa.settingsdesk import pending
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_


async def _touched(work: Work, touch: hooks.Touch) -> None:
    source = touch.source or ("link" if touch.code else "direct")
    await attribution.touch(work, touch.visitor, code=touch.code, source=source, click=touch.click)


async def _registered(work: Work, client: Client, _touch: hooks.Touch | None) -> None:
    await attribution.attribute(work, client.id, client.visitor)


hooks.on_touch.append(_touched)
ledger_hooks.laws.extend((*laws.LAWS, *sharing_laws.LAWS))
hooks.on_register.append(_registered)
pending.guard("partners", pending.Guard(simulating.touched, simulating.rehearse))
payments.deposit_undone.append(clawing.taken)
payments.deposit_restored.append(clawing.given)


async def today(work: Work) -> list[Card]:
    """Payouts that wait for people, objections by deadline, applications and contested clients."""
    return [*await _payouts(work), *await _objections(work), *await _applied(work)]


_SHOWN: Final = (
    PartnerPayout.amount,
    PartnerPayout.currency,
    PartnerPayout.made_at,
    PartnerPayout.signs,
)
_TO_PAY: Final = (
    select(PartnerPayout)
    .options(load_only(*_SHOWN))
    .where(PartnerPayout.state == PayoutState.WAITING)
    .order_by(PartnerPayout.made_at)
)
_TO_ANSWER: Final = (
    select(Objection)
    .options(load_only(Objection.reference, Objection.month, Objection.opened_at, Objection.due_at))
    .where(Objection.state == ObjectionState.OPEN)
    .order_by(Objection.due_at)
)


async def _payouts(work: Work) -> list[Card]:
    if not work.actor.may(Partners.APPROVE):
        return []
    mine = _TO_PAY
    if not work.actor.sees_all:
        mine = mine.where(clients.within(work, PartnerPayout.partner))
    rows, count = await work.some(mine, 10, {})
    if not rows:
        return []
    return [
        Card(
            "partner-payouts",
            N_("Partner payouts to approve"),
            count,
            path="/desk/partners/payouts?state=waiting",
            items=[
                Item(
                    title=str(Money(row.amount, row.currency).rounded()),
                    path=f"/desk/partners/payouts/{row.id}",
                    since=row.made_at,
                    status="flagged" if row.signs else "needs_you",
                )
                for row in rows
            ],
            order=60,
        )
    ]


async def _objections(work: Work) -> list[Card]:
    if not work.actor.may(Partners.DECIDE):
        return []
    mine = _TO_ANSWER
    if not work.actor.sees_all:
        mine = mine.where(clients.within(work, Objection.partner))
    rows, count = await work.some(mine, 10, {})
    if not rows:
        return []
    return [
        Card(
            "partner-objections",
            N_("Objections of partners"),
            count,
            path="/desk/partners/objections?state=open",
            items=[
                Item(
                    title=row.reference,
                    path=f"/desk/partners/objections/{row.id}",
                    detail=row.month or "",
                    since=row.opened_at,
                    due=row.due_at,
                    status="needs_you",
                )
                for row in rows
            ],
            order=61,
        )
    ]


@kept
def _waiting(partners: ColumnElement[bool], contested: ColumnElement[bool]) -> Select[int, int]:
    return select(
        select(func.count())
        .select_from(Partner)
        .where(Partner.state == PartnerState.APPLIED, partners)
        .scalar_subquery(),
        select(func.count())
        .select_from(Attribution)
        .where(Attribution.contest == "open", contested)
        .scalar_subquery(),
    )


async def _applied(work: Work) -> list[Card]:
    if not work.actor.may(Partners.EDIT):
        return []
    mine = _waiting(clients.within(work, Partner.id), clients.within(work, Attribution.client))
    ((applied, contests),) = await work.table(mine)
    counts = {"applied": applied, "contests": contests}
    cards = {
        "applied": (N_("Applications of partners"), "/desk/partners?state=applied"),
        "contests": (N_("Contested clients"), "/desk/partners/contests"),
    }
    return [
        Card(f"partner-{key}", label, counts[key], path=path, tone="needs", order=62)
        for key, (label, path) in cards.items()
        if counts[key]
    ]


async def pulse(work: Work) -> dict[str, Any]:
    count = await work.value(select(func.count()).select_from(Partner))
    return {"partners": int(count or 0)}


_EARNED: Final = select(
    Partner.currency,
    select(func.coalesce(func.sum(Reward.amount), 0))
    .where(Reward.partner == Partner.id, Reward.deal_at >= bindparam("month"))
    .scalar_subquery(),
).where(
    Partner.id == bindparam("client"),
    Partner.state.not_in((PartnerState.APPLIED, PartnerState.CLOSED)),
)


async def home(work: Work, client: UUID) -> list[Card]:
    """What a partner earned this month, on their home."""
    month = work.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for currency, earned in await work.table(_EARNED, {"client": client, "month": month}):
        return [_earned(currency, earned)]
    return []


def _earned(currency: str, earned: Decimal) -> Card:
    return Card(
        "partner",
        N_("Partner rewards this month"),
        Decimal(earned).quantize(Decimal("0.01")),
        currency=currency,
        path="/partner",
        order=70,
    )


async def search(work: Work, typed: str) -> list[Hit]:
    if not work.actor.may(Partners.VIEW):
        return []
    row = await work.first(
        select(Partner).where(
            Partner.code == typed.strip().lower(), clients.within(work, Partner.id)
        )
    )
    if row is None:
        return []
    return [Hit("partner", row.code, row.plan, f"/desk/partners/{row.id}", 80)]


MODULE = Module(
    name="partners",
    settings=PartnerSettings,
    labels=LABELS,
    permissions=Partners,
    web=[
        *room.WEB,
        *room_reach.WEB,
        *room_pay.WEB,
        *inbound.WEB,
        *sharing_room.WEB,
        *sharing_desk.WEB,
        *fees_desk.WEB,
        *parallel_desk.WEB,
        *objections_room.WEB,
        *desk.WEB,
        *desk_pay.WEB,
        *desk_place.WEB,
        *picking.WEB,
        *desk_ratios.WEB,
        *objections_desk.WEB,
        *plansdesk.ALL,
    ],
    reactions={
        DealsImported: [jobs.accrue_imported],
        EngineResumed: [engine.catch_up],
        RecountAsked: [stints.go_on],
        ClientRegistered: [postbacks.registered],
        DepositCredited: [postbacks.deposited],
    },
    schedule=[
        Every(60, placing.sweep),
        Every(60, unpriced.sweep),
        Every(120, acquisitions.sweep),
        Every(60, fee_booking.sweep),
        Every(900, tiers.sweep),
        Every(21600, months.sweep),
        Every(1800, closing.sweep, lane="money"),
    ],
    nav=[
        NavItem("desk", N_("Partners"), "/desk/partners", "affiliate", Partners.VIEW, 60, "p"),
        NavItem("room", N_("Partner"), "/partner", "affiliate", Partners.OWN, 40),
        NavItem("partner", N_("Overview"), "/partner", "layout-dashboard", Partners.OWN, 10),
        NavItem("partner", N_("Clients"), "/partner/clients", "users", Partners.OWN, 20),
        NavItem("partner", N_("Rewards"), "/partner/rewards", "coins", Partners.OWN, 30),
        NavItem("partner", N_("Payouts"), "/partner/payouts", "cash", Partners.OWN, 40),
        NavItem("partner", N_("Links"), "/partner/links", "link", Partners.OWN, 50),
        NavItem("partner", N_("Tree"), "/partner/tree", "sitemap", Partners.OWN, 60),
        NavItem("partner", N_("Sharing"), "/partner/sharing", "gift", Partners.OWN, 65),
        NavItem("partner", N_("Objections"), "/partner/objections", "scale", Partners.OWN, 70),
        NavItem("partner", N_("Postbacks"), "/partner/postbacks", "webhook", Partners.OWN, 80),
        NavItem("partner", N_("Trader room"), "/", "arrow-back-up", Partners.OWN, 90),
    ],
    tabs=[Tab("partner", N_("Partner"), "/desk/clients/{client}/partner", Partners.VIEW, 60)],
    today=today,
    home=home,
    search=search,
    pulse=pulse,
    roles={
        "Owner": [
            Partners.VIEW,
            Partners.EDIT,
            Partners.PAY,
            Partners.APPROVE,
            Partners.DECIDE,
            Partners.FEES,
        ],
        "Head of finance": [
            Partners.VIEW,
            Partners.PAY,
            Partners.APPROVE,
            Partners.DECIDE,
            Partners.FEES,
        ],
        "Finance": [Partners.VIEW, Partners.PAY],
        "Sales": [Partners.VIEW],
        "Auditor": [Partners.VIEW],
    },
)
