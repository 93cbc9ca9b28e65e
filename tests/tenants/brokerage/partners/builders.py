"""Trees of partners, clients who trade, and deals as a server tells them."""

import itertools
import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import clients
from brokerage.partners.model import Reward
from brokerage.partners.rewards import accruals
from brokerage.partners.tree import attribution, partners
from brokerage.trading import deals
from brokerage.trading.connector import Deal, DealKind, Entry
from brokerage.trading.model import TradingAccount
from stoa.kernel.ids import uuid7
from stoa.tenancy.work import Work

_NUMBERS = itertools.count(1)
SERVER = "mt5-live"
AT_PAR = {"USD": Decimal(1)}


def later(work: Work, **by: float) -> datetime:
    """Move this work's time ahead."""
    work.now += timedelta(**by)
    return work.now


async def a_person(work: Work) -> UUID:
    row = await clients.register(
        work,
        email=f"{secrets.token_hex(6)}@example.com",
        first_name="Ines",
        last_name="Duarte",
        country="ES",
    )
    return row.id


async def a_partner(work: Work, parent: UUID | None = None, rate: str | None = None) -> UUID:
    rates = {"per-lot": rate} if rate else None
    row = await partners.enrol(work, await a_person(work), parent=parent, rates=rates)
    return row.id


async def a_trader(
    work: Work, partner: UUID | None, kind: str = "live", *, currency: str = "USD"
) -> SimpleNamespace:
    """A client of this partner with an account."""
    client, login = await a_person(work), 10_000_000 + next(_NUMBERS)
    if partner is not None:
        later(work, seconds=1)
        await attribution.reassign(work, client, partner=partner, why="a test")
    account = TradingAccount(
        id=uuid7(),
        client=client,
        server=SERVER,
        kind=kind,
        product="standard",
        state="active",
        login=login,
        server_group="g",
        currency=currency,
        leverage=100,
        opened_at=work.now,
    )
    work.add(account)
    await work.flush()
    owner = deals.Owner(account.id, client, currency, kind == "live")
    return SimpleNamespace(client=client, login=login, account=account.id, owners={login: owner})


async def three(work: Work) -> SimpleNamespace:
    """Master 8, sub 6, third 5, and a client of the third; an hour later."""
    master = await a_partner(work, rate="8")
    sub = await a_partner(work, master, "6")
    third = await a_partner(work, sub, "5")
    trader = await a_trader(work, third)
    later(work, hours=1)
    return SimpleNamespace(master=master, sub=sub, third=third, trader=trader)


def a_trade(
    login: int, closed: datetime, *, held_s: int = 600, lots: str = "1", **more: Any
) -> list[Deal]:
    """A position's two deals, opening and closing."""
    position = next(_NUMBERS)
    usual = {
        "login": login,
        "symbol": "EURUSD",
        "lots": Decimal(lots),
        "contract_size": Decimal(100_000),
        "price": Decimal("1.08"),
        "swap": Decimal(0),
        "commission": Decimal(0),
        "position": position,
        "order": position,
        "rate_profit": Decimal(1),
    } | more
    zero = Decimal(0)
    opening = Deal(
        deal=next(_NUMBERS),
        kind=DealKind.BUY,
        entry=Entry.IN,
        at=closed - timedelta(seconds=held_s),
        lots_closed=zero,
        profit=zero,
        **(usual | {"commission": zero}),
    )
    closing = Deal(
        deal=next(_NUMBERS),
        kind=DealKind.SELL,
        entry=Entry.OUT,
        at=closed,
        lots_closed=Decimal(lots),
        profit=Decimal("12.34"),
        **usual,
    )
    return [opening, closing]


async def imported(work: Work, trader: SimpleNamespace, told: list[Deal]) -> int:
    """Stored and rewarded as one import; how many rewards were written."""
    later(work, seconds=1)
    await deals.store(work, SERVER, told, trader.owners)
    return await accrued(work)


async def accrued(work: Work, since: datetime | None = None) -> int:
    return await accruals.accrue(
        work, since=since or work.now, until=work.now, rates=AT_PAR, server=SERVER
    )


async def rewards(work: Work, client: UUID) -> list[Reward]:
    return list(
        await work.rows(
            select(Reward).where(Reward.client == client).order_by(Reward.deal, Reward.depth)
        )
    )


async def earned(work: Work, client: UUID) -> dict[UUID, Decimal]:
    totals: dict[UUID, Decimal] = {}
    for row in await rewards(work, client):
        totals[row.partner] = totals.get(row.partner, Decimal(0)) + row.amount
    return totals
