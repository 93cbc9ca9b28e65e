"""Rewards of many deals in one statement: the tree, what is offered, exclusions, the cap.

Set-based over what was imported; running it again over the same deals changes nothing, as a reward is
unique by (deal, server, partner, kind). Where the plan asks for a holding time or a move of the price,
a deal that closes a position whose opening is not here yet waits: the import of the opening rewards it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.partners import clawing, offers, planning, timeline, worth
from brokerage.partners.model import PartnerStanding
from brokerage.partners.terms import RewardKind
from brokerage.partners.timeline import Epoch
from brokerage.trading.settings import TradingSettings
from stoa.tenancy.work import Work

ACCRUE: Final = text(f"""
with {worth.IMPORTED}, {worth.ASKED}, {worth.CORE}, written as (
    insert into reward ({worth.COLUMNS})
    select {worth.ID}, server, number, partner, kind, 0, client, depth, at, symbol, grp, lots, base,
           rate, below, ratio, income, cap, together, factor, null, fx, held_s, pips, spread, how,
           found_by, tier, excluded, amount, :currency, plan, version, :now, null
    from worth w
    on conflict do nothing
    returning partner, client, deal_at
)
select partner, count(*) as count, array_agg(distinct client) as clients from written group by 1
""")  # noqa: S608 - every part is ours
WRITE_FACTS: Final = text(f"""
with {worth.FACTS}, {worth.CORE}, written as (
    insert into reward ({worth.COLUMNS})
    select {worth.ID}, server, number, partner, kind, 0, client, depth, at, symbol, grp, lots, base,
           rate, below, ratio, income, cap, together, factor, null, fx, held_s, pips, spread, how,
           found_by, tier, excluded, amount, :currency, plan, version, :now, null
    from worth w
    on conflict do nothing
    returning partner, client
)
select partner, count(*) as count, array_agg(distinct client) as clients from written group by 1
""")  # noqa: S608 - every part is ours
SEEN: Final = text("""
select symbol, product, min(at) as first, max(at) as last, count(*) as count from (
    select d.symbol, t.product, d.at from deal d
    join trading_account t on t.id = d.account and t.kind = 'live'
    where d.imported_at >= :since and d.imported_at <= :until
      and d.kind in ('buy', 'sell') and (cast(:server as varchar) is null or d.server = :server)
    union all
    select d.symbol, t.product, d.at from deal o
    join deal d on d.server = o.server and d.position = o.position and d.account = o.account
    join trading_account t on t.id = d.account and t.kind = 'live'
    where o.imported_at >= :since and o.imported_at <= :until and o.entry = 'in'
      and (d.imported_at < :since or d.imported_at > :until)
      and (cast(:server as varchar) is null or o.server = :server)
) x group by 1, 2
""")


async def accrue(
    work: Work,
    *,
    since: datetime,
    until: datetime,
    rates: Mapping[str, Decimal],
    server: str | None = None,
    epochs: Sequence[Epoch] | None = None,
) -> int:
    """Reward every closing deal imported between two instants (both included).

    `rates` turns one unit of an account's currency into the plans' currency. Returns how many
    rewards were written; a second run writes none.
    """
    window = {"since": since, "until": until, "server": server}
    seen = await work.table(SEEN, window)
    if not seen:
        return 0
    found = await terms(work, seen, epochs)
    async with planning.over(work, sum(row.count for row in seen)):
        rows = await work.table(ACCRUE, window | parameters(work, found, rates))
    await clawing.follow(work, {one for row in rows for one in row.clients})
    return await told(work, rows)


@dataclass(frozen=True, slots=True)
class Earned:
    """Something that is rewarded and is no deal: a fee, a client's month, a client come far enough.

    `source` and `number` are its name for ever; where `number` is 0, the client is its name, too. `worth`
    is in a currency that `fx` turns into the plans'.
    """

    source: str
    number: int
    client: UUID
    partner: UUID
    at: datetime
    worth: Decimal
    fx: Decimal
    product: str = ""


async def earned(
    work: Work,
    facts: Sequence[Earned],
    kind: RewardKind,
    *,
    epochs: Sequence[Epoch] | None = None,
) -> int:
    """Reward everybody above for what is no deal, by the same rules; each fact once.

    All of one call have one source.
    """
    if not facts:
        return 0
    at = [one.at for one in facts]
    seen = [
        SimpleNamespace(symbol="", product=product, first=min(at), last=max(at))
        for product in {one.product for one in facts}
    ]
    found = await terms(work, seen, epochs, kinds=(kind,), source=facts[0].source)
    columns = {
        "f_server": [one.source for one in facts],
        "f_number": [one.number for one in facts],
        "f_client": [one.client for one in facts],
        "f_partner": [one.partner for one in facts],
        "f_at": at,
        "f_symbol": [""] * len(facts),
        "f_product": [one.product for one in facts],
        "f_worth": [one.worth for one in facts],
        "f_fx": [one.fx for one in facts],
    }
    given = parameters(work, found, {})
    del given["currencies"], given["rates"]
    async with planning.over(work, len(facts)):
        rows = await work.table(WRITE_FACTS, columns | given)
    await clawing.follow(work, {one for row in rows for one in row.clients})
    return await told(work, rows)


async def terms(
    work: Work, seen: Sequence[Any], epochs: Sequence[Epoch] | None = None, **more: Any
) -> offers.Offers:
    """What is offered for these symbols and account types, in the time their deals are of."""
    every = epochs if epochs is not None else await timeline.read(work)
    first, last = min(row.first for row in seen), max(row.last for row in seen)
    standing = await work.table(select(PartnerStanding.plan, PartnerStanding.tier).distinct())
    return offers.gather(
        timeline.within(every, first, last),
        [(row.symbol, row.product) for row in seen],
        [(row.plan, row.tier) for row in standing],
        work.settings(TradingSettings).symbols,
        **more,
    )


def parameters(work: Work, found: offers.Offers, rates: Mapping[str, Decimal]) -> dict[str, Any]:
    """What every statement over deals reads besides its own window."""
    return {
        "currencies": list(rates),
        "rates": list(rates.values()),
        "currency": found.currency,
        "now": work.now,
        "prefix": worth.prefix(work.now),
        **found.parameters(),
    }


async def told(work: Work, rows: Sequence[Any]) -> int:
    """Note how many were written and wake their partners' screens."""
    count: int = sum(row.count for row in rows)
    if count:
        work.record("rewards.accrued", count=count)
        for row in rows:
            work.announce(f"client:{row.partner}|rewards")
    return count
