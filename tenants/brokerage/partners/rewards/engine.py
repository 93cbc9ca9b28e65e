"""Whether deals are rewarded as they come: paused with a reason, resumed, and caught up.

The pause is a version of the settings, so the log of who paused when and why is their history. What was
imported meanwhile is found by its time of import when it goes on; an hour before the pause is gone
through as well, which costs little and changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from sqlalchemy import select, text

from brokerage.ledger import rates
from brokerage.partners.events import EngineResumed
from brokerage.partners.permissions import Partners
from brokerage.partners.rewards import accruals, recounting
from brokerage.partners.settings import Engine, PartnerSettings
from brokerage.trading.model import TradingAccount
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy import settings
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

AT_ONCE: Final = 50_000
"""Deals rewarded in one transaction while catching up."""
_OVERLAP: Final = timedelta(hours=1)
_STEPS: Final = 10_000
STEP: Final = text("""
select max(imported_at) as until, count(*) as count from (
    select imported_at from deal where imported_at > :after and imported_at <= :until
    order by imported_at limit :most
) x
""")
UNPRICED: Final = text("""
insert into trading_server (code, state, deals_seen, symbols, prices, unpriced)
select server, 'unknown', 0, '[]', '{}', jsonb_object_agg(currency, since)
from (
    select d.server, d.currency, min(d.imported_at) as since
    from deal d
    join trading_account t on t.id = d.account and t.kind = 'live'
    where d.imported_at >= :since and d.imported_at <= :until and d.kind in ('buy', 'sell')
      and d.currency = any(cast(:missing as varchar[]))
      and (cast(:server as varchar) is null or d.server = :server)
    group by 1, 2
) x group by 1
on conflict (code) do update
set unpriced = excluded.unpriced || coalesce(trading_server.unpriced, '{}'::jsonb)
returning code
""")
"""Where they wait already, the earlier import counts."""


async def into_plans(work: Work) -> Mapping[str, Decimal]:
    """What one unit of each live account's currency is in the plans' currency. Raises NoRate: who counts
    again or tries a plan without a rate would take deals in that currency for worth nothing.
    """
    found, missing = await _priced(work)
    for one in missing:
        (await rates.table(work)).rate(one, work.settings(PartnerSettings).currency)
    return found


async def _priced(work: Work) -> tuple[Mapping[str, Decimal], Sequence[str]]:
    """The same of currencies that have a rate, and those that have none."""
    currency = work.settings(PartnerSettings).currency
    held = await work.rows(
        select(TradingAccount.currency).where(TradingAccount.kind == "live").distinct()
    )
    found = {one: Decimal(1) for one in held if one == currency}
    if foreign := [one for one in held if one != currency]:
        table = await rates.table(work)
        found |= {one: table.rate(one, currency) for one in foreign if table.knows(one, currency)}
    return found, sorted(set(held) - set(found))


async def imported(work: Work, *, since: datetime, until: datetime, server: str) -> int:
    """Reward one import, unless the engine is paused: then it is left for the catching up."""
    if work.settings(PartnerSettings).engine.paused_at is not None:
        return 0
    return await _reward(work, since, until, server)


async def _reward(work: Work, since: datetime, until: datetime, server: str | None = None) -> int:
    """What an import brought is rewarded; what it took back is taken back. Deals in a currency that has
    no rate yet wait for it (`unpriced`).
    """
    into, missing = await _priced(work)
    count = await accruals.accrue(work, since=since, until=until, rates=into, server=server)
    if missing:
        window = {"since": since, "until": until, "server": server}
        await work.table(UNPRICED, window | {"missing": missing})
    return count + await recounting.reverse(work, since=since, until=until, server=server)


async def pause(work: Work, why: str) -> None:
    """No deal is rewarded from now on; nothing is lost by it."""
    work.require(Partners.EDIT)
    mine = work.settings(PartnerSettings)
    if mine.engine.paused_at is not None:
        raise Conflict("The engine is paused already. Nothing was changed.")
    if len(why.strip()) < 5:
        raise Invalid("Say why, in a few words.", field="why")
    paused = msgspec.structs.replace(mine, engine=Engine(paused_at=work.now, why=why.strip()[:400]))
    await settings.put(work, "partners", paused, why=f"Rewards paused: {why.strip()}"[:400])
    work.record("rewards.paused", why=why.strip()[:400])
    work.reason = why.strip()[:400]


async def resume(work: Work) -> None:
    """Deals are rewarded again, and what came meanwhile is caught up."""
    work.require(Partners.EDIT)
    mine = work.settings(PartnerSettings)
    since = mine.engine.paused_at
    if since is None:
        raise Conflict("The engine is running. Nothing was changed.")
    running = msgspec.structs.replace(mine, engine=Engine())
    await settings.put(work, "partners", running, why="Rewards resumed")
    work.record("rewards.resumed", since=since)
    work.tell(EngineResumed(since=since, until=work.now))


async def catch_up(open_work: OpenWork, fact: EngineResumed) -> None:
    """Reward what was imported between two instants, a few ten thousand deals at a time."""
    await between(open_work, fact.since - _OVERLAP, fact.until)


async def between(open_work: OpenWork, since: datetime, until: datetime) -> int:
    """Reward every deal imported between two instants, in as many transactions as it takes."""
    after, count = since - timedelta(microseconds=1), 0
    for _ in range(_STEPS):
        async with open_work() as work:
            step = (await work.table(STEP, {"after": after, "until": until, "most": AT_ONCE}))[0]
            if not step.count:
                return count
            count += await _reward(work, after + timedelta(microseconds=1), step.until)
            after = step.until
    return count
