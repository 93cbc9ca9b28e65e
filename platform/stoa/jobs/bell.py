"""After a commit: tell the relay which tenant has told something, and wake the screens."""

from typing import Final

from redis.asyncio import Redis

from stoa.tenancy.registry import TenantRef
from stoa.web.live import channel

RUNG: Final = "stoa:rung"
"""A list of tenant ids; the relay waits on it. Losing it costs one sweep, never a fact."""
_LONGEST: Final = 10_000


class Bell:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def __call__(self, tenant: TenantRef, told: bool, topics: set[str]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            if told:
                pipe.lpush(RUNG, str(tenant.id))
                pipe.ltrim(RUNG, 0, _LONGEST)
            for topic in sorted(topics):
                pipe.publish(channel(tenant.id), topic)
            await pipe.execute()
