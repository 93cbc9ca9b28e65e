"""Hearing what a server tells unasked: its accounts have their turn at once, not when it comes round.

Where it tells nothing but counts its deals, the count is asked for and rings when it has moved.

A stream outlives the sweep that opened it. Its hold is a lease in the server's row, so that one worker
of all listens. The sweep that asks in turn goes on beside it: a stream rings, and nothing hangs on it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import and_, or_, select, update

from brokerage.trading import connectors, keeping, servers, sync
from brokerage.trading.connector import TradingConnector, Verb
from brokerage.trading.ear import Ear
from brokerage.trading.model import TradingAccount, TradingServer
from brokerage.trading.settings import Server, TradingSettings
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Refusal
from stoa.tenancy.door import OpenWork

log = structlog.get_logger("stoa.listening")

LEASE: Final = timedelta(seconds=20)
RENEW_S: Final = 4.0
STREAMS_MOST: Final = 200
"""Streams of one process, over all tenants."""
_PAGE: Final = 200
_PAUSE_S: Final = 0.5
_PAUSE_MOST_S: Final = 30.0
_COUNT_S: Final = 0.4
_BLIND_S: Final = 1.2
"""A server that keeps its count to itself has its lively accounts asked so often."""
_LIVELY_MOST: Final = 60
_FURTHER_MOST: Final = 200
_FURTHER: Final = timedelta(seconds=10)
"""Quiet accounts are looked through for a deal no lively one made, not more often than this."""
_running: Final[dict[tuple[UUID, str], asyncio.Task[None]]] = {}


def pushes(server: Server) -> bool:
    """Whether its connector tells by itself and can be asked for what it told."""
    can = connectors.named(server.connector).capabilities
    return not server.paused and can.push and Verb.GET_DEALS in can.verbs


def rings(server: Server) -> bool:
    """Whether it is heard between its turns: it tells by itself, or counts its deals."""
    can = connectors.named(server.connector).capabilities
    return pushes(server) or (not server.paused and can.counts)


async def attend(open_work: OpenWork) -> None:
    """Listen to servers that nobody listens to, and no longer to those that are gone."""
    async with open_work() as work:
        tenant = work.tenant.id
        wanted = {one.code for one in work.settings(TradingSettings).servers if rings(one)}
    for code in sorted(wanted):
        running = _running.get((tenant, code))
        if running is not None and not running.done():
            continue
        if sum(not task.done() for task in _running.values()) >= STREAMS_MOST:
            return
        holder = uuid7()
        if await hold(open_work, code, holder):
            _running[tenant, code] = asyncio.create_task(listen(open_work, code, holder))
    for key in [one for one in _running if one[0] == tenant and one[1] not in wanted]:
        _running.pop(key).cancel()


async def stop() -> None:
    """Let every stream of this process go."""
    tasks = list(_running.values())
    _running.clear()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def hold(
    open_work: OpenWork, code: str, holder: UUID, heard_at: datetime | None = None
) -> bool:
    """Take or keep the lease; False where another listens. `heard_at`: the last event of it."""
    async with open_work() as work:
        await keeping.know(work, code)
        taken = await work.run(
            update(TradingServer)
            .where(
                TradingServer.code == code,
                or_(
                    TradingServer.listener.is_(None),
                    TradingServer.listener == holder,
                    TradingServer.listened_until < work.now,
                ),
            )
            .values(
                listener=holder,
                listened_until=work.now + LEASE,
                **({} if heard_at is None else {"event_at": heard_at}),
            )
            .returning(TradingServer.code)
        )
        return taken.first() is not None


async def let_go(open_work: OpenWork, code: str, holder: UUID) -> None:
    """Give the lease back, so that the next listener need not wait for its end."""
    async with open_work() as work:
        await work.run(
            update(TradingServer)
            .where(TradingServer.code == code, TradingServer.listener == holder)
            .values(listener=None, listened_until=None)
        )


async def listen(open_work: OpenWork, code: str, holder: UUID) -> None:
    """Stream after stream while the lease is ours; every beginning asks everything again."""
    ear, pause_s = Ear(), _PAUSE_S
    asking = asyncio.create_task(_ask(open_work, code, ear))
    try:
        while await hold(open_work, code, holder):
            began = asyncio.get_running_loop().time()
            try:
                await _hear(open_work, code, holder, ear)
            except Refusal as why:
                log.info("stream broke", server=code, why=why.code)
            lasted = asyncio.get_running_loop().time() - began
            pause_s = _PAUSE_S if lasted > _PAUSE_MOST_S else min(pause_s * 2, _PAUSE_MOST_S)
            await asyncio.sleep(pause_s)
    except Exception:
        # The next sweep takes the server up again, here or in another worker.
        log.exception("listening ended", server=code)
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await asyncio.shield(let_go(open_work, code, holder))


async def _hear(open_work: OpenWork, code: str, holder: UUID, ear: Ear) -> None:
    """One stream to its end, or to that of the lease, or of the settings it was opened with."""
    async with open_work() as work:
        connector = await servers.connect(work, code)
    ear.counting = not connector.capabilities.push
    if not ear.counting:
        ear.ask_everything()
    hearing = asyncio.create_task(_read(connector, ear))
    holding = asyncio.create_task(_stay(open_work, code, holder, connector, ear))
    try:
        done, _ = await asyncio.wait({hearing, holding}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (hearing, holding):
            task.cancel()
        await asyncio.gather(hearing, holding, return_exceptions=True)
    for task in done:
        task.result()


async def _read(connector: TradingConnector, ear: Ear) -> None:
    if ear.counting:
        await _count(connector, ear)
        return
    async for news in connector.stream():
        ear.hear(news)


async def _count(connector: TradingConnector, ear: Ear) -> None:
    """Ask for the server's count again and again; what came before the first is asked for as well."""
    before = await connector.moved()
    ear.move(0)
    while True:
        await asyncio.sleep(_COUNT_S if before is not None else _BLIND_S)
        now = await connector.moved()
        if now is None or before is None:
            ear.move(0)
        elif now != before:
            ear.move(max(0, now - before))
        before = now


