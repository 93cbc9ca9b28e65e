"""Storing what was heard of accounts: deals, balances, positions; the newer hearing counts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from brokerage.trading import deals, missing
from brokerage.trading.connector import Account, Deal, DealBatch, Misread, Position, Symbol, Ticks
from brokerage.trading.model import (
    OpenPosition,
    QuarantinedDeal,
    TradingAccount,
    TradingServer,
)
from stoa.kernel.ids import uuid7
from stoa.tenancy.work import Work

LAGS: Final = 100
"""How many of the last deals' ways to the screen are kept to tell their 95th percentile from."""
_LIVE: Final = timedelta(minutes=10)
_DEAF: Final = timedelta(minutes=2)
"""Not heard for longer than this, a server has deals that waited for us."""
_STARTED: Final = datetime.now(UTC)
"""Deals booked before this process began may have waited for one to ask."""


class Found(msgspec.Struct):
    """What was heard of some accounts."""

    batches: list[DealBatch]
    newest: dict[int, datetime]
    accounts: list[Account]
    positions: list[Position]
    gone: set[int] = msgspec.field(default_factory=set[int])
    """Logins that the server does not know."""


async def keep(
    work: Work, code: str, rows: Sequence[TradingAccount], found: Found, asked_at: datetime
) -> int:
    """Store it; an account that was asked about later than this has it already. New deals.

    `asked_at` is when the asking began: two may ask at once, and the later question knows better.
    """
    newer = await _newer(work, rows, asked_at)
    owners = {
        row.login: deals.Owner(row.id, row.client, row.currency, row.kind == "live")
        for row in rows
        if row.login is not None
    }
    told = [deal for batch in found.batches for deal in batch.deals]
    fresh = await deals.store(work, code, told, owners)
    await _put_aside(work, code, [bad for batch in found.batches for bad in batch.misread])
    await missing.note(work, code, rows, found.gone)
    mine = {
        key: of for key, of in owners.items() if of.account not in newer and key not in found.gone
    }
    await work.run(
        update(TradingAccount)
        .where(TradingAccount.id.in_([of.account for of in mine.values()]))
        .values(told_at=asked_at)
        .execution_options(synchronize_session=False)
    )
    await _accounts(work, code, found.accounts, found.newest, set(mine), asked_at)
    asked = {one.login for one in found.accounts}
    await _positions(
        work, code, found.positions, {key: of for key, of in mine.items() if key in asked}
    )
    if fresh:
        await _note_lags(work, code, rows, told, fresh)
        work.announce("risk|exposure")
    return fresh


async def know(work: Work, code: str) -> None:
    """Make a server's row where there is none yet."""
    await work.run(
        insert(TradingServer)
        .values(code=code, state="unknown", symbols=[], prices={}, deals_seen=0)
        .on_conflict_do_nothing()
    )


async def well(work: Work, code: str, names: Sequence[Symbol], ticks: Ticks, lag_ms: int) -> None:
    """A pass over the server went well: its symbols and prices, and how long it took."""
    await work.run(
        update(TradingServer)
        .where(TradingServer.code == code)
        .values(
            state="ok",
            ok_at=work.now,
            error=None,
            lag_ms=lag_ms,
            leased_until=None,
            symbols=[
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
            prices={
                tick.symbol: {"bid": str(tick.bid), "ask": str(tick.ask)} for tick in ticks.ticks
            },
            prices_at=work.now,
        )
    )
    work.announce("risk|exposure", "public|prices")


async def _newer(work: Work, rows: Sequence[TradingAccount], asked_at: datetime) -> set[Any]:
    """Accounts that somebody asked about after us; all rows are locked, always in one order."""
    held = await work.table(
        select(TradingAccount.id, TradingAccount.told_at)
        .where(TradingAccount.id.in_([row.id for row in rows]))
        .order_by(TradingAccount.id)
        .with_for_update()
    )
    return {row.id for row in held if row.told_at is not None and row.told_at > asked_at}


async def _put_aside(work: Work, code: str, bent: Sequence[Misread]) -> None:
    """What could not be read, once: inside the overlap it is told again and again."""
    if not bent:
        return
    raws = {bad.raw[:4000]: bad for bad in bent}
    known = await work.rows(
        select(QuarantinedDeal.raw).where(
            QuarantinedDeal.server == code, QuarantinedDeal.raw.in_(list(raws))
        )
    )
    for raw in raws.keys() - set(known):
        work.add(
            QuarantinedDeal(
                id=uuid7(),
                server=code,
                login=raws[raw].login,
                raw=raw,
                why=raws[raw].why[:400],
                at=work.now,
            )
        )


async def _note_lags(
    work: Work, code: str, rows: Sequence[TradingAccount], told: Sequence[Deal], fresh: int
) -> None:
    """How long the new deals were on their way, from the server's booking to what a screen reads.

    Deals that waited for us, at the start or after an outage, say nothing about the way. A server
    whose clock is ahead gives less than nothing: kept as it is, so that the page can tell.
    """
    await know(work, code)
    row = await work.lock(TradingServer, code)
    deaf = row.ok_at is None or work.now - row.ok_at > _DEAF
    known = {one.login: one.deals_at for one in rows}
    lags = [
        int((work.now - deal.at).total_seconds() * 1000)
        for deal in told
        if not deaf
        and (since := known.get(deal.login)) is not None
        and deal.at > max(since, _STARTED)
        and work.now - deal.at < _LIVE
    ]
    row.deals_seen += fresh
    row.event_at = work.now
    if lags:
        row.behind = [*row.behind, *lags][-LAGS:]


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
    work: Work,
    code: str,
    all_told: Sequence[Account],
    newest: dict[int, datetime],
    mine: set[int],
    asked_at: datetime,
) -> None:
    told = [one for one in all_told if one.login in mine]
    if not told:
        return
    touched = await work.table(
        ACCOUNTS,
        {
            "now": asked_at,
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
