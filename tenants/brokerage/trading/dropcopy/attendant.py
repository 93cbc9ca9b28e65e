"""Who runs the sessions: each worker takes those that nobody holds, and lets one go when it ends.

A session outlives the sweep that began it. Its hold is a lease in its row, renewed with every step; a
worker that dies leaves it to the next after 15 s, one that stalls finds it taken and hangs up.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from brokerage.trading import servers
from brokerage.trading.connectors.fix import FixDropCopy
from brokerage.trading.connectors.fix.hours import session_day
from brokerage.trading.dropcopy import taking
from brokerage.trading.dropcopy.booking import Books
from brokerage.trading.dropcopy.memory import LEASE, Stored, with_incidents
from brokerage.trading.dropcopy.model import FixSession
from brokerage.trading.model import TradingAccount, TradingServer
from brokerage.trading.settings import Server, TradingSettings
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Refusal
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

log = structlog.get_logger("stoa.fix")

_WAIT_MOST_S: Final = 60
_PAGES: Final = 20
_RETRY: Final = timedelta(seconds=30)
_running: Final[dict[tuple[UUID, str], asyncio.Task[None]]] = {}


def is_drop_copy(server: Server) -> bool:
    return server.connector == FixDropCopy.code and not server.paused


async def attend(open_work: OpenWork) -> None:
    """Take up what nobody holds, and book what waited and now can be. Returns at once."""
    async with open_work() as work:
        tenant = work.tenant.id
        wanted = [one for one in work.settings(TradingSettings).servers if is_drop_copy(one)]
    for server in wanted:
        await catch_up(open_work, server)
        key = (tenant, server.code)
        running = _running.get(key)
        if running is not None and not running.done():
            continue
        held = await claim(open_work, server)
        if held is not None:
            _running[key] = asyncio.create_task(hold(open_work, held))
    codes = {server.code for server in wanted}
    for key in [one for one in _running if one[0] == tenant and one[1] not in codes]:
        _running.pop(key).cancel()


async def stop() -> None:
    """Let every session of this process go."""
    tasks = list(_running.values())
    _running.clear()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Held:
    """A session that is ours until its lease ends."""

    def __init__(self, server: Server, holder: UUID, connector: FixDropCopy) -> None:
        self.server = server
        self.holder = holder
        self.connector = connector


async def claim(open_work: OpenWork, server: Server) -> Held | None:
    """Make a session ours, unless somebody holds it, it is closed now, or it is not yet time."""
    async with open_work() as work:
        row = await session_of(work, server.code)
        if row.held_by is not None and row.held_until is not None and row.held_until > work.now:
            return None
        if row.next_try_at is not None and row.next_try_at > work.now:
            return None
        connector = await servers.connect(work, server.code)
        if not isinstance(connector, FixDropCopy):
            return None
        if session_day(connector.settings, work.now) is None:
            if row.state != "closed":
                row.state = "closed"
                work.announce("desk|servers")
            return None
        holder = uuid7()
        row.held_by, row.held_until = holder, work.now + LEASE
        row.state = "down"
    return Held(server, holder, connector)


async def session_of(work: Work, code: str) -> FixSession:
    """The session's row, locked; made where there is none yet."""
    await work.run(insert(FixSession).values(server=code, **_FRESH).on_conflict_do_nothing())
    await work.run(
        insert(TradingServer)
        .values(code=code, state="unknown", symbols=[], prices={}, deals_seen=0)
        .on_conflict_do_nothing()
    )
    return await work.lock(FixSession, code)


_FRESH: Final[dict[str, Any]] = {
    "state": "closed",
    "epoch": 0,
    "next_in": 1,
    "next_out": 1,
    "anew": False,
    "garbled": 0,
    "repeated": 0,
    "tries": 0,
    "incidents": [],
    "waiting": {},
}


async def hold(open_work: OpenWork, held: Held) -> None:
    """One connection of a session we hold, to its end; then it is anybody's again."""
    code = held.server.code
    memory = Stored(open_work, code, held.holder, held.connector, held.server)
    trouble: str | None = None
    try:
        log.info("fix session", server=code, over=await held.connector.converse(memory))
    except Refusal as why:
        trouble = f"{why.code}: {why}"
    except asyncio.CancelledError:
        await asyncio.shield(_let_go(open_work, held, None))
        raise
    except Exception as why:
        log.exception("fix session", server=code)
        trouble = f"{type(why).__name__}: {why}"
    await _let_go(open_work, held, trouble)


async def _let_go(open_work: OpenWork, held: Held, trouble: str | None) -> None:
    """Give the session back; the next try waits longer the more have failed."""
    code = held.server.code
    async with open_work() as work:
        row = await work.lock(FixSession, code)
        if row.held_by != held.holder:
            return
        row.held_by = row.held_until = None
        work.announce("desk|servers")
        if session_day(held.connector.settings, work.now) is None:
            row.state, row.tries, row.next_try_at = "closed", 0, None
            return
        row.state = "down"
        row.tries += 1
        # What had been open is tried again at once; what fails again waits, longer each time.
        wait = min(2 ** min(row.tries - 2, 6), _WAIT_MOST_S) if row.tries > 1 else 0
        row.next_try_at = work.now + timedelta(seconds=wait)
        if trouble:
            row.error = trouble[:2000]
            row.incidents = with_incidents(row.incidents, [trouble], work.now)
        elif row.incidents:
            row.error = str(row.incidents[0]["text"])
        await work.run(
            update(TradingServer)
            .where(TradingServer.code == code)
            .values(state="failing", failed_at=work.now, error=row.error)
        )


async def catch_up(open_work: OpenWork, server: Server) -> int:
    """Book what waits and can be booked now, a page a transaction; how many deals came of it."""
    async with open_work() as work:
        names = await _ready(work, server.code)
    done = 0
    for account in names:
        for _ in range(_PAGES):
            async with open_work() as work:
                more, deals = await _page(work, server.code, account)
            done += deals
            if not more:
                break
    return done


async def _ready(work: Work, code: str) -> list[str]:
    """Accounts that wait, have a trading account by now, and were not tried a moment ago."""
    waiting = await work.value(select(FixSession.waiting).where(FixSession.server == code))
    before = (work.now - _RETRY).isoformat()
    asked = [name for name, one in (waiting or {}).items() if one.get("tried", "") < before]
    if not asked:
        return []
    found = await work.rows(
        select(TradingAccount.server_account).where(
            TradingAccount.server == code, TradingAccount.server_account.in_(asked)
        )
    )
    return [name for name in found if name is not None]


async def _page(work: Work, code: str, account: str) -> tuple[bool, int]:
    """One page of what an account waits with: whether there is more, and the deals of this one."""
    row = await work.lock(FixSession, code)
    connector = await servers.connect(work, code)
    if not isinstance(connector, FixDropCopy):
        return False, 0
    deals = await taking.catch_up(Books(work, row, connector.settings), account)
    left = row.waiting.get(account)
    if left is not None and left["why"] != taking.BUSY:
        row.waiting = row.waiting | {account: left | {"tried": work.now.isoformat()}}
    if deals:
        await work.run(
            update(TradingServer)
            .where(TradingServer.code == code)
            .values(deals_seen=TradingServer.deals_seen + len(deals))
        )
    work.announce("desk|servers")
    return left is not None and left["why"] == taking.BUSY, len(deals)
