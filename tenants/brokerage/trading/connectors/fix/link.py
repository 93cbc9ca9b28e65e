"""One connection of a session over TCP: bytes in, a step stored, bytes out."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final, Protocol

from brokerage.trading.connectors.fix.codec import Framer, Garbled
from brokerage.trading.connectors.fix.hours import session_day
from brokerage.trading.connectors.fix.numbers import Numbers, Step
from brokerage.trading.connectors.fix.session import Phase, Session
from brokerage.trading.connectors.fix.settings import Settings
from stoa.kernel.refusals import Unavailable

_PIECE: Final = 256 * 1024
_TICK_S: Final = 0.5


class Memory(Protocol):
    """Where a session's numbers and messages are kept. Whoever holds it alone may log on."""

    async def recall(self, day: date) -> tuple[Numbers, bool]:
        """The numbers, and whether the logon is to begin them anew."""
        ...

    async def keep(self, step: Step, session: Session) -> None:
        """Store a step, whole or not at all; the hold on the session is renewed with it.

        Raises:
            Refusal: the session is somebody else's now, or its settings changed.
        """
        ...

    async def sent(self, epoch: int, begin: int, end: int) -> Sequence[tuple[int, bytes]]:
        """What we sent in a range that may be sent again, by number."""
        ...


class Opened(Protocol):
    """How a connection is made: `Egress.open_stream` through a line."""

    async def __call__(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


async def converse(
    settings: Settings,
    password: str,
    memory: Memory,
    connect: Opened,
    *,
    leaving: asyncio.Event | None = None,
    now: Callable[[], datetime] = utc_now,
) -> str:
    """Log on and listen until the session ends; why it did.

    Raises:
        Unavailable: no connection came about, or it broke.
        Refusal: `memory` would not keep what came.
    """
    day = session_day(settings, now())
    if day is None:
        return "between sessions"
    numbers, anew = await memory.recall(day)
    reader, writer = await connect()
    session = Session(settings, numbers, password)
    try:
        await _settle(session, session.begin(now(), anew=anew), memory, writer, now)
        framer, over = Framer(), ""
        while not over:
            step = await _heard(reader, framer, session, now)
            if session_day(settings, now()) != day or (leaving is not None and leaving.is_set()):
                session.leave("", now(), step)
            session.tick(now(), step)
            await _settle(session, step, memory, writer, now)
            over = step.over
    except (OSError, asyncio.IncompleteReadError) as why:
        raise Unavailable("The connection broke.", code="fix-broken") from why
    else:
        return over
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await writer.wait_closed()


async def _heard(
    reader: asyncio.StreamReader, framer: Framer, session: Session, now: Callable[[], datetime]
) -> Step:
    """What came within a moment, taken in its order."""
    step = Step()
    try:
        async with asyncio.timeout(_TICK_S):
            piece = await reader.read(_PIECE)
    except TimeoutError:
        return step
    if not piece:
        step.over = "the other side closed the connection"
        session.phase = Phase.OVER
        return step
    for one in framer.feed(piece):
        if isinstance(one, Garbled):
            session.garbled(one, step)
        else:
            session.take(one, now(), step)
    return step


async def _settle(
    session: Session,
    step: Step,
    memory: Memory,
    writer: asyncio.StreamWriter,
    now: Callable[[], datetime],
) -> None:
    """Store, then send. What is asked again is read from what was stored."""
    await memory.keep(step, session)
    for begin, end in step.resend:
        stored = await memory.sent(session.numbers.epoch, begin, end)
        session.fill(begin, end, stored, now(), step)
    if step.out:
        writer.write(bytes(step.out))
        await writer.drain()
