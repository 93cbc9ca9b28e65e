"""The job: a few logins a turn, so that no tenant waits for another's, and any turn can be repeated.

Nothing is half applied: each login's account, history and opening balance are one transaction, and a
login that has an account already is left alone. A server that does not answer stops the turn; the
next one goes on where it stopped.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from brokerage.trading import servers
from brokerage.trading.connector import TradingConnector
from brokerage.trading.events import ImportGoesOn
from brokerage.trading.importing import comparing, lines, looking, state, taking
from brokerage.trading.importing.lines import Line, Verdict
from brokerage.trading.importing.state import UNDER_WAY, State
from stoa.kernel.refusals import Refusal, Unavailable
from stoa.tenancy.door import OpenWork

_READ_AT_ONCE: Final = 4
_READ: Final = 200
_TAKEN: Final = 20
_COMPARED: Final = 200


async def go_on(open_work: OpenWork, fact: ImportGoesOn) -> None:
    """One turn of a server's import; tells the next one when there is more to do."""
    async with open_work() as work:
        row = await state.locked(work, fact.server)
        now = state.of(row)
        if now is None or now.turn != fact.turn or now.stage not in UNDER_WAY:
            return
        told = state.report(work, row)
        connector = await servers.connect(work, fact.server)
    if now.stage == "looking":
        await _look(open_work, fact, connector, now, told)
    elif now.stage == "taking":
        await _take(open_work, fact, connector, now, told)
    else:
        left = [one for one in told if one.verdict is Verdict.MADE and not one.books][:_COMPARED]
        changed = await comparing.compare(open_work, fact.server, connector, left)
        more = [one for one in told if one.verdict is Verdict.MADE and not one.books]
        stage: state.Stage = "done" if len(more) <= len(left) else "comparing"
        await _write(open_work, fact, now, told, changed, stage)


async def _take(
    open_work: OpenWork,
    fact: ImportGoesOn,
    connector: TradingConnector,
    now: State,
    told: list[Line],
) -> None:
    """Some logins, one after another; what was done before a server fell silent is written down."""
    left = [one for one in told if one.verdict is Verdict.MAKE]
    changed: list[Line] = []
    try:
        for one in left[:_TAKEN]:
            changed.append(await taking.take(open_work, fact.server, connector, now, one))
    except Unavailable:
        if not changed:
            raise
    done = len(changed) == len(left)
    await _write(open_work, fact, now, told, changed, "comparing" if done else "taking")


async def _look(
    open_work: OpenWork,
    fact: ImportGoesOn,
    connector: TradingConnector,
    now: State,
    told: list[Line],
) -> None:
    if not told:
        try:
            logins = await connector.list_logins(now.options.groups or ("*",))
        except Refusal as why:
            await _failed(open_work, fact, now, str(why))
            return
        fresh = [Line(login) for login in logins[: lines.MOST]]
        await _write(open_work, fact, now, fresh, fresh, "looking" if fresh else "looked")
        return
    unread = [one for one in told if one.verdict is Verdict.UNREAD]
    read = await looking.read(connector, unread[:_READ], _READ_AT_ONCE)
    changed = await looking.judge(open_work, fact.server, now.options, read)
    await _write(
        open_work, fact, now, told, changed, "looking" if len(unread) > _READ else "looked"
    )


async def _write(
    open_work: OpenWork,
    fact: ImportGoesOn,
    now: State,
    told: Sequence[Line],
    changed: Sequence[Line],
    stage: state.Stage,
) -> None:
    """The report with what changed, and the next turn. A turn that was overtaken writes nothing."""
    fresh = {one.login: one for one in changed}
    async with open_work() as work:
        row = await state.locked(work, fact.server)
        held = state.of(row)
        if held is None or held.turn != now.turn:
            return
        turn = now.turn + 1 if stage in UNDER_WAY else now.turn
        after = msgspec.structs.replace(now, stage=stage, turn=turn)
        state.keep(work, row, after, [fresh.get(one.login, one) for one in told])
        if stage in UNDER_WAY:
            work.tell(ImportGoesOn(server=fact.server, turn=turn))
        else:
            work.record("server.import.stands", server=fact.server, stage=stage)


async def _failed(open_work: OpenWork, fact: ImportGoesOn, now: State, why: str) -> None:
    async with open_work() as work:
        row = await state.locked(work, fact.server)
        held = state.of(row)
        if held is not None and held.turn == now.turn:
            state.keep(work, row, msgspec.structs.replace(now, stage="failed", why=why[:400]))


async def run_through(open_work: OpenWork, server: str, patience_s: float = 3600) -> State | None:
    """All turns one after another, for the command; where a worker is quicker, its turns count."""
    async with asyncio.timeout(patience_s):
        while True:
            async with open_work() as work:
                now = state.of(await state.locked(work, server))
            if now is None or now.stage not in UNDER_WAY:
                return now
            await go_on(open_work, ImportGoesOn(server=server, turn=now.turn))
