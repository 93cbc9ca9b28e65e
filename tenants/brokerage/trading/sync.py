"""Keeping in step with the servers: deals since the cursor, balances, positions, prices."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import and_, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from brokerage.trading import connectors, deals, servers
from brokerage.trading.connector import Account, DealCursor, Position, TradingConnector, Verb
from brokerage.trading.model import (
    AccountState,
    EquityPoint,
    OpenPosition,
    QuarantinedDeal,
    TradingAccount,
    TradingServer,
)
from brokerage.trading.settings import TradingSettings
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Refusal
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

LEASE_S: Final = 30
BUSY_MOST: Final = 60
IDLE_MOST: Final = 20
_BUSY_FOR: Final = timedelta(hours=6)
_SLOT_S: Final = 2
_SLOTS: Final = 16
"""An account that no deal speaks of is asked for its balance in one of so many slots in turn."""
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def watch(open_work: OpenWork) -> None:
    """One pass over every server that can be asked; one that fails does not stop the others."""
    async with open_work() as work:
        codes = [
            server.code
            for server in work.settings(TradingSettings).servers
            if Verb.GET_DEALS in connectors.named(server.connector).capabilities.verbs
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
    started = datetime.now(UTC)
    try:
        found = await _ask(connector, rows, holding, started)
    except Refusal as why:
        await _ill(open_work, code, f"{why.code}: {why}")
        return 0
    lag = int((datetime.now(UTC) - started).total_seconds() * 1000)
    return await _keep(open_work, code, rows, found, lag)


async def _claim(work: Work, code: str) -> bool:
    await work.run(
        insert(TradingServer)
        .values(code=code, state="unknown", symbols=[], prices={}, deals_seen=0)
        .on_conflict_do_nothing()
    )
    row = await work.lock(TradingServer, code)
    if row.leased_until is not None and row.leased_until > work.now:
        return False
    row.leased_until = work.now + timedelta(seconds=LEASE_S)
    return True


async def _whose_turn(work: Work, code: str) -> Sequence[TradingAccount]:
    """Accounts that traded or moved lately every time, the others in turn, oldest told first."""
    alive = and_(
        TradingAccount.server == code,
        TradingAccount.login.is_not(None),
        TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED)),
    )
    lately = or_(TradingAccount.margin > 0, TradingAccount.deals_at > work.now - _BUSY_FOR)
    busy = await work.rows(
        select(TradingAccount)
        .where(alive, lately)
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


class Found(msgspec.Struct):
    """What one pass heard from a server."""

    batches: list[Any]
    newest: dict[int, datetime]
    accounts: list[Account]
    positions: list[Position]
    symbols: list[dict[str, Any]]
    prices: dict[str, dict[str, str]]


async def _holding(work: Work, code: str) -> set[UUID]:
    """Accounts with positions, as we were last told: their equity moves with every price."""
    return set(
        await work.rows(select(OpenPosition.account).where(OpenPosition.server == code).distinct())
    )


async def _ask(
    connector: TradingConnector, rows: Sequence[TradingAccount], holding: set[UUID], now: datetime
) -> Found:
    """Everything asked of the server, with no transaction open.

    An account without positions changes by deals alone, so its balance is asked for when it has
    new ones, and in its turn to be sure.
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
    accounts: list[Account] = []
    positions: list[Position] = []
    slot = int(now.timestamp()) // _SLOT_S % _SLOTS
    for row in rows:
        news = newest.get(row.login or 0, _BEGINNING) > (row.deals_at or _BEGINNING)
        known = row.told_at is not None and (row.login or 0) % _SLOTS != slot
        if known and not news and row.id not in holding:
            continue
        account = await connector.get_account(row.login or 0)
        accounts.append(account)
        # Positions that hedge each other may need no margin.
        if account.margin > 0 or account.floating or row.id in holding or news:
            positions += await connector.get_positions(row.login or 0)
    names = await connector.list_symbols()
    ticks = await connector.prices([one.symbol for one in names])
    return Found(
        batches,
        newest,
        accounts,
        positions,
        [
            {
                "symbol": one.symbol,
                "digits": one.digits,
                "contract_size": str(one.contract_size),
                "base": one.currency_base,
                "profit": one.currency_profit,
                "path": one.path,
            }
            for one in names
        ],
        {tick.symbol: {"bid": str(tick.bid), "ask": str(tick.ask)} for tick in ticks.ticks},
    )


