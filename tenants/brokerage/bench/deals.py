"""Deals imported with their rewards, in batches as the watcher stores them."""

import time
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
from sqlalchemy import select

from brokerage.bench.figures import Figure, median
from brokerage.bench.ground import Ground
from brokerage.partners.model import Attribution
from brokerage.partners.rewards import accruals
from brokerage.trading import deals
from brokerage.trading.connector import Deal, DealKind, Entry
from brokerage.trading.model import TradingAccount

BATCH = 1000
ROUNDS = 5
ACCOUNTS = 40
SERVER = "mt5-live"


async def measure(ground: Ground) -> list[Figure]:
    """Closing deals of introduced clients: stored, counted, posted, rewarded, in one commit each."""
    owners, now = await _owners(ground)
    logins = sorted(owners)
    rates: list[float] = []
    rewards = 0
    for round_ in range(ROUNDS):
        batch = [
            _deal(10**12 + round_ * BATCH + at, logins[at % len(logins)], now, at)
            for at in range(BATCH)
        ]
        openings = [_opening(deal, at) for at, deal in enumerate(batch)]
        async with ground.door.open(ground.tenant, purpose="bench") as work:
            await deals.store(work, SERVER, openings, owners)
        started = time.perf_counter()
        async with ground.door.open(ground.tenant, purpose="bench") as work:
            await deals.store(work, SERVER, batch, owners)
            rewards += await accruals.accrue(
                work,
                since=work.now,
                until=work.now,
                rates={"EUR": Decimal("1.08"), "USD": Decimal(1)},
                server=SERVER,
            )
        rates.append(BATCH / (time.perf_counter() - started))
    if rewards < ROUNDS * BATCH:
        raise RuntimeError(f"{rewards} rewards for {ROUNDS * BATCH} deals of introduced clients")
    note = (
        f"{rewards / (ROUNDS * BATCH):.1f} rewards a deal, explanation stored; batches of {BATCH}"
    )
    return [Figure("deals imported with IB accruals", median(rates), "/s", 1000, True, note)]


async def _owners(ground: Ground) -> tuple[dict[int, deals.Owner], datetime]:
    """Live accounts of clients somebody introduced, by login, and the time."""
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        rows = await work.rows(
            select(TradingAccount)
            .join(Attribution, Attribution.client == TradingAccount.client)
            .where(
                TradingAccount.kind == "live",
                TradingAccount.login.is_not(None),
                Attribution.partner.is_not(None),
            )
            .limit(ACCOUNTS)
        )
        now = work.now
    owners = {row.login or 0: deals.Owner(row.id, row.client, row.currency, True) for row in rows}
    return owners, now


def _opening(deal: Deal, at: int) -> Deal:
    """What opened the position, an hour before."""
    return msgspec.structs.replace(
        deal,
        deal=deal.deal + 10**9,
        entry=Entry.IN,
        at=deal.at - timedelta(hours=1, seconds=at % 7),
        lots_closed=Decimal(0),
        profit=Decimal(0),
        commission=Decimal(0),
    )


def _deal(number: int, login: int, now: datetime, at: int) -> Deal:
    return Deal(
        deal=number,
        login=login,
        kind=DealKind.SELL,
        entry=Entry.OUT,
        at=now - timedelta(seconds=at % 600),
        symbol="EURUSD",
        lots=Decimal("0.10"),
        lots_closed=Decimal("0.10"),
        contract_size=Decimal(100000),
        price=Decimal("1.08123"),
        profit=Decimal("1.25") if at % 2 else Decimal("-1.10"),
        swap=Decimal(0),
        commission=Decimal("-0.35"),
        position=number,
        order=number,
        rate_profit=Decimal(1),
    )
