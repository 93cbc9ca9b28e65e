"""Connections evenly over the web processes of a machine.

A kept connection stays with the process that accepted it, and the kernel wakes the same idle one
again and again: of eight connections one process held seven, and who was served by it waited three
times as long. Whoever holds more than another answers with `connection: close` now and then; the
caller comes anew and is taken by whichever process is free (RFC 9112, 9.6).
"""

import mmap
import os
import struct
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[..., Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

_SLOTS: Final = 64
_SLOT: Final = struct.Struct("=qqd")
_ALIVE_S: Final = 3.0
"""A connection without a request for so long is no burden, and a process neither."""
_EVERY_S: Final = 0.1
_STREAM: Final = b"text/event-stream"


class Shares:
    """What each process holds, in memory that all have in common: made before they are forked."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT.size)

    def tell(self, held: int, now: float) -> None:
        pid = os.getpid()
        _SLOT.pack_into(self._memory, pid % _SLOTS * _SLOT.size, pid, held, now)

    def fewest(self, now: float) -> int | None:
        """What the least burdened other process holds; None where there is no other."""
        me = os.getpid()
        others = [
            held
            for pid, held, at in _SLOT.iter_unpack(self._memory[:])
            if pid not in {0, me} and now - at < _ALIVE_S
        ]
        return min(others, default=None)


class Evenly:
    """An application whose connections are spread over all processes that share `shares`."""

    def __init__(self, app: App, shares: Shares) -> None:
        self._app = app
        self._shares = shares
        self._seen: dict[Any, float] = {}
        self._closed_at = 0.0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["http_version"].startswith("1"):
            await self._app(scope, receive, send)
            return
        line = tuple(scope["client"] or ())
        self._seen[line] = time.monotonic()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and self._too_many(message):
                self._seen.pop(line, None)
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, answer)

    def _too_many(self, message: Message) -> bool:
        now = time.monotonic()
        if now - self._closed_at < _EVERY_S:
            return False
        self._seen = {line: at for line, at in self._seen.items() if now - at < _ALIVE_S}
        held = len(self._seen)
        self._shares.tell(held, now)
        fewest = self._shares.fewest(now)
        if fewest is None or held <= fewest + 1:
            return False
        if any(value.startswith(_STREAM) for _, value in message.get("headers", ())):
            return False
        self._closed_at = now
        return True
