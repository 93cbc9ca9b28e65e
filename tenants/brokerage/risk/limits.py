"""The limits of the settings, held against the whole book."""

from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select

from brokerage.risk import actions, alerts, book, rules
from brokerage.risk.alerts import Reading
from brokerage.risk.exposure import Part, parts
from brokerage.risk.ground import Ground
from brokerage.risk.ground import read as ground_of
from brokerage.risk.model import RiskAlert
from brokerage.risk.rules import Whose
from brokerage.risk.settings import Limit
from brokerage.trading.model import OpenPosition, TradingAccount
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

CLIENT_RULE: Final = "client-limit"
_CLIENTS_MOST: Final = 500
_CLEARS: Final = 90
_SOMETHING: Final = or_(
    select(OpenPosition.number).exists(),
    select(RiskAlert.id).where(RiskAlert.over_at.is_(None)).exists(),
    select(RiskAlert.id).where(RiskAlert.action_state.in_(("sending", "undoing"))).exists(),
)
"""A broker where nothing is open and nothing rings is not looked at."""


async def sweep(open_work: OpenWork) -> None:
    """Look at every limit; raise, renew and end alerts; escalate; see what became of actions."""
    async with open_work() as work:
        if not await work.value(select(_SOMETHING)):
            return
        await look(work)
        await alerts.escalate(work)
        await actions.follow(work)


async def look(work: Work) -> list[Reading]:
    """Measure the whole book against every limit. Returns what is over its bound."""
    ground = await ground_of(work)
    readings: list[Reading] = []
    sums: dict[tuple[str, str], list[Part]] = {}
    for limit in ground.settings.limits:
        where = {"book": limit.book} if limit.book else {}
        key = (limit.by, limit.book)
        if key not in sums:
            sums[key] = await parts(work, ground, limit.by, where=where, everything=True)
        readings += [_reading(limit, one) for one in sums[key] if rules.fits(one.key, limit.only)]
    readings += await _clients(work, ground)
    readings = await _named(work, readings)
    looked = {limit.code for limit in ground.settings.limits} | {CLIENT_RULE}
    await alerts.take_in(work, looked, readings)
    return [one for one in readings if rules.over(one.value, one.bound)]


def measured(limit: Limit, one: Part) -> Decimal:
    match limit.measure:
        case "net-lots":
            return one.net
        case "clients-profit":
            return one.result
        case _:
            return one.notional if limit.by == "symbol" else one.open


def _reading(limit: Limit, one: Part) -> Reading:
    return Reading(
        rule=limit.code,
        scope=limit.by,
        about=one.key,
        measure=limit.measure,
        value=measured(limit, one),
        bound=limit.most,
        level=limit.level,
        clears_percent=limit.clears_percent,
        escalate_minutes=limit.escalate_minutes,
        evidence={
            "positions": one.positions,
            "unpriced": one.unpriced,
            "stale": one.stale,
            "oldest_at": one.oldest.isoformat() if one.oldest else None,
        },
    )


async def _clients(work: Work, ground: Ground) -> list[Reading]:
    """Clients near or over the limit that counts for them. The least of all limits says in SQL who
    may be concerned; the nearest tier decides.
    """
    limits = ground.settings.clients
    if not limits:
        return []
    source = book.held(ground)
    c = source.c
    low = (
        select(
            c.client,
            c.symbol,
            func.sum(c.notional).label("notional"),
            func.min(c.reference).label("reference"),
            func.min(c.desk).label("desk"),
            func.min(c.group).label("group"),
            func.count().label("positions"),
        )
        .group_by(c.client, c.symbol)
        .subquery("low")
    )
    total = func.sum(func.abs(low.c.notional))
    least = min(one.most for one in limits) * _CLEARS / 100
    rows = await work.table(
        select(
            low.c.client,
            total.label("open"),
            func.min(low.c.reference).label("reference"),
            func.min(low.c.desk).label("desk"),
            func.min(low.c.group).label("group"),
            func.sum(low.c.positions).label("positions"),
        )
        .group_by(low.c.client)
        .having(total >= least)
        .order_by(total.desc())
        .limit(_CLIENTS_MOST)
    )
    found: list[Reading] = []
    for row in rows:
        limit = rules.nearest(limits, Whose(row.reference, row.group, row.desk))
        if limit is None:
            continue
        found.append(
            Reading(
                rule=CLIENT_RULE,
                scope="client",
                about=str(row.client),
                name=row.reference,
                client=row.client,
                measure="net-notional",
                value=Decimal(row.open),
                bound=limit.most,
                level="warning",
                clears_percent=_CLEARS,
                evidence={
                    "positions": int(row.positions),
                    "tier": f"tier {limit.tier}",
                    "only": limit.only,
                },
            )
        )
    return found


async def _named(work: Work, readings: list[Reading]) -> list[Reading]:
    """Providers by their logins, so that an alert says whom it is about."""
    keys = [UUID(one.about) for one in readings if one.scope == "provider"]
    if not keys:
        return readings
    found = {
        str(row.id): row
        for row in await work.rows(
            select(TradingAccount).where(TradingAccount.id.in_(keys)).limit(1000)
        )
    }
    return [
        _of_provider(one, found[one.about])
        if one.scope == "provider" and one.about in found
        else one
        for one in readings
    ]


def _of_provider(one: Reading, row: TradingAccount) -> Reading:
    return replace(one, name=str(row.login), client=row.client, account=row.id)
