"""Connectors that hold a connection are opened once per process and kept until they change."""

import asyncio
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

_CLOSING_S: Final = 5.0


class Closable(Protocol):
    async def aclose(self) -> None: ...


T = TypeVar("T", bound=Closable)


class Kept(Generic[T]):
    """At most one open connector per key; another version replaces and closes the older one."""

    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[Hashable, T]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def of(self, key: Hashable, version: Hashable, make: Callable[[], T]) -> T:
        """The connector of `key`; made anew when `version` (of settings and secrets) has changed."""
        held = self._held.get(key)
        if held is not None and held[0] == version:
            return held[1]
        made = make()
        self._held[key] = (version, made)
        if held is not None:
            self._close_soon(held[1])
        return made

    async def aclose(self) -> None:
        for _, one in self._held.values():
            self._close_soon(one)
        self._held.clear()
        await asyncio.gather(*self._closing)

    def _close_soon(self, one: T) -> None:
        task = asyncio.ensure_future(_close(one))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _close(one: Closable) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSING_S):
            await one.aclose()
