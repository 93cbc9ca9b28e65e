"""Reads of trading: cards, history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, true

from brokerage.clients import queries as clients
from brokerage.ledger import rates as fx
from brokerage.trading.model import (
    AccountState,
    Deal,
    OpenPosition,
    TradingAccount,
    TradingServer,
    Transfer,
)
from brokerage.trading.settings import TradingSettings
from stoa.kernel.clock import day_bounds
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

STALE_S: Final = 90
SLOW_MS: Final = 2_000
"""A deal that takes longer to a screen is late."""
_TRADES: Final = ("buy", "sell")
_VOLUME: Final = (
    select(
        Deal.currency,
        func.coalesce(func.sum(Deal.lots_closed), 0).label("lots"),
        func.count().label("deals"),
        func.coalesce(func.sum(Deal.profit + Deal.swap + Deal.commission), 0).label("result"),
    )
    .join(TradingAccount, TradingAccount.id == Deal.account)
    .where(Deal.at >= bindparam("since"), Deal.kind.in_(_TRADES), TradingAccount.kind == "live")
    .group_by(Deal.currency)
)


@dataclass(frozen=True, slots=True)
class AccountCard:
    """An account as its owner sees it."""

    id: UUID
    login: int | None
    kind: str
    label: str
    state: str
    currency: str
    leverage: int
    balance: Decimal
    equity: Decimal
    margin: Decimal
    margin_free: Decimal
    floating: Decimal
    server: str
    told_at: datetime | None
    stale: bool
    has_password: bool
    why: str | None
    missing_since: datetime | None

    @property
    def margin_level(self) -> Decimal | None:
        return self.equity * 100 / self.margin if self.margin else None


def card(work: Work, row: TradingAccount) -> AccountCard:
    settings = work.settings(TradingSettings)
    product = settings.product(row.product)
    server = settings.server(row.server)
    stale = row.told_at is None or (work.now - row.told_at).total_seconds() > STALE_S
    return AccountCard(
        id=row.id,
        login=row.login,
        kind=row.kind,
        label=product.label if product else row.product,
        state=row.state,
        currency=row.currency,
        leverage=row.leverage,
        balance=row.balance,
        equity=row.equity,
        margin=row.margin,
        margin_free=row.margin_free,
        floating=row.floating,
        server=server.label if server else row.server,
        told_at=row.told_at,
        stale=stale,
        has_password=row.password_sealed is not None,
        why=row.why,
        missing_since=row.missing_since,
    )


async def cards(work: Work, client: UUID) -> list[AccountCard]:
    """A client's accounts, live before demo, oldest first."""
    rows = await work.rows(
        select(TradingAccount)
        .where(TradingAccount.client == client)
        .order_by(TradingAccount.kind.desc(), TradingAccount.opened_at)
        .limit(200)
    )
    return [card(work, row) for row in rows]


async def positions(work: Work, account: UUID) -> Sequence[OpenPosition]:
    return await work.rows(
        select(OpenPosition)
        .where(OpenPosition.account == account)
        .order_by(OpenPosition.opened_at.desc())
        .limit(500)
    )


async def transfers(work: Work, account: UUID, limit: int = 20) -> Sequence[Transfer]:
    return await work.rows(
        select(Transfer)
        .where(Transfer.account == account)
        .order_by(Transfer.asked_at.desc())
        .limit(limit)
    )


async def others(work: Work, row: TradingAccount) -> Sequence[TradingAccount]:
    """The owner's other live accounts of the same currency that money can go on to."""
    return await work.rows(
        select(TradingAccount)
        .where(
            TradingAccount.client == row.client,
            TradingAccount.id != row.id,
            TradingAccount.kind == "live",
            TradingAccount.currency == row.currency,
            TradingAccount.login.is_not(None),
            TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED)),
        )
        .order_by(TradingAccount.opened_at)
        .limit(20)
    )


async def volume(work: Work, since: datetime) -> tuple[Decimal, int, Decimal]:
    """Closed lots, deals and the clients' result of live accounts since an instant.

    As the daily report and the results of risk count them: commissions of opening deals too, in
    the house's currency at the rates stored now; what has no rate is left out of the result.
    """
    within = clients.within(work, Deal.client)
    statement = _VOLUME if within is true() else _VOLUME.where(within)
    rows = await work.table(statement, {"since": since})
    house = work.tenant.base_currency
    rates = await fx.shown(work) if any(row.currency != house for row in rows) else fx.Rates(())
    result = sum(
        (
            Decimal(row.result) * rates.rate(row.currency, house)
            for row in rows
            if rates.knows(row.currency, house)
        ),
        Decimal(0),
    )
    lots = sum((Decimal(row.lots) for row in rows), Decimal(0))
    return lots, sum(int(row.deals) for row in rows), result


async def usage(work: Work, first: date, last: date) -> dict[str, dict[date, Any]]:
    """Closed lots and who traded, day by day, of live accounts."""
    zone = work.settings(TenantFacts).time_zone
    local = func.date(func.timezone(zone, Deal.at))
    rows = await work.table(
        select(
            local,
            func.coalesce(func.sum(Deal.lots_closed), 0),
            func.count(func.distinct(Deal.client)),
        )
        .join(TradingAccount, TradingAccount.id == Deal.account)
        .where(
            Deal.at >= day_bounds(first, zone)[0],
            Deal.at < day_bounds(last, zone)[1],
            Deal.kind.in_(_TRADES),
            TradingAccount.kind == "live",
        )
        .group_by(local)
    )
    return {"lots": {row[0]: row[1] for row in rows}, "traders": {row[0]: row[2] for row in rows}}


def way(lags: Sequence[int]) -> tuple[int | None, int]:
    """Within which time 95 of 100 deals came, in ms, and by how much the server's clock is ahead of
    ours. Of a clock that is ahead only the least is known that its deals show; the way is counted
    from there, so that it is at least so long and never shorter for a clock that is wrong.
    """
    if not lags:
        return None, 0
    ahead = max(0, -min(lags))
    return sorted(lags)[(len(lags) * 95 - 1) // 100] + ahead, ahead


_FAILING: Final = select(TradingServer.code).where(TradingServer.state == "failing")


async def failing(work: Work) -> list[str]:
    return list(await work.rows(_FAILING))
