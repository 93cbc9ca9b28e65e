"""Keeping in step with the servers: deals since the cursor, balances, positions, prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from brokerage.trading import connectors, keeping, servers
from brokerage.trading.connector import Account, DealCursor, Position, TradingConnector, Verb
from brokerage.trading.keeping import Found
from brokerage.trading.model import (
    AccountState,
    EquityPoint,
    OpenPosition,
    TradingAccount,
    TradingServer,
)
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import NotFound, Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

LEASE_S: Final = 30
BUSY_MOST: Final = 60
IDLE_MOST: Final = 20
_BUSY_FOR: Final = timedelta(hours=6)
SLOT_S: Final = 2
_SLOTS: Final = 16
"""An account that no deal speaks of is asked for its balance in one of so many slots in turn."""
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MISSING_SLOTS: Final = 64
"""A login its server did not know is asked about again in one of so many slots."""
_NOBODY: Final = 5
"""A server that knows none of so many is another server than it was, and they are not missing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Who was asked about, and how many deals were new."""

    rows: Sequence[TradingAccount]
    fresh: int = 0


async def watch(open_work: OpenWork) -> None:
    """One pass over every server that can be asked; one that fails does not stop the others."""
    async with open_work() as work:
        codes = [
            server.code
            for server in work.settings(TradingSettings).servers
            if not server.paused
            and Verb.GET_DEALS in connectors.named(server.connector).capabilities.verbs
        ]
    for code in codes:
        await pass_over(open_work, code)


async def pass_over(open_work: OpenWork, code: str) -> int:
    """One server: claim it, ask it, store what it told. Returns how many deals were new."""
    async with open_work() as work:
        if not await _claim(work, code):
            return 0
        rows = await _whose_turn(work, code)
        holding = await _holding(work, code)
        connector = await servers.connect(work, code)
        asked_at = work.now
    started = datetime.now(UTC)
    slot = int(started.timestamp()) // SLOT_S % _SLOTS
    due = {
        row.login or 0 for row in rows if row.told_at is None or (row.login or 0) % _SLOTS == slot
    }
    try:
        found = await _ask(connector, rows, holding, due)
        names = await connector.list_symbols()
        ticks = await connector.prices([one.symbol for one in names])
    except Refusal as why:
        await _ill(open_work, code, f"{why.code}: {why}")
        return 0
    lag = int((datetime.now(UTC) - started).total_seconds() * 1000)
    async with open_work() as work:
        fresh = await keeping.keep(work, code, rows, found, asked_at)
        await keeping.well(work, code, names, ticks, lag)
    return fresh


async def turn(
    open_work: OpenWork, code: str, chosen: Select[TradingAccount], *, due: bool
) -> Turn:
    """Ask about the chosen accounts now, beside the passes; `due` asks for balances in any case.

    Else only who has new deals is asked for a balance: what moves with the prices is for the passes.

    Raises:
        Refusal: the server could not be asked; nothing was stored.
    """
    async with open_work() as work:
        rows = await work.rows(chosen)
        if not rows:
            return Turn(rows)
        holding = await _holding(work, code) if due else set[UUID]()
        connector = await servers.connect(work, code)
        asked_at = work.now
    found = await _ask(connector, rows, holding, {row.login or 0 for row in rows if due})
    async with open_work() as work:
        fresh = await keeping.keep(work, code, rows, found, asked_at)
    return Turn(rows, fresh)


async def _claim(work: Work, code: str) -> bool:
    await keeping.know(work, code)
    row = await work.lock(TradingServer, code)
    if row.leased_until is not None and row.leased_until > work.now:
        return False
    row.leased_until = work.now + timedelta(seconds=LEASE_S)
    return True


def of(code: str) -> ColumnElement[bool]:
    """A server's accounts that can be asked about."""
    return and_(
        TradingAccount.server == code,
        TradingAccount.login.is_not(None),
        TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED)),
    )


def lately(now: datetime) -> ColumnElement[bool]:
    """Accounts that hold something or traded in the last hours."""
    return or_(TradingAccount.margin > 0, TradingAccount.deals_at > now - _BUSY_FOR)


