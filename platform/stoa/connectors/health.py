"""How a connector has been doing, as one process saw it: for status pages and routing."""

import math
from collections import deque
from datetime import datetime
from typing import Final

import msgspec

_SAMPLES: Final = 256
_TEXT: Final = 200


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot; latencies in milliseconds over the last calls that were answered."""

    calls: int
    failures: int
    last_success: datetime | None
    last_failure: datetime | None
    last_trouble: str | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class Health:
    """Counts and the last answered calls; constant memory however long it lives."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=_SAMPLES)
        self._calls = 0
        self._failures = 0
        self._last_success: datetime | None = None
        self._last_failure: datetime | None = None
        self._last_trouble: str | None = None

    def succeeded(self, at: datetime, took_s: float) -> None:
        self._calls += 1
        self._took.append(took_s)
        self._last_success = at

    def failed(self, at: datetime, trouble: str) -> None:
        """`trouble` is a code or a short sentence of ours, never what the other side wrote."""
        self._calls += 1
        self._failures += 1
        self._last_failure = at
        self._last_trouble = trouble[:_TEXT]

    def view(self) -> HealthView:
        ordered = sorted(self._took)
        return HealthView(
            calls=self._calls,
            failures=self._failures,
            last_success=self._last_success,
            last_failure=self._last_failure,
            last_trouble=self._last_trouble,
            p50_ms=_at(ordered, 0.50),
            p95_ms=_at(ordered, 0.95),
            p99_ms=_at(ordered, 0.99),
        )


def _at(ordered: list[float], share: float) -> float | None:
    """Nearest-rank percentile in milliseconds."""
    if not ordered:
        return None
    rank = math.ceil(share * len(ordered) - 1e-9) - 1
    return round(ordered[rank] * 1000, 1)
