"""The day in figures: clients, money, volume, result, partners. One cut-off, named on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text

from brokerage.clients.model import Client
from brokerage.partners.model import Reward
from brokerage.trading.model import Deal, TradingAccount
from stoa.kernel.clock import business_day, day_bounds
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

MONEY = text(
    "select e.kind, l.currency, count(distinct e.id) as entries, sum(l.amount) as amount "
    "from entry e join leg l on l.entry = e.id "
    "join ledger_account a on a.id = l.account and a.kind = 'wallet' "
    "where l.posted_at >= :start and l.posted_at < :end "
    "group by e.kind, l.currency order by e.kind, l.currency"
)
HELD = text(
    "select a.currency, a.kind, sum(l.amount) as amount from leg l "
    "join ledger_account a on a.id = l.account and a.owner is not null "
    "where l.posted_at < :end group by a.currency, a.kind order by a.currency, a.kind"
)
FLOW = text(
    "select (l.posted_at at time zone :zone)::date as day, e.kind, sum(abs(l.amount)) as amount "
    "from entry e join leg l on l.entry = e.id "
    "join ledger_account a on a.id = l.account and a.kind in ('wallet', 'hold') "
    "where l.posted_at >= :start and l.posted_at < :end and e.kind in ('deposit', 'withdrawal') "
    "and l.currency = :currency group by 1, 2"
)


@dataclass(frozen=True, slots=True)
class Daily:
    """Figures of one business day; `start` and `end` are its cut-offs."""

    day: date
    start: datetime
    end: datetime
    zone: str
    registered: int
    verified: int
    first_deposits: int
    clients: int
    money: Sequence[Any]
    held: Sequence[Any]
    symbols: Sequence[Any]
    lots: Decimal
    deals: int
    result: Decimal
    rewards: Sequence[Any]
    days: Sequence[str]
    volume_line: Sequence[float]
    deposit_line: Sequence[float]
    withdrawal_line: Sequence[float]


async def of(work: Work, day: date | None = None) -> Daily:
    """The report of a tenant's business day, by default today so far."""
    facts = work.settings(TenantFacts)
    zone = facts.time_zone
    day = day or business_day(work.now, zone)
    start, end = day_bounds(day, zone)
    counted = (
        await work.table(
            select(
                func.count().filter(Client.registered_at >= start, Client.registered_at < end),
                func.count().filter(Client.level_at >= start, Client.level_at < end),
                func.count().filter(
                    Client.first_deposit_at >= start, Client.first_deposit_at < end
                ),
                func.count().filter(Client.registered_at < end),
            ).select_from(Client)
        )
    )[0]
    window = {"start": start, "end": end}
    money = await work.table(MONEY, window)
    held = await work.table(HELD, {"end": end})
    symbols = await _symbols(work, start, end)
    rewards = await work.table(
        select(
            Reward.currency, func.count().label("count"), func.sum(Reward.amount).label("amount")
        )
        .where(Reward.deal_at >= start, Reward.deal_at < end)
        .group_by(Reward.currency)
    )
    days = [day - timedelta(days=back) for back in range(29, -1, -1)]
    first, _ = day_bounds(days[0], zone)
    flow = await work.table(
        FLOW, {"start": first, "end": end, "zone": zone, "currency": facts.base_currency}
    )
    volume = {
        row.day: float(row.lots)
        for row in await work.table(
            text(
                "select (d.at at time zone :zone)::date as day, sum(d.lots) as lots from deal d "
                "join trading_account t on t.id = d.account and t.kind = 'live' "
                "where d.at >= :start and d.at < :end and d.kind in ('buy', 'sell') "
                "and d.entry in ('out', 'reversal', 'out-by') group by 1"
            ),
            {"start": first, "end": end, "zone": zone},
        )
    }
    flows = {(row.day, row.kind): float(row.amount) for row in flow}
    return Daily(
        day=day,
        start=start,
        end=end,
        zone=zone,
        registered=counted[0],
        verified=counted[1],
        first_deposits=counted[2],
        clients=counted[3],
        money=money,
        held=held,
        symbols=symbols,
        lots=sum((row.lots for row in symbols), Decimal(0)),
        deals=sum(row.deals for row in symbols),
        result=sum((row.result for row in symbols), Decimal(0)),
        rewards=rewards,
        days=[str(one) for one in days],
        volume_line=[volume.get(one, 0.0) for one in days],
        deposit_line=[flows.get((one, "deposit"), 0.0) for one in days],
        withdrawal_line=[flows.get((one, "withdrawal"), 0.0) for one in days],
    )


async def _symbols(work: Work, start: datetime, end: datetime) -> Sequence[Any]:
    return await work.table(
        select(
            Deal.symbol,
            func.count().label("deals"),
            func.sum(Deal.lots).label("lots"),
            func.sum(Deal.profit + Deal.swap + Deal.commission).label("result"),
            func.count(Deal.client.distinct()).label("clients"),
        )
        .join(TradingAccount, TradingAccount.id == Deal.account)
        .where(
            Deal.at >= start,
            Deal.at < end,
            Deal.kind.in_(("buy", "sell")),
            Deal.entry.in_(("out", "reversal", "out-by")),
            TradingAccount.kind == "live",
        )
        .group_by(Deal.symbol)
        .order_by(func.sum(Deal.lots).desc())
        .limit(100)
    )
