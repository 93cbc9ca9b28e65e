"""A partner's own shares: with whom, how much, from when, and what was given so far."""

from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import func, select

from brokerage.clients import queries as client_queries
from brokerage.clients.model import Client
from brokerage.partners import queries
from brokerage.partners.model import Attribution, Reward
from brokerage.partners.permissions import Partners
from brokerage.partners.room import mine
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.sharing import rules, terms
from stoa.kernel.clock import business_day, day_bounds
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/partner/sharing"
MOST_CHOICES: Final = 300
learn(
    {
        "share asked": Status(N_("Waits for us"), Tone.NEEDS),
        "share active": Status(N_("Agreed"), Tone.DONE),
        "share refused": Status(N_("Refused"), Tone.STOPPED),
        "share over": Status(N_("Ended"), Tone.WAITING),
    }
)


class Wish(msgspec.Struct):
    client: UUID
    percent: Decimal
    since: date | None = None
    cap: Decimal | None = None


@get(HERE, access=access.room(Partners.OWN))
async def shown(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    row = await mine(work)
    settings = work.settings(PartnerSettings)
    rows = await work.table(
        select(Attribution.client, Attribution.valid_to, Attribution.share)
        .where(Attribution.partner == row.id, Attribution.share.is_not(None))
        .order_by(Attribution.valid_from.desc())
        .limit(MOST_CHOICES)
    )
    choices = await work.table(
        select(Client.id, Client.country, Client.registered_at)
        .where(Client.partner == row.id)
        .order_by(Client.id.desc())
        .limit(MOST_CHOICES)
    )
    given = {
        one.client: -one.amount
        for one in await work.table(
            select(Reward.client, func.sum(Reward.amount).label("amount"))
            .where(Reward.partner == row.id, Reward.kind == "shared")
            .group_by(Reward.client)
        )
    }
    names = await client_queries.names(
        work, {one.client for one in rows} | {one.id for one in choices}
    )
    return page(
        request,
        work,
        "partner/sharing.html",
        audience="partner",
        partner=row,
        sharing=settings.sharing,
        total=sum(given.values(), Decimal(0)),
        lines=[
            {
                "client": one.client,
                "name": queries.mask(names.get(one.client, "")),
                "term": term,
                "state": _state(work, term, one.valid_to),
                "given": given.get(one.client, Decimal(0)),
            }
            for one in rows
            for term in rules.read(one.share)[::-1]
        ][:MOST_CHOICES],
        choices=[
            (
                str(one.id),
                f"{queries.mask(names.get(one.id, ''))} · {one.country} · {one.registered_at:%Y-%m-%d}",
            )
            for one in choices
        ],
        today=business_day(work.now, work.settings(TenantFacts).time_zone).isoformat(),
    )


def _state(work: Work, term: rules.Term, until: Any) -> str:
    ends = [one for one in (term.until, until) if one is not None]
    over = term.state == "active" and bool(ends) and min(ends) <= work.now
    return f"share {'over' if over else term.state}"


@post(HERE, access=access.room(Partners.OWN))
async def ask(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Wish)
    zone = work.settings(TenantFacts).time_zone
    later = form.since is not None and form.since != business_day(work.now, zone)
    since = day_bounds(form.since, zone)[0] if later and form.since else work.now
    term = await terms.ask(work, form.client, percent=form.percent, since=since, cap=form.cap)
    said = N_("Agreed. It is paid with your payouts.")
    if term.state == "asked":
        said = N_("We look at it first; you see here what becomes of it.")
    return go(request, HERE, notice=said)


@post(HERE + "/{client:uuid}/stop", access=access.room(Partners.OWN))
async def stop(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    row = await mine(work)
    await terms.stop(work, row.id, client)
    return go(request, HERE, notice=N_("Ended. Deals until now are shared as agreed."))


WEB = [shown, ask, stop]
