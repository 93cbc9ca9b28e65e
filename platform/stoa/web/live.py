"""Live updates: a screen hears that something changed and fetches its own fragment again.

Events carry a topic's name and nothing else, so what a reader sees is decided where it is read.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Final
from uuid import UUID

from litestar.response import ServerSentEvent, ServerSentEventMessage
from redis.asyncio import Redis
from redis.exceptions import RedisError

_QUIET_S: Final = 15
_LONGEST_S: Final = 3600


def channel(tenant: UUID) -> str:
    return f"t:{tenant}:live"


async def publish(redis: Redis, tenant: UUID, topics: Iterable[str]) -> None:
    async with redis.pipeline(transaction=False) as pipe:
        for topic in topics:
            pipe.publish(channel(tenant), topic)
        await pipe.execute()


class Listeners:
    """One Valkey subscription per tenant and process, shared by all its open screens."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queues: dict[UUID, set[asyncio.Queue[str]]] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def stream(self, tenant: UUID, wanted: Iterable[str]) -> ServerSentEvent:
        """Events whose topic is wanted; a wanted topic ending in `*` is a prefix.

        A screen sees the part after `|` of a topic, so `client:<id>|wallets` arrives as `wallets`.
        """
        return ServerSentEvent(self._events(tenant, tuple(wanted)))

    async def _events(
        self, tenant: UUID, wanted: tuple[str, ...]
    ) -> AsyncIterator[ServerSentEventMessage]:
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=200)
        self._queues.setdefault(tenant, set()).add(queue)
        if tenant not in self._tasks or self._tasks[tenant].done():
            self._tasks[tenant] = asyncio.create_task(self._pump(tenant))
        try:
            yield ServerSentEventMessage(data="hello")
            ends = asyncio.get_running_loop().time() + _LONGEST_S
            while asyncio.get_running_loop().time() < ends:
                try:
                    topic = await asyncio.wait_for(queue.get(), _QUIET_S)
                except TimeoutError:
                    yield ServerSentEventMessage(comment="quiet")
                    continue
                scope, _, name = topic.partition("|")
                if any(_fits(scope, pattern) for pattern in wanted):
                    yield ServerSentEventMessage(data=name or scope)
        finally:
            self._queues[tenant].discard(queue)

    async def _pump(self, tenant: UUID) -> None:
        while self._queues.get(tenant):
            with contextlib.suppress(RedisError, OSError):
                async with self._redis.pubsub() as heard:
                    await heard.subscribe(channel(tenant))
                    while self._queues.get(tenant):
                        message = await heard.get_message(
                            ignore_subscribe_messages=True, timeout=5.0
                        )
                        if message is not None:
                            self._spread(tenant, message["data"] or b"")
            await asyncio.sleep(1)

    def _spread(self, tenant: UUID, data: bytes | str) -> None:
        topic = data.decode() if isinstance(data, bytes) else data
        for queue in self._queues.get(tenant, ()):
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(topic)


def _fits(scope: str, pattern: str) -> bool:
    return scope.startswith(pattern[:-1]) if pattern.endswith("*") else scope == pattern