async def _stay(
    open_work: OpenWork, code: str, holder: UUID, connector: TradingConnector, ear: Ear
) -> None:
    """Renew the lease until it is another's, or the server is connected in another way."""
    while True:
        await asyncio.sleep(RENEW_S)
        if not await hold(open_work, code, holder, ear.heard_at):
            return
        async with open_work() as work:
            if await servers.connect(work, code) is not connector:
                return


async def _ask(open_work: OpenWork, code: str, ear: Ear) -> None:
    """Ask about what was heard, the named logins before everything else.

    What could not be asked is asked again with everything, after a pause that grows.
    """
    pause_s = _PAUSE_S
    while True:
        await ear.rung.wait()
        ear.rung.clear()
        try:
            await _named(open_work, code, ear)
            await _lively(open_work, code, ear)
            if ear.everything:
                ear.everything = False
                await _everything(open_work, code, ear)
            pause_s = _PAUSE_S
        except Refusal as why:
            log.info("could not ask", server=code, why=why.code)
            ear.again()
        except Exception:
            log.exception("asking failed", server=code)
            ear.again()
        if ear.everything:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_MOST_S)
            ear.rung.set()


async def _named(open_work: OpenWork, code: str, ear: Ear) -> None:
    while logins := ear.some():
        chosen = select(TradingAccount).where(sync.of(code), TradingAccount.login.in_(logins))
        await sync.turn(open_work, code, chosen, due=True)


async def _lively(open_work: OpenWork, code: str, ear: Ear) -> None:
    """Who made the deals that were counted: likely one of those who traded last."""
    if ear.moved is None:
        return
    made, ear.moved = ear.moved, None
    now = datetime.now(UTC)
    there = and_(sync.of(code), TradingAccount.missing_since.is_(None))
    newest = TradingAccount.deals_at.desc().nulls_last()
    lively = select(TradingAccount).where(there, sync.lately(now)).order_by(newest)
    found = await sync.turn(open_work, code, lively.limit(_LIVELY_MOST), due=False)
    rested = ear.looked_further is None or now - ear.looked_further > _FURTHER
    if found.fresh < made and rested:
        ear.looked_further = now
        asked = [row.id for row in found.rows]
        quiet = select(TradingAccount).where(there, TradingAccount.id.not_in(asked))
        await sync.turn(open_work, code, quiet.order_by(newest).limit(_FURTHER_MOST), due=False)


async def _everything(open_work: OpenWork, code: str, ear: Ear) -> None:
    """Every account's deals since its cursor, page by page; who rings meanwhile goes first."""
    last: UUID | None = None
    while True:
        await _named(open_work, code, ear)
        chosen = select(TradingAccount).where(sync.of(code))
        if last is not None:
            chosen = chosen.where(TradingAccount.id > last)
        page = chosen.order_by(TradingAccount.id).limit(_PAGE)
        rows = (await sync.turn(open_work, code, page, due=False)).rows
        if len(rows) < _PAGE:
            return
        last = rows[-1].id
