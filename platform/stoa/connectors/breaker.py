"""The circuit breaker: stops calling a provider that does not answer, and tries again by itself.

A pure state machine: time is given to it, in seconds of any steady clock.
"""

from collections import deque
from enum import StrEnum
from typing import Final

import msgspec

_REMEMBERED: Final = 1000


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When to open and for how long. Slow answers count: a crawling provider is a dead one."""

    window_s: float = 60
    least_calls: int = 5
    error_rate: float = 0.5
    in_a_row: int = 3
    slow_s: float = 5
    slow_rate: float = 0.8
    open_s: float = 15
    longest_open_s: float = 300
    probes: int = 2


class BreakerView(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot for status pages. `opens_again_s` is how long until the next trial."""

    circuit: Circuit
    calls: int
    failures: int
    slow: int
    opened: int
    opens_again_s: float


class Breaker:
    """Ask `enter` before a call; tell the end with `succeeded`, `failed` or `abandoned`.

    A call that began before the breaker last opened says nothing about now: its ticket is old, and
    its end is ignored.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._calls: deque[tuple[float, bool, bool]] = deque()
        self._failures = 0
        self._slows = 0
        self._circuit = Circuit.CLOSED
        self._row = 0
        self._until = 0.0
        self._pause_s = self.limits.open_s
        self._probing = 0
        self._proved = 0
        self._opened = 0

    def enter(self, now: float) -> int | None:
        """A ticket for one call that may go out now, or None."""
        match self.circuit(now):
            case Circuit.OPEN:
                return None
            case Circuit.HALF_OPEN:
                self._circuit = Circuit.HALF_OPEN
                if self._probing + self._proved >= self.limits.probes:
                    return None
                self._probing += 1
            case Circuit.CLOSED:
                pass
        return self._opened

    def succeeded(self, ticket: int, now: float, took_s: float) -> None:
        if self._stale(ticket):
            return
        slow = took_s >= self.limits.slow_s
        if self._circuit is Circuit.HALF_OPEN:
            self._prove(now, slow=slow)
            return
        self._row = 0
        self._note(now, failed=False, slow=slow)

    def failed(self, ticket: int, now: float, took_s: float) -> None:
        if self._stale(ticket):
            return
        if self._circuit is Circuit.HALF_OPEN:
            self._open(now)
            return
        self._row += 1
        self._note(now, failed=True, slow=took_s >= self.limits.slow_s)

    def abandoned(self, ticket: int) -> None:
        """The call ended without telling anything about the provider, such as a cancellation."""
        if not self._stale(ticket) and self._circuit is Circuit.HALF_OPEN:
            self._probing -= 1

    def circuit(self, now: float) -> Circuit:
        if self._circuit is Circuit.OPEN and now >= self._until:
            return Circuit.HALF_OPEN
        return self._circuit

    def view(self, now: float) -> BreakerView:
        self._forget(now)
        return BreakerView(
            circuit=self.circuit(now),
            calls=len(self._calls),
            failures=self._failures,
            slow=self._slows,
            opened=self._opened,
            opens_again_s=max(0.0, self._until - now) if self._circuit is Circuit.OPEN else 0.0,
        )

    def _stale(self, ticket: int) -> bool:
        return ticket != self._opened or self._circuit is Circuit.OPEN

    def _prove(self, now: float, *, slow: bool) -> None:
        self._probing -= 1
        if slow:
            self._open(now)
            return
        self._proved += 1
        if self._proved >= self.limits.probes:
            self._close()

    def _note(self, now: float, *, failed: bool, slow: bool) -> None:
        self._calls.append((now, failed, slow))
        self._failures += failed
        self._slows += slow
        self._forget(now)
        calls = len(self._calls)
        enough = calls >= self.limits.least_calls
        if (
            self._row >= self.limits.in_a_row
            or (enough and self._failures >= self.limits.error_rate * calls)
            or (enough and self._slows >= self.limits.slow_rate * calls)
        ):
            self._open(now)

    def _forget(self, now: float) -> None:
        while self._calls and (
            self._calls[0][0] <= now - self.limits.window_s or len(self._calls) > _REMEMBERED
        ):
            _, failed, slow = self._calls.popleft()
            self._failures -= failed
            self._slows -= slow

    def _forget_all(self) -> None:
        self._calls.clear()
        self._failures = self._slows = 0

    def _open(self, now: float) -> None:
        again = self._circuit is Circuit.HALF_OPEN
        longer = min(self._pause_s * 2, self.limits.longest_open_s)
        self._pause_s = longer if again else self.limits.open_s
        self._circuit = Circuit.OPEN
        self._until = now + self._pause_s
        self._probing = self._proved = self._row = 0
        self._opened += 1
        self._forget_all()

    def _close(self) -> None:
        self._circuit = Circuit.CLOSED
        self._pause_s = self.limits.open_s
        self._probing = self._proved = self._row = 0
        self._forget_all()
