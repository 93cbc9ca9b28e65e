"""After a commit: tell the relay which tenant has told something, and wake the screens."""

import asyncio
from typing import Final

from redis.asyncio import Redis

from stoa.tenancy.registry import TenantRef
from stoa.web.live import channel

RUNG: Final = "stoa:rung"
"""A list of tenant ids; the relay waits on it. Losing it costs one sweep, never a fact."""
_LONGEST: Final = 10_000
WAIT_S: Final = 1.0
"""A Valkey that answers later than this counts as lost: nobody's answer waits for a bell."""


class Bell:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def __call__(self, tenant: TenantRef, told: bool, topics: set[str]) -> None:
        async with asyncio.timeout(WAIT_S), self._redis.pipeline(transaction=False) as pipe:
            if told:
                pipe.lpush(RUNG, str(tenant.id))
                pipe.ltrim(RUNG, 0, _LONGEST)
            for topic in sorted(topics):
                pipe.publish(channel(tenant.id), topic)
            await pipe.execute()
