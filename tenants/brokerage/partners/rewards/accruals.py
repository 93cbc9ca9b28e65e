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

from sqlalchemy import TextClause, select, text
from sqlalchemy.exc import IntegrityError

from brokerage.partners.model import PartnerStanding
from brokerage.partners.rewards import clawing, offers, planning, timeline, worth
from brokerage.partners.rewards.timeline import Epoch
from brokerage.partners.terms import RewardKind
from brokerage.trading.settings import TradingSettings
from stoa.tenancy.work import Work

_LINES: Final = f"""
    insert into reward ({worth.COLUMNS})
    select {worth.LINE_ID}, server, number, partner, kind, 0, client, depth, at, symbol, grp, lots,
           base, rate, below, ratio, income, cap, together, factor, null, fx, held_s, pips, spread, how,
           found_by, tier, excluded, amount, :currency, plan, version, :now, null
    from worth w"""  # noqa: S608 - every part is ours
_WRITTEN: Final = f"""
    returning partner, client
)
select partner, count(*) as count, {clawing.UNDONE} as undone from written group by 1
"""  # noqa: S608 - every part is ours
_ACCRUE: Final = f"with {worth.IMPORTED}, {worth.ASKED}, {worth.CORE}, written as ({_LINES}"


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes rewards: as it is, which fails where one is there already, and so
    that those are left out. Asking for each line whether it is there is nearly half of the work.
    """

    fresh: TextClause
    missing: TextClause


ACCRUE: Final = Write(
    text(_ACCRUE + _WRITTEN), text(f"{_ACCRUE} on conflict do nothing {_WRITTEN}")
)
WRITE_FACTS: Final = text(f"""
with {worth.FACTS}, {worth.CORE}, written as ({_LINES}
    on conflict do nothing {_WRITTEN}""")
SEEN: Final = text("""
select symbol, product, min(at) as first, max(at) as last, count(*) as count, count(known) as known
from (
    select d.symbol, t.product, d.at, k.known from deal d
    join trading_account t on t.id = d.account and t.kind = 'live'
    left join lateral (
        select true as known from reward r where r.deal = d.number and r.server = d.server
        and r.deal <> 0 and r.dispute is null limit 1
    ) k on true
    where d.imported_at >= :since and d.imported_at <= :until
      and d.kind in ('buy', 'sell') and (cast(:server as varchar) is null or d.server = :server)
    union all
    select d.symbol, t.product, d.at, true from deal o
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
    values = window | parameters(work, found, rates)
    rewarded = any(row.known for row in seen)
    async with planning.over(work, sum(row.count for row in seen)):
        if rewarded:
            rows = await work.table(ACCRUE.missing, values)
        else:
            rows = await write(work, ACCRUE, values)
    await clawing.follow(work, {one for row in rows for one in row.undone or ()})
    return await told(work, rows)


async def write(work: Work, what: Write, values: Mapping[str, Any]) -> Sequence[Any]:
    """Write what nobody has written; where somebody does so meanwhile, what is missing after them."""
    step = await work.session.begin_nested()
    try:
        rows = await work.table(what.fresh, values)
    except IntegrityError as why:
        await step.rollback()
        if "uq_reward_deal" not in str(why.orig):
            raise
        return await work.table(what.missing, values)
    await step.commit()
    return rows


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
    values = await offered(work, facts, kind, epochs, source=facts[0].source)
    async with planning.over(work, len(facts)):
        rows = await work.table(WRITE_FACTS, values)
    await clawing.follow(work, {one for row in rows for one in row.undone or ()})
    return await told(work, rows)


async def offered(
    work: Work,
    facts: Sequence[Earned],
    kind: RewardKind,
    epochs: Sequence[Epoch] | None,
    *,
    source: str,
) -> dict[str, Any]:
    """What statements over facts of one source read: the facts, and what plans offer for them."""
    at = [one.at for one in facts] or [work.now]
    seen = [
        SimpleNamespace(symbol="", product=product, first=min(at), last=max(at))
        for product in {one.product for one in facts} or {""}
    ]
    found = await terms(work, seen, epochs, kinds=(kind,), source=source)
    columns = {
        "f_server": [one.source for one in facts],
        "f_number": [one.number for one in facts],
        "f_client": [one.client for one in facts],
        "f_partner": [one.partner for one in facts],
        "f_at": at[: len(facts)],
        "f_symbol": [""] * len(facts),
        "f_product": [one.product for one in facts],
        "f_worth": [one.worth for one in facts],
        "f_fx": [one.fx for one in facts],
    }
    given = parameters(work, found, {})
    del given["currencies"], given["rates"]
    return columns | given


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
