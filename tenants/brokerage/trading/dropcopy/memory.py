"""A session's memory: its row is locked for every step, so that one process alone can take one.

A step is one transaction: messages, numbers, executions and the deals they come to. A process that
dies before the commit has taken nothing, and is sent it again; after it, what comes again is known.
"""

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from brokerage.trading.connectors.fix import FixDropCopy, executions
from brokerage.trading.connectors.fix.executions import Bent, Execution
from brokerage.trading.connectors.fix.numbers import Kept, Numbers, Step
from brokerage.trading.connectors.fix.session import Phase, Session
from brokerage.trading.dropcopy import marking, taking
from brokerage.trading.dropcopy.booking import Books
from brokerage.trading.dropcopy.filed import Filed
from brokerage.trading.dropcopy.model import INCIDENTS_MOST, FixMessage, FixSession
from brokerage.trading.keeping import LAGS
from brokerage.trading.model import QuarantinedDeal, TradingServer
from brokerage.trading.settings import TradingSettings
from brokerage.trading.values import Deal
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

LEASE: Final = timedelta(seconds=15)
_TOUCH_S: Final = 3.0
_STATES: Final = {
    Phase.IDLE: "down",
    Phase.LOGON: "logon",
    Phase.OPEN: "open",
    Phase.LOGOUT: "open",
    Phase.OVER: "down",
}
_UNKEPT: Final = frozenset({"0", "1"})
"""Signs of life, which hold nothing: their numbers count, they themselves are not stored."""


class Lost(Conflict):
    """The session is another process's now, or its settings changed: hang up."""

    kind = "fix-session-lost"


class Stored:
    """The memory of one server's session, for as long as `holder` holds it."""

    def __init__(
        self, open_work: OpenWork, code: str, holder: UUID, connector: FixDropCopy, version: Any
    ) -> None:
        self._open_work = open_work
        self._code = code
        self._holder = holder
        self._connector = connector
        self._version = version
        self._touched = 0.0
        self._logged_on = False

    async def recall(self, day: date) -> tuple[Numbers, bool]:
        """The kept numbers; by agreement they begin anew with each session's day."""
        policy = self._connector.settings.numbers
        async with self._open_work() as work:
            row = await self._locked(work)
            anew = row.anew
            if row.day != day:
                turned = row.day is not None or policy == "by-logon"
                if turned and policy == "by-session":
                    row.epoch, row.next_in, row.next_out = row.epoch + 1, 1, 1
                anew = anew or (turned and policy == "by-logon")
                row.day = day
            return Numbers(row.next_in, row.next_out, row.epoch), anew

    async def keep(self, step: Step, session: Session) -> None:
        """Store a step and renew the hold; a quiet one is noted every few seconds only."""
        quiet = not step.matters and not step.over
        if quiet and time.monotonic() - self._touched < _TOUCH_S:
            return
        faultpoint("fix.heard")
        async with self._open_work() as work:
            row = await self._locked(work)
            done = await self._store(work, row, step)
            self._note(work, row, step, session)
            await self._server(work, row, step, len(done))
        faultpoint("fix.kept")
        self._touched = time.monotonic()
        if done:
            self._connector.kept(done)

    async def sent(self, epoch: int, begin: int, end: int) -> Sequence[tuple[int, bytes]]:
        async with self._open_work() as work:
            rows = await work.table(
                select(FixMessage.seq, FixMessage.raw)
                .where(
                    FixMessage.server == self._code,
                    FixMessage.epoch == epoch,
                    FixMessage.outward,
                    FixMessage.seq.between(begin, end),
                    FixMessage.kind.in_(("3", "j")),
                )
                .order_by(FixMessage.seq)
                .limit(1_000)
            )
        return [(row.seq, bytes(row.raw)) for row in rows]

    async def _locked(self, work: Work) -> FixSession:
        row = await work.lock(FixSession, self._code)
        if row.held_by != self._holder:
            raise Lost("Another process holds this session.")
        server = work.settings(TradingSettings).server(self._code)
        if server != self._version:
            raise Lost("The session's settings changed.")
        row.held_until = work.now + LEASE
        return row

    async def _store(self, work: Work, row: FixSession, step: Step) -> list[Deal]:
        """Messages with what they told; the deals that came of it."""
        read = [_Read.of(one, work.now) for one in step.kept if one.kind not in _UNKEPT]
        told = [each for one in read for each in one.executions]
        known = await _known(work, self._code, told)
        values: list[dict[str, Any]] = []
        fresh: list[Execution | None] = []
        for one in read:
            for part, execution in enumerate(one.executions or [None]):
                told_once = _first(execution, known)
                row.repeated += execution is not None and told_once is None
                values.append(_values(self._code, one.kept, part, told_once, work.now))
                fresh.append(told_once)
            if one.why:
                _put_aside(work, self._code, one)
        if not values:
            return []
        ids = await work.run(
            insert(FixMessage).returning(FixMessage.id, sort_by_parameter_order=True), values
        )
        filed = [
            Filed(int(number), execution)
            for number, execution in zip(ids.scalars(), fresh, strict=True)
            if execution is not None
        ]
        if not filed:
            return []
        return await taking.apply(Books(work, row, self._connector.settings), filed)

    def _note(self, work: Work, row: FixSession, step: Step, session: Session) -> None:
        numbers = session.numbers
        state = _STATES[session.phase]
        if state != row.state or step.incidents:
            work.announce("desk|servers")
        row.epoch, row.next_in, row.next_out = numbers.epoch, numbers.next_in, numbers.next_out
        row.state = state
        if state == "open" and not self._logged_on:
            self._logged_on = True
            row.logged_on_at, row.anew, row.tries, row.error = work.now, False, 0, None
        if step.heard:
            row.heard_at = work.now
        row.gap_from, row.gap_to = session.gap or (None, None)
        row.garbled += step.garbled
        if step.incidents:
            row.incidents = with_incidents(row.incidents, step.incidents, work.now)

    async def _server(self, work: Work, row: FixSession, step: Step, deals: int) -> None:
        values: dict[str, Any] = {}
        lag = _lag_ms(step)
        if row.state == "open":
            values = {"state": "ok", "ok_at": work.now, "error": None}
        if deals:
            values |= {"deals_seen": TradingServer.deals_seen + deals, "event_at": work.now}
            if lag is not None:
                held = await work.first(
                    select(TradingServer.behind).where(TradingServer.code == self._code)
                )
                values["behind"] = [*(held or []), lag][-LAGS:]
        if values:
            await work.run(
                update(TradingServer).where(TradingServer.code == self._code).values(**values)
            )
        if not deals and row.state == "open":
            await marking.mark(work, self._code)