async def _whose_turn(work: Work, code: str) -> Sequence[TradingAccount]:
    """Accounts that traded or moved lately every time, the others in turn, oldest told first."""
    slot = int(work.now.timestamp()) // SLOT_S % _MISSING_SLOTS
    alive = and_(
        of(code),
        or_(TradingAccount.missing_since.is_(None), TradingAccount.login % _MISSING_SLOTS == slot),
    )
    busy = await work.rows(
        select(TradingAccount)
        .where(alive, lately(work.now))
        .order_by(TradingAccount.told_at.asc().nulls_first())
        .limit(BUSY_MOST)
    )
    idle = await work.rows(
        select(TradingAccount)
        .where(alive, TradingAccount.id.not_in([row.id for row in busy]))
        .order_by(TradingAccount.told_at.asc().nulls_first())
        .limit(IDLE_MOST)
    )
    return [*busy, *idle]


async def _holding(work: Work, code: str) -> set[UUID]:
    """Accounts with positions, as we were last told: their equity moves with every price."""
    return set(
        await work.rows(select(OpenPosition.account).where(OpenPosition.server == code).distinct())
    )


async def _ask(
    connector: TradingConnector,
    rows: Sequence[TradingAccount],
    holding: set[UUID],
    due: set[int],
) -> Found:
    """Everything asked of the server, with no transaction open.

    An account without positions changes by deals alone, so its balance is asked for when it has
    new ones, and when it is `due` to be sure.
    """
    batches: list[Any] = []
    by_cursor: dict[datetime, list[int]] = {}
    for row in rows:
        since = row.deals_at or _BEGINNING
        # Accounts whose cursors lie in one minute are asked together.
        by_cursor.setdefault(since.replace(second=0, microsecond=0), []).append(row.login or 0)
    for since, logins in by_cursor.items():
        batches.append(await connector.get_deals(logins, DealCursor(since)))
    newest: dict[int, datetime] = {}
    for deal in (deal for batch in batches for deal in batch.deals):
        newest[deal.login] = max(newest.get(deal.login, _BEGINNING), deal.at)
    gone = {login for batch in batches for login in batch.missing}
    accounts: list[Account] = []
    positions: list[Position] = []
    for row in rows:
        news = newest.get(row.login or 0, _BEGINNING) > (row.deals_at or _BEGINNING)
        unasked = not news and row.id not in holding and row.login not in due
        if row.login in gone or (unasked and row.missing_since is None):
            continue
        try:
            account = await connector.get_account(row.login or 0)
            # Positions that hedge each other may need no margin.
            if account.margin > 0 or account.floating or row.id in holding or news:
                positions += await connector.get_positions(row.login or 0)
        except NotFound:
            # One that is not there says nothing of the others.
            gone.add(row.login or 0)
            continue
        accounts.append(account)
    if len(rows) >= _NOBODY and gone.issuperset(row.login or 0 for row in rows):
        raise Unavailable(
            "The trading server knows none of our accounts: is it another server, or another manager?",
            code="knows-nobody",
        )
    return Found(batches, newest, accounts, positions, gone)


async def _ill(open_work: OpenWork, code: str, error: str) -> None:
    async with open_work() as work:
        await work.run(
            update(TradingServer)
            .where(TradingServer.code == code)
            .values(state="failing", failed_at=work.now, error=error[:2000], leased_until=None)
        )
        work.announce("desk|servers", "risk|exposure")


async def keep_equity(open_work: OpenWork) -> None:
    """Once an hour: a point of each account's line over time."""
    async with open_work() as work:
        hour = work.now.replace(minute=0, second=0, microsecond=0)
        chosen = select(
            TradingAccount.id,
            text("cast(:hour as timestamptz)").bindparams(hour=hour),
            TradingAccount.balance,
            TradingAccount.equity,
        ).where(TradingAccount.told_at.is_not(None), TradingAccount.state == AccountState.ACTIVE)
        await work.run(
            insert(EquityPoint)
            .from_select(["account", "at", "balance", "equity"], chosen)
            .on_conflict_do_nothing()
        )
