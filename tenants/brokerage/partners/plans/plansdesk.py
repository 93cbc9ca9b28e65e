"""Plans at the desk: what is in force and how a rate is found, a change tried on the last month before
anybody is asked for it, and the engine that rewards: paused, resumed, counted again.
"""

from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select, text

from brokerage.partners import stints
from brokerage.partners.fees import recounting as fees
from brokerage.partners.permissions import Partners
from brokerage.partners.plans import planforms
from brokerage.partners.rewards import engine, recounting, slicing, unpriced
from brokerage.partners.settings import PartnerSettings
from brokerage.trading.settings import TradingSettings
from stoa.kernel.clock import day_bounds
from stoa.settingsdesk import pending
from stoa.tenancy import settings
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.model import Setting, SettingChange
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/partners/plans"
SLICE: Final = "partners"
_PARTS: Final = ("default_plan", "other_group", "plans", "symbol_groups")
"""What a draft of plans says; payouts and attribution are changed at the settings."""
_MOST_NOW: Final = 20_000
"""Deals counted again while somebody waits for the page; more are left to the worker."""
LAG: Final = text("""
select percentile_cont(0.95) within group (order by extract(epoch from accrued_at - imported_at)) as p95,
       max(accrued_at) as last, count(*) as count
from (select r.accrued_at, d.imported_at from deal d
      join reward r on r.deal = d.number and r.server = d.server and r.turn = 0 and r.dispute is null
      where d.imported_at > :since order by d.imported_at desc limit 2000) x
""")


class Why(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=400)] = ""


class Stretch(msgspec.Struct):
    first: date
    last: date
    reason: Annotated[str, Meta(max_length=120)] = ""


@get(HERE, access=access.desk(Partners.VIEW))
async def plans(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    known = work.settings(PartnerSettings)
    lag = (await work.table(LAG, {"since": work.now - timedelta(days=7)}))[0]
    waits = await pending.waiting(work, SLICE)
    past = await work.table(
        select(Setting.version, Setting.why, Setting.set_at)
        .where(Setting.slice == SLICE)
        .order_by(Setting.id.desc())
        .limit(12)
    )
    return page(
        request,
        work,
        "desk/partners/plans.html",
        audience="desk",
        known=known,
        products=work.settings(TradingSettings).product_labels,
        lag=lag,
        unpriced=await unpriced.waiting(work),
        waits=waits,
        past=past,
        may_change=work.actor.may(Settings.EDIT) and not work.actor.read_only,
        may_run=work.actor.may(Partners.EDIT) and not work.actor.read_only,
    )


@get(f"{HERE}/changes/{{change:uuid}}", access=access.desk(Partners.VIEW))
async def waiting(
    request: AnyRequest, work: NamedDependency[Work], change: FromPath[UUID]
) -> Response[str]:
    """A change that waits, on the deals of the last month: who gains, who loses, how much."""
    row = await work.get(SettingChange, change)
    after = settings.parse(SLICE, PartnerSettings, row.body)
    assert isinstance(after, PartnerSettings)  # noqa: S101 - what parse was asked for
    return page(
        request,
        work,
        "desk/partners/plans_change.html",
        audience="desk",
        change=row,
        seen=await planforms.seen(work, after),
        may_agree=work.actor.may(Settings.AGREE),
    )


@post(f"{HERE}/pause", access=access.desk(Partners.EDIT))
async def pause(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Why)
    await engine.pause(work, form.reason)
    return go(request, HERE, notice=N_("Paused. Deals are kept and rewarded when it goes on."))


@post(f"{HERE}/resume", access=access.desk(Partners.EDIT))
async def resume(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    await engine.resume(work)
    return go(request, HERE, notice=N_("It goes on, and catches up what came meanwhile."))


@post(f"{HERE}/recount", access=access.desk(Partners.EDIT))
async def recount(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    """Count days again, both included; what differs is written as adjustments."""
    form = await forms.read(request, Stretch)
    zone = work.settings(TenantFacts).time_zone
    first, _ = day_bounds(form.first, zone)
    _, last = day_bounds(form.last, zone)
    last = min(last, work.now + timedelta(days=1))
    recounting.within(first, last)
    why = form.reason.strip() or "counted again"
    if sum(one.count for one in await slicing.cut(work, first, last)) > _MOST_NOW:
        await stints.ask(work, first, last, why=why)
        return go(
            request,
            HERE,
            notice=N_(
                "These are many deals. They are counted again now, which takes some minutes."
            ),
        )
    rows = await recounting.recount(work, first, last, rates=await engine.into_plans(work), why=why)
    lines = sum(row.count for row in rows)
    lines += await fees.recount(work, first, last, why=why)
    work.record("rewards.recounted", first=str(form.first), last=str(form.last), lines=lines)
    return go(
        request,
        HERE,
        notice=N_("Counted again: everything was right.")
        if not lines
        else N_("Counted again. What differed stands as adjustments at the partners' rewards."),
    )


ALL: Final = [plans, *planforms.ALL, waiting, pause, resume, recount]
