"""The day in figures: clients, money, volume, result, partners. One cut-off, named on the page.

Lots, deals and the clients' result are counted as `brokerage.risk.results` counts them: every deal
of live accounts with its commission, opening ones too, in the house's currency at the rates stored
now. Of a reader with a narrow scope only the clients in it are counted.
"""

# ruff: noqa: S608 - every piece of SQL here is a constant of ours, none is input

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select, text

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.partners.model import Reward
from brokerage.risk import book, ground
from brokerage.trading.model import Deal, TradingAccount
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.refusals import Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

_FIRST: Final = date(2000, 1, 1)
_OWNED: Final = (
    "(:everyone or a.owner in (select c.id from client c where c.owner = :me "
    "or (c.team = :team and :team <> '')))"
)
MONEY = text(
    "select e.kind, l.currency, count(distinct e.id) as entries, sum(l.amount) as amount "
    "from entry e join leg l on l.entry = e.id "
    "join ledger_account a on a.id = l.account and a.kind = 'wallet' "
    f"where l.posted_at >= :start and l.posted_at < :end and {_OWNED} "
    "group by e.kind, l.currency order by e.kind, l.currency"
)
HELD = text(
    "select a.currency, a.kind, sum(l.amount) as amount from leg l "
    "join ledger_account a on a.id = l.account and a.owner is not null "
    f"where l.posted_at < :end and {_OWNED} "
    "group by a.currency, a.kind order by a.currency, a.kind"
)
FLOW = text(
    "select (l.posted_at at time zone :zone)::date as day, e.kind, sum(abs(l.amount)) as amount "
    "from entry e join leg l on l.entry = e.id "
    "join ledger_account a on a.id = l.account and a.kind in ('wallet', 'hold') "
    "where l.posted_at >= :start and l.posted_at < :end and e.kind in ('deposit', 'withdrawal') "
    f"and l.currency = :currency and {_OWNED} group by 1, 2"
)


@dataclass(frozen=True, slots=True)
class Daily:
    """Figures of one business day; `start` and `end` are its cut-offs, `result` is in `currency`."""

    day: date
    start: datetime
    end: datetime
    zone: str
    currency: str
    narrow: bool
    """Whether the reader's scope leaves clients out."""
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
    unpriced: int
    """Deals whose currency has no stored rate into the house's: in no result."""
    rewards: Sequence[Any]
    days: Sequence[str]
    volume_line: Sequence[float]
    deposit_line: Sequence[float]
    withdrawal_line: Sequence[float]


async def of(work: Work, day: date | None = None) -> Daily:
    """The report of a tenant's business day, by default today so far. Raises Invalid."""
    facts = work.settings(TenantFacts)
    zone = facts.time_zone
    today = business_day(work.now, zone)
    day = day or today
    if not _FIRST <= day <= today:
        raise Invalid(
            "There is a report of each day from {first} to today.",
            field="day",
            first=_FIRST.isoformat(),
        )
    start, end = day_bounds(day, zone)
    days = [day - timedelta(days=back) for back in range(29, -1, -1)]
    first, _ = day_bounds(days[0], zone)
    whose = {
        "everyone": work.actor.sees_all,
        "me": work.actor.id,
        "team": work.actor.team or "",
    }
    counted = await _counted(work, start, end)
    symbols = await _symbols(work, start, end)
    volume = await _volume(work, first, end, zone)
    flow = await work.table(
        FLOW, {"start": first, "end": end, "zone": zone, "currency": facts.base_currency, **whose}
    )
    flows = {(row.day, row.kind): float(row.amount) for row in flow}
    return Daily(
        day=day,
        start=start,
        end=end,
        zone=zone,
        currency=facts.base_currency,
        narrow=not whose["everyone"],
        registered=counted[0],
        verified=counted[1],
        first_deposits=counted[2],
        clients=counted[3],
        money=await work.table(MONEY, {"start": start, "end": end, **whose}),
        held=await work.table(HELD, {"end": end, **whose}),
        symbols=symbols,
        lots=sum((row.lots for row in symbols), Decimal(0)),
        deals=sum(row.deals for row in symbols),
        result=sum((row.result for row in symbols), Decimal(0)),
        unpriced=sum(row.unpriced for row in symbols),
        rewards=await _rewards(work, start, end),
        days=[str(one) for one in days],
        volume_line=[volume.get(one, 0.0) for one in days],
        deposit_line=[flows.get((one, "deposit"), 0.0) for one in days],
        withdrawal_line=[flows.get((one, "withdrawal"), 0.0) for one in days],
    )


async def _counted(work: Work, start: datetime, end: datetime) -> Any:
    """Clients who signed up, were verified, paid in for the first time, and all so far."""
    return (
        await work.table(
            select(
                func.count().filter(Client.registered_at >= start, Client.registered_at < end),
                func.count().filter(Client.level_at >= start, Client.level_at < end),
                func.count().filter(
                    Client.first_deposit_at >= start, Client.first_deposit_at < end
                ),
                func.count().filter(Client.registered_at < end),
            )
            .select_from(Client)
            .where(clients.visible(work))
        )
    )[0]


async def _rewards(work: Work, start: datetime, end: datetime) -> Sequence[Any]:
    return await work.table(
        select(
            Reward.currency, func.count().label("count"), func.sum(Reward.amount).label("amount")
        )
        .where(Reward.deal_at >= start, Reward.deal_at < end, clients.within(work, Reward.client))
        .group_by(Reward.currency)
        .order_by(Reward.currency)
    )


async def _volume(work: Work, first: datetime, end: datetime, zone: str) -> dict[date, float]:
    """Closed lots of live accounts by day."""
    local = func.date(func.timezone(zone, Deal.at))
    rows = await work.table(
        select(local.label("day"), func.sum(Deal.lots_closed).label("lots"))
        .join(TradingAccount, TradingAccount.id == Deal.account)
        .where(*_live(work, first, end))
        .group_by(local)
    )
    return {row.day: float(row.lots) for row in rows}


def _live(work: Work, start: datetime, end: datetime) -> Sequence[Any]:
    """The deals that are counted."""
    return (
        Deal.at >= start,
        Deal.at < end,
        Deal.kind.in_(("buy", "sell")),
        TradingAccount.kind == book.LIVE,
        clients.within(work, Deal.client),
    )


async def _symbols(work: Work, start: datetime, end: datetime) -> Sequence[Any]:
    rate = book.rate_of(await ground.read(work), Deal.currency)
    earned = (Deal.profit + Deal.swap + Deal.commission) * rate
    return await work.table(
        select(
            Deal.symbol,
            func.count().label("deals"),
            func.sum(Deal.lots_closed).label("lots"),
            func.coalesce(func.sum(earned), 0).label("result"),
            func.count(Deal.client.distinct()).label("clients"),
            func.count().filter(rate.is_(None)).label("unpriced"),
        )
        .join(TradingAccount, TradingAccount.id == Deal.account)
        .where(*_live(work, start, end))
        .group_by(Deal.symbol)
        .order_by(func.sum(Deal.lots_closed).desc(), Deal.symbol)
    )
