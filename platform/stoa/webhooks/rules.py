"""When to try again, how long to leave an endpoint alone, what belongs together."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from stoa.events.facts import Fact, to_body

BACK_OFF: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 72_000)
)
"""Pauses between tries: eleven tries over three days."""
GIVE_UP: Final = timedelta(days=3)
IN_A_ROW: Final = 5
"""Failures after which an endpoint is left alone; one delivery then probes whether it is back."""
_FIRST_REST: Final = timedelta(seconds=30)
_LONGEST_REST: Final = timedelta(hours=1)
_GONE: Final = 410


def next_try(tries: int, waited: timedelta) -> timedelta | None:
    """How long to wait after this many failed tries; None when it is a dead letter."""
    if tries > len(BACK_OFF) or waited >= GIVE_UP:
        return None
    return BACK_OFF[tries - 1]


def rest(failures: int) -> timedelta | None:
    """How long to leave an endpoint alone after so many failures in a row, doubling to an hour."""
    if failures < IN_A_ROW:
        return None
    return min(_FIRST_REST * (1 << min(failures - IN_A_ROW, 10)), _LONGEST_REST)


def heard(status: int) -> bool:
    """Any 2xx is a receipt; redirects are not followed and are none."""
    return 200 <= status < 300


def gone(status: int) -> bool:
    """The receiver says, for good, that nobody is there."""
    return status == _GONE


def about(told: Fact) -> str:
    """The object a fact is about: its first id, by which deliveries keep their order."""
    for name, value in to_body(told).items():
        if isinstance(getattr(told, name), UUID):
            return f"{name}:{value}"[:80]
    return type(told).kind[:80]
