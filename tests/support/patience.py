"""Waiting for what must come: by a condition, and so long that only what never comes is missed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

DAY_S: Final = 86_400
LONGEST_S: Final = 120
"""A machine five times slower than ours, with a neighbour, is still done by then."""


async def until(
    true: Callable[[], bool | Awaitable[bool]],
    within_s: float = LONGEST_S,
    *,
    every_s: float = 0.02,
) -> None:
    """Wait until a thing is so; who asks something costly asks less often."""
    end = time.monotonic() + within_s
    while True:
        said = true()
        if said if isinstance(said, bool) else await said:
            return
        assert time.monotonic() < end, "it did not come to pass"
        await asyncio.sleep(every_s)


def day_ends_in(at: float) -> float:
    """Seconds from a Unix time to the end of its day in UTC, the day of the tenants in tests."""
    return DAY_S - at % DAY_S
