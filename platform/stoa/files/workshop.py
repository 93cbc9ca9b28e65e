"""Have an upload opened and made anew by a process that may die of it, and only by that."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Final

import msgspec

from stoa.files import inspection
from stoa.files.inspection import ANY, Inspected, Kind
from stoa.files.prepared import Order, Prepared, Refused, Reply
from stoa.kernel.refusals import Invalid, Unavailable

AT_ONCE: Final = 2
MOST_WAITING: Final = 32
WALL_S: Final = 40
LARGEST_REPLY: Final = 96 * 1024 * 1024
_CHUNK: Final = 1 << 18


class Workshop:
    """Opens at most two uploads at a time in each process of ours; others wait their turn."""

    def __init__(self, *, at_once: int = AT_ONCE, wall_s: float = WALL_S) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._wall_s = wall_s

    async def prepare(
        self,
        content: bytes,
        name: str = "",
        *,
        accept: frozenset[Kind] = ANY,
        keep_alpha: bool = False,
        longest_side: int | None = None,
    ) -> tuple[Inspected, Prepared]:
        """Check an upload and make it anew. Raises Invalid, TooLarge or Unavailable."""
        seen = inspection.inspect(content, name, accept=accept)
        order = Order(kind=seen.kind, content=content, keep_alpha=keep_alpha)
        if longest_side:
            order = msgspec.structs.replace(order, longest_side=longest_side)
        if self._waiting >= MOST_WAITING:
            raise Unavailable("Many files are being read right now. Try again in a minute.")
        self._waiting += 1
        try:
            async with self._turns:
                reply = await self._opened(order)
        finally:
            self._waiting -= 1
        if isinstance(reply, Refused):
            raise Invalid(reply.sentence, code=reply.code, field="file", **reply.places)
        return seen, reply

    async def _opened(self, order: Order) -> Reply:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "stoa.files.worker",
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={"LANG": "C.UTF-8"}, cwd="/",
            start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._wall_s):
                _, said = await asyncio.gather(_feed(process, order), _heard(process))
                await process.wait()
        except TimeoutError:
            raise _too_much() from None
        finally:
            await _ended(process)
        if process.returncode or not said:
            raise _too_much()
        return _read(said)


async def _feed(process: Process, order: Order) -> None:
    assert process.stdin is not None  # noqa: S101 - asked for as a pipe
    try:
        process.stdin.write(msgspec.msgpack.encode(order))
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # It died of what it read so far; its exit says so.
    finally:
        process.stdin.close()


async def _heard(process: Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - asked for as a pipe
    said = bytearray()
    while chunk := await process.stdout.read(_CHUNK):
        said += chunk
        if len(said) > LARGEST_REPLY:
            process.kill()
            return b""
    return bytes(said)


async def _ended(process: Process) -> None:
    """No child outlives the request that asked for it, also when that was cancelled."""
    if process.returncode is None:
        process.kill()
    await process.wait()


def _read(said: bytes) -> Reply:
    try:
        reply: Reply = msgspec.msgpack.decode(said, type=Reply)
    except msgspec.MsgspecError:
        raise _too_much() from None
    return reply


def _too_much() -> Invalid:
    return Invalid(
        "This file takes too long or too much memory to open. Send a photo of the page, or a PDF "
        "saved anew.",
        code="file-too-much",
        field="file",
    )
