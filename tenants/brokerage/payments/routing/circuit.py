"""When a provider gets no new payments, and how its share comes back. Pure; time is given.

Closed, then open on errors or slowness; after a pause the connection is tried; when it holds, the
share returns step by step, and the first trouble on the way opens it again for twice as long.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from brokerage.payments.routing.terms import Breaker

Circuit = Literal["closed", "open", "returning"]
Cause = Literal["in-a-row", "errors", "slow"]
_PATIENCE = 4


@dataclass(frozen=True, slots=True)
class Calls:
    """What all processes saw of a provider since a moment; `row` are failures in a row, newest."""

    calls: int = 0
    failures: int = 0
    slow: int = 0
    row: int = 0


@dataclass(frozen=True, slots=True)
class Stand:
    """`share` in percent; `next_at` is when it is tried or takes the next step."""

    circuit: Circuit = "closed"
    share: int = 100
    next_at: datetime | None = None
    pause_s: int = 0


def trips(limits: Breaker, seen: Calls) -> Cause | None:
    """Why a closed circuit opens, if it does."""
    if seen.row >= limits.in_a_row:
        return "in-a-row"
    if seen.calls < limits.least_calls:
        return None
    if seen.failures * 100 >= limits.error_percent * seen.calls:
        return "errors"
    return "slow" if seen.slow * 100 >= limits.slow_percent * seen.calls else None


def opened(limits: Breaker, was: Stand, now: datetime) -> Stand:
    """Open, for twice as long as the last time when it had not come back in between."""
    pause = limits.open_s if was.circuit == "closed" else max(was.pause_s * 2, limits.open_s)
    pause = min(pause, limits.longest_open_s)
    return Stand("open", 0, now + timedelta(seconds=pause), pause)


def tried(limits: Breaker, was: Stand, now: datetime, *, fine: bool) -> Stand:
    """After the connection was tried: the first step back, or a longer pause."""
    if not fine:
        return opened(limits, was, now)
    if not limits.steps:
        return Stand()
    return _at(limits, limits.steps[0], was.pause_s, now)


def stepped(
    limits: Breaker, was: Stand, since: datetime, seen: Calls, now: datetime
) -> Stand | None:
    """Where a returning circuit goes by what was seen `since` its step began; None: it waits."""
    if seen.failures or (seen.calls >= limits.step_paid and seen.slow == seen.calls):
        return opened(limits, was, now)
    if was.next_at is None or now < was.next_at:
        return None
    patience = timedelta(seconds=limits.step_s * _PATIENCE)
    if seen.calls < limits.step_paid and now - since < patience:
        return None
    higher = [step for step in limits.steps if step > was.share]
    return _at(limits, higher[0], was.pause_s, now) if higher else Stand()


def _at(limits: Breaker, share: int, pause_s: int, now: datetime) -> Stand:
    return Stand("returning", share, now + timedelta(seconds=limits.step_s), pause_s)
