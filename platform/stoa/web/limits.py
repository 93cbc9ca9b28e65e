"""How often something may be tried, counted in Valkey by tenant and by what is tried.

Valkey lost means counters lost, never an action lost; account locks live in PostgreSQL.
"""

import asyncio
from typing import Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from stoa.kernel.refusals import TooMany

_WAIT_S: Final = 1.0


async def spend(redis: Redis, tenant: UUID | None, what: str, *, most: int, per_s: int) -> int:
    """Count one try; raises TooMany past `most` in a window of `per_s`. Returns what is left."""
    key = f"t:{tenant}:limit:{what}"
    try:
        async with asyncio.timeout(_WAIT_S), redis.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, per_s, nx=True)
            pipe.ttl(key)
            count, _, ttl = await pipe.execute()
    except (RedisError, OSError, TimeoutError):
        return most
    if count > most:
        raise TooMany(
            "Too many tries. Wait a little and try again. Nothing was changed.",
            retry_after_s=max(1, int(ttl)),
        )
    return most - int(count)