class _Read:
    """A kept message and the executions in it, or why there are none to believe."""

    def __init__(self, kept: Kept, found: list[Execution], why: str) -> None:
        self.kept = kept
        self.executions = found
        self.why = why

    @classmethod
    def of(cls, kept: Kept, now: datetime) -> "_Read":
        if kept.message is None:
            return cls(kept, [], "")
        if kept.message.bent:
            return cls(kept, [], kept.message.bent)
        try:
            return cls(kept, executions.read(kept.message, now), "")
        except Bent as why:
            return cls(kept, [], str(why))


def _first(execution: Execution | None, known: set[tuple[str, date]]) -> Execution | None:
    """The execution, unless its name was told before."""
    if execution is None or (execution.exec_id, execution.day) in known:
        return None
    known.add((execution.exec_id, execution.day))
    return execution


async def _known(work: Work, server: str, told: Sequence[Execution]) -> set[tuple[str, date]]:
    if not told:
        return set()
    rows = await work.table(
        select(FixMessage.exec_id, FixMessage.exec_day).where(
            FixMessage.server == server,
            tuple_(FixMessage.exec_id, FixMessage.exec_day).in_(
                [(one.exec_id, one.day) for one in told]
            ),
        )
    )
    return {(row.exec_id, row.exec_day) for row in rows}


def _values(
    server: str, kept: Kept, part: int, execution: Execution | None, now: datetime
) -> dict[str, Any]:
    return {
        "server": server,
        "epoch": kept.epoch,
        "outward": kept.outward,
        "seq": kept.seq,
        "part": part,
        "kind": kept.kind[:8],
        "raw": kept.raw,
        "at": now,
        "exec_id": execution.exec_id if execution else None,
        "exec_day": execution.day if execution else None,
        "account": execution.account if execution else None,
        "what": str(execution.what) if execution else None,
    }


def _put_aside(work: Work, server: str, one: _Read) -> None:
    message = one.kept.message
    account = executions.account_of(message) if message else ""
    shown = one.kept.raw[:2000].decode("utf-8", "replace").replace("\x01", "|").replace("\0", "?")
    work.add(
        QuarantinedDeal(
            id=uuid7(),
            server=server,
            login=0,
            raw=shown,
            why=(f"{account}: {one.why}" if account else one.why)[:400],
            at=work.now,
        )
    )
    work.announce("desk|servers")


def with_incidents(
    known: Sequence[dict[str, Any]], fresh: Sequence[str], now: datetime
) -> list[dict[str, Any]]:
    """The last incidents, newest first; one that repeats itself is counted, not listed again."""
    found = [dict(one) for one in known]
    for text in fresh:
        if found and found[0]["text"] == text[:300]:
            found[0] = found[0] | {"times": found[0]["times"] + 1, "at": now.isoformat()}
        else:
            found.insert(0, {"text": text[:300], "at": now.isoformat(), "times": 1})
    return found[:INCIDENTS_MOST]


def _lag_ms(step: Step) -> int | None:
    """From the sending of the newest report of this step to its being kept."""
    sent = [
        executions.moment(one.message.get(52))
        for one in step.kept
        if one.message is not None and one.kind in {"8", "AE"} and not one.message.flag(43)
    ]
    known = [one for one in sent if one is not None]
    if not known:
        return None
    return int((datetime.now(UTC) - max(known)).total_seconds() * 1000)