async def _keep(
    open_work: OpenWork, code: str, rows: Sequence[TradingAccount], found: Found, lag: int
) -> int:
    owners = {
        row.login: deals.Owner(row.id, row.client, row.currency, row.kind == "live")
        for row in rows
        if row.login is not None
    }
    async with open_work() as work:
        told = [deal for batch in found.batches for deal in batch.deals]
        fresh = await deals.store(work, code, told, owners)
        for batch in found.batches:
            for bad in batch.misread:
                work.add(
                    QuarantinedDeal(
                        id=uuid7(),
                        server=code,
                        login=bad.login,
                        raw=bad.raw[:4000],
                        why=bad.why[:400],
                        at=work.now,
                    )
                )
        await work.run(
            update(TradingAccount)
            .where(TradingAccount.id.in_([row.id for row in rows]))
            .values(told_at=work.now)
            .execution_options(synchronize_session=False)
        )
        await _accounts(work, code, found.accounts, found.newest)
        asked = {one.login for one in found.accounts}
        await _positions(
            work, code, found.positions, {key: of for key, of in owners.items() if key in asked}
        )
        await work.run(
            update(TradingServer)
            .where(TradingServer.code == code)
            .values(
                state="ok",
                ok_at=work.now,
                error=None,
                lag_ms=lag,
                leased_until=None,
                deals_seen=TradingServer.deals_seen + fresh,
                symbols=found.symbols,
                prices=found.prices,
                prices_at=work.now,
            )
        )
        work.announce("risk|exposure", "public|prices")
    return fresh


ACCOUNTS: Final = text(
    "update trading_account t set balance = x.balance, credit = x.credit, equity = x.equity, "
    "margin = x.margin, margin_free = x.margin_free, floating = x.floating, told_at = :now, "
    "deals_at = greatest(t.deals_at, x.deals_at) "
    "from unnest(cast(:logins as bigint[]), cast(:balances as numeric[]), "
    "cast(:credits as numeric[]), cast(:equities as numeric[]), cast(:margins as numeric[]), "
    "cast(:frees as numeric[]), cast(:floatings as numeric[]), cast(:deals as timestamptz[])) "
    "as x(login, balance, credit, equity, margin, margin_free, floating, deals_at) "
    "where t.server = :server and t.login = x.login "
    "returning t.client, t.equity is distinct from x.equity as changed"
)


async def _accounts(
    work: Work, code: str, told: Sequence[Account], newest: dict[int, datetime]
) -> None:
    if not told:
        return
    touched = await work.table(
        ACCOUNTS,
        {
            "now": work.now,
            "server": code,
            "logins": [one.login for one in told],
            "balances": [one.balance for one in told],
            "credits": [one.credit for one in told],
            "equities": [one.equity for one in told],
            "margins": [one.margin for one in told],
            "frees": [one.margin_free for one in told],
            "floatings": [one.floating for one in told],
            "deals": [newest.get(one.login) for one in told],
        },
    )
    for client in {row.client for row in touched}:
        work.announce(f"client:{client}|equity")


POSITIONS: Final = text(
    "insert into open_position (server, number, account, client, symbol, side, lots, "
    "contract_size, price_open, price_now, profit, swap, opened_at, told_at) "
    "select :server, x.*, cast(:now as timestamptz) "
    "from unnest(cast(:numbers as bigint[]), cast(:accounts as uuid[]), cast(:clients as uuid[]), "
    "cast(:symbols as varchar[]), cast(:sides as varchar[]), cast(:lots as numeric[]), "
    "cast(:sizes as numeric[]), cast(:opens as numeric[]), cast(:nows as numeric[]), "
    "cast(:profits as numeric[]), cast(:swaps as numeric[]), cast(:since as timestamptz[])) x"
)


async def _positions(
    work: Work, code: str, told: Sequence[Position], owners: dict[Any, deals.Owner]
) -> None:
    """What was asked about is replaced by what was told: a position not told is closed."""
    await work.run(
        delete(OpenPosition).where(
            OpenPosition.server == code,
            OpenPosition.account.in_([owner.account for owner in owners.values()]),
        )
    )
    open_now = [one for one in told if one.login in owners]
    if not open_now:
        return
    await work.run(
        POSITIONS,
        {
            "server": code,
            "now": work.now,
            "numbers": [one.position for one in open_now],
            "accounts": [owners[one.login].account for one in open_now],
            "clients": [owners[one.login].client for one in open_now],
            "symbols": [one.symbol for one in open_now],
            "sides": [str(one.kind) for one in open_now],
            "lots": [one.lots for one in open_now],
            "sizes": [one.contract_size for one in open_now],
            "opens": [one.price_open for one in open_now],
            "nows": [one.price_current for one in open_now],
            "profits": [one.profit for one in open_now],
            "swaps": [one.swap for one in open_now],
            "since": [one.opened for one in open_now],
        },
    )


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
