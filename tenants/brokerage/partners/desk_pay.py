"""Payouts at the desk: the list, one with its signs and yeses, closing a period by hand."""

from collections.abc import Sequence
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
from brokerage.partners import payouts
from brokerage.partners.desk import shown_signs
from brokerage.partners.model import Partner, PartnerPayout
from brokerage.partners.paying import closing, periods
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.money import Money
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.open import entered
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
learn(
    {
        "payout waiting": Status(N_("Waits for a yes"), Tone.NEEDS),
        "payout due": Status(N_("Agreed, paid on its day"), Tone.MOVING, icon="calendar-time"),
        "payout paid": Status(N_("Paid"), Tone.DONE),
        "payout refused": Status(N_("Refused"), Tone.STOPPED),
        "payout carried": Status(N_("Carried on"), Tone.WAITING, icon="arrow-forward-up"),
    }
)


class Yes(msgspec.Struct):
    seal: Annotated[str, Meta(max_length=64)] = ""
    note: Annotated[str, Meta(max_length=400)] = ""


class No(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=400)] = ""


class PeriodForm(msgspec.Struct):
    period: Annotated[str, Meta(max_length=12)]


def _query(work: Any) -> Any:
    return (
        select(
            PartnerPayout.id,
            PartnerPayout.partner,
            PartnerPayout.period,
            PartnerPayout.state,
            PartnerPayout.amount,
            PartnerPayout.carried,
            PartnerPayout.currency,
            PartnerPayout.pay_amount,
            PartnerPayout.pay_currency,
            PartnerPayout.rewards,
            PartnerPayout.needs,
            PartnerPayout.yeses,
            PartnerPayout.signs,
            PartnerPayout.made_at,
            PartnerPayout.due_at,
            Partner.code,
        )
        .join(Partner, Partner.id == PartnerPayout.partner)
        .where(client_queries.within(work, PartnerPayout.partner))
    )


def _agreed(row: Any) -> tables.Said | str:
    """How many have agreed, of how many; nothing where nobody has to."""
    if not row.needs:
        return ""
    return tables.Said(
        N_("{yeses} of {needs}"), {"yeses": str(len(row.yeses)), "needs": str(row.needs)}
    )


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    names = await client_queries.names(work, [row.partner for row in rows])
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/partners/payouts/{row.id}",
            tone="needs" if row.state == "waiting" and row.signs else "",
            cells=(
                {"name": names.get(row.partner, ""), "note": row.code},
                tables.Coded(f"payout {row.state}", row.state),
                row.period or "",
                Money(row.amount, row.currency).rounded(),
                Money(row.pay_amount, row.pay_currency) if row.pay_currency else None,
                Money(row.carried, row.currency).rounded(),
                row.rewards,
                _agreed(row),
                len(row.signs),
                row.due_at,
                row.made_at,
            ),
        )
        for row in rows
    ]


PAYOUTS = tables.Table(
    name="partner-payouts",
    title=N_("Partner payouts"),
    columns=(
        tables.Column("partner", N_("Partner"), "person", beside=N_("Code"), fixed=True),
        tables.Column("state", N_("State"), "status", coded=True, sort=PartnerPayout.state),
        tables.Column("period", N_("Period"), "dated"),
        tables.Column("amount", N_("Amount"), "money"),
        tables.Column("as", N_("Paid as"), "money", hidden=True),
        tables.Column("carried", N_("Carried on"), "money"),
        tables.Column("rewards", N_("Rewards"), "num"),
        tables.Column("yeses", N_("Yeses"), "said"),
        tables.Column("signs", N_("Signs"), "num"),
        tables.Column("due", N_("Due"), "when", hidden=True),
        tables.Column("made", N_("Made"), "when", sort=PartnerPayout.made_at),
    ),
    query=_query,
    view=_view,
    id=PartnerPayout.id,
    order="made",
    live="partner-payouts",
    filters=(
        tables.choice(
            "state",
            N_("State"),
            PartnerPayout.state,
            (
                ("waiting", N_("Waits for a yes")),
                ("due", N_("Agreed, paid on its day")),
                ("paid", N_("Paid")),
                ("carried", N_("Carried on")),
                ("refused", N_("Refused")),
            ),
        ),
        tables.Filter(
            "period", N_("Period"), lambda _w, v: PartnerPayout.period == v.strip()[:12], "text"
        ),
    ),
    search=lambda _w, typed: Partner.code.startswith(typed.lower(), autoescape=True),
    search_label=N_("Find a partner's code"),
    export_permission=Partners.VIEW,
    empty_title=N_("No payouts yet"),
    empty_text=N_("Close a period, or pay a partner from their page."),
)


