"""What accounts were worth at the end of each day, from deals at their own time.

Not from when we heard of them: a server that was silent for a day, or years of deals taken over
from another system, still draw the line as it truly went.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, text

from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.queries import AccountCard
from stoa.kernel.clock import business_day, day_bounds
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

DAYS: Final = 30
MOST: Final = 50
"""Open accounts of one client that are added up."""

_CHANGES: Final = text(
    "select account, cast(timezone(:zone, at) as date) as day, "
    "sum(profit + swap + commission) as change "
    "from deal where client = any(array(select client from trading_account "
    "where id = any(cast(:accounts as uuid[])))) and account = any(cast(:accounts as uuid[])) "
    "and at >= :first and kind <> 'credit' group by account, day"
)
_POINTS: Final = text(
    "select distinct on (account, day) account, cast(timezone(:zone, at) as date) as day, equity "
    "from equity_point where account = any(cast(:accounts as uuid[])) and at >= :first "
    "order by account, day, at desc"
)

_OPEN: Final = (
    select(TradingAccount)
    .where(
        TradingAccount.client == bindparam("client"),
        TradingAccount.kind == "live",
        TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED)),
    )
    .order_by(TradingAccount.currency)
    .limit(MOST)
)


def days(work: Work) -> list[date]:
    """The last thirty business days of the tenant's zone, today last."""
    today = business_day(work.now, work.settings(TenantFacts).time_zone)
    return [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]


async def by_day(
    work: Work, accounts: Sequence[TradingAccount | AccountCard]
) -> dict[UUID, list[Decimal]]:
    """Each account's equity at the end of each of thirty days, today's as it stands this moment.

    A day we watched counts its open positions; a day we only know the deals of is the balance.
    """
    if not accounts:
        return {}
    shown = days(work)
    zone = work.settings(TenantFacts).time_zone
    asked = {
        "zone": zone,
        "accounts": [row.id for row in accounts],
        "first": day_bounds(shown[0], zone)[0],
    }
    changes = {(row.account, row.day): row.change for row in await work.table(_CHANGES, asked)}
    points = {(row.account, row.day): row.equity for row in await work.table(_POINTS, asked)}
    found: dict[UUID, list[Decimal]] = {}
    for row in accounts:
        line, balance = [row.equity], row.balance
        for day, after in zip(shown[-2::-1], shown[:0:-1], strict=True):
            balance -= changes.get((row.id, after), Decimal(0))
            line.append(points.get((row.id, day), balance))
        found[row.id] = line[::-1]
    return found


async def of_account(work: Work, row: TradingAccount) -> tuple[list[str], list[float]]:
    """One account's days and values, for its chart; nothing before its first day."""
    told = (await by_day(work, [row]))[row.id]
    zone = work.settings(TenantFacts).time_zone
    opened = business_day(row.opened_at, zone)
    pairs = [(day, value) for day, value in zip(days(work), told, strict=True) if day >= opened]
    return [day.isoformat() for day, _ in pairs], [float(value) for _, value in pairs]


async def open_accounts(work: Work, client: UUID) -> Sequence[TradingAccount]:
    """A client's live accounts that are not archived, by currency."""
    return await work.rows(_OPEN, {"client": client})


@dataclass(frozen=True, slots=True)
class Held:
    """A client's live accounts in one currency, with their equity day by day, today last."""

    currency: str
    accounts: Sequence[TradingAccount]
    line: Sequence[Decimal]


async def held(work: Work, client: UUID) -> Sequence[Held]:
    """What a client's live accounts were worth, by currency; the home asks for it twice."""

    async def read() -> Sequence[Held]:
        rows = await open_accounts(work, client)
        told = await by_day(work, rows)
        found: list[Held] = []
        for currency, group in groupby(rows, key=lambda row: row.currency):
            mine = list(group)
            each = zip(*(told[row.id] for row in mine), strict=True)
            found.append(Held(currency, mine, [sum(day, Decimal(0)) for day in each]))
        return found

    return await work.once(("trading-held", client), read)


async def of_client(work: Work, client: UUID) -> dict[str, Sequence[Decimal]]:
    """All a client's live accounts together, by currency."""
    return {one.currency: one.line for one in await held(work, client)}