@get("/desk/partners/payouts", access=access.desk(Partners.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    terms = work.settings(PartnerSettings).payouts
    zone = work.settings(TenantFacts).time_zone
    calendar = "monthly" if terms.calendar == "by-hand" else terms.calendar
    return await tables.answer(
        request,
        work,
        PAYOUTS,
        template="desk/partners/payouts.html",
        terms=terms,
        period=periods.last_closed(calendar, work.now, zone),
        may_pay=work.actor.may(Partners.PAY),
    )


@post("/desk/partners/payouts/close", access=access.desk(Partners.PAY, own_transaction=True))
async def close(request: AnyRequest) -> Response[None]:
    """Close a finished period for all partners, batch by batch; run again it changes nothing."""
    _, open_work = await entered(request)
    form = await forms.read(request, PeriodForm)
    async with open_work() as work:
        work.require(Partners.PAY)
        period = closing.period_of(work, form.period.strip())
    found = await closing.run(open_work, period)
    said = N_("Closed. What needs nobody's yes is paid on its day.")
    if not found.made and not found.carried:
        said = N_("Nothing new in this period: it was closed before, or nothing was earned.")
    if found.left:
        said = N_("Closed but for those who wait for an earlier decision or have no rate.")
    return go(request, f"/desk/partners/payouts?period={period.code}", notice=said)


@get("/desk/partners/payouts/{payout:uuid}", access=access.desk(Partners.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], payout: FromPath[UUID]
) -> Response[str]:
    row = await work.get(PartnerPayout, payout)
    await client_queries.seen(work, row.partner)
    partner = await work.get(Partner, row.partner)
    names = await client_queries.names(work, [row.partner])
    return page(
        request,
        work,
        "desk/partners/payout.html",
        audience="desk",
        row=row,
        partner=partner,
        name=names.get(row.partner, ""),
        amount=Money(row.amount, row.currency),
        paid=payouts.paid_as(row),
        seal=payouts.seal(row),
        signs=await shown_signs(work, row.signs),
        mine=row.made_by is not None and row.made_by == work.actor.id,
        gave=any(yes["by"] == str(work.actor.id) for yes in row.yeses),
        may_approve=work.actor.may(Partners.APPROVE),
    )


@post("/desk/partners/payouts/{payout:uuid}/approve", access=access.desk(Partners.APPROVE))
async def approve(
    request: AnyRequest, work: NamedDependency[Work], payout: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Yes)
    row = await payouts.approve(work, payout, form.seal, note=form.note)
    said = {
        "paid": N_("Paid into the wallet."),
        "due": N_("Agreed. It is paid on its day."),
    }.get(row.state, N_("Your yes is kept. Another person must agree too."))
    return go(request, f"/desk/partners/payouts/{payout}", notice=said)


@post("/desk/partners/payouts/{payout:uuid}/refuse", access=access.desk(Partners.APPROVE))
async def refuse(
    request: AnyRequest, work: NamedDependency[Work], payout: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, No)
    await payouts.refuse(work, payout, why=form.reason)
    return go(
        request, f"/desk/partners/payouts/{payout}", notice=N_("Refused. It counts next time.")
    )


WEB = [listed, close, one, approve, refuse]
