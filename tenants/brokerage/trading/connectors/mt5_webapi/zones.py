"""The server's clock: local seconds since 1970 that pretend to be UTC, and the way to real UTC.

`auto` takes the offset measured now, which is an hour off for deals from the other half of the
year. A named rule is exact for any date: `ny+7` is New York's time plus seven hours, so that the
trading day ends at New York's close, which is how most servers of the trade are set.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stoa.kernel.refusals import Invalid

_FIXED: Final = re.compile(r"([+-])([01]\d):([0-5]\d)", re.ASCII)
_QUARTER_S: Final = 900
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock has no zone


class Clock(Protocol):
    """Both ways between an instant and the server's seconds."""

    def to_server(self, instant: datetime) -> int: ...

    def to_utc(self, server_s: int, ms: int = 0) -> datetime: ...


class Offset:
    """A fixed distance from UTC; `auto` replaces it whenever it is measured."""

    def __init__(self, offset_s: int = 0) -> None:
        self.offset_s = offset_s

    def to_server(self, instant: datetime) -> int:
        return int((instant - _EPOCH).total_seconds()) + self.offset_s

    def to_utc(self, server_s: int, ms: int = 0) -> datetime:
        return _EPOCH + timedelta(seconds=server_s - self.offset_s, milliseconds=ms)


class Zoned:
    """A zone's wall clock, shifted by whole hours."""

    def __init__(self, zone: tzinfo, shift: timedelta = timedelta()) -> None:
        self._zone = zone
        self._shift = shift

    def to_server(self, instant: datetime) -> int:
        wall = instant.astimezone(self._zone).replace(tzinfo=None) + self._shift
        return int((wall - _NAIVE_EPOCH).total_seconds())

    def to_utc(self, server_s: int, ms: int = 0) -> datetime:
        wall = _NAIVE_EPOCH + timedelta(seconds=server_s) - self._shift
        instant = wall.replace(tzinfo=self._zone).astimezone(UTC)
        return instant + timedelta(milliseconds=ms)


def named(rule: str) -> Clock:
    """The clock a setting asks for; for `auto` an Offset still to be measured.

    Raises:
        Invalid: no such rule or zone.
    """
    told = rule.strip()
    if told.lower() in {"auto", "utc"}:
        return Offset()
    if told.lower() == "ny+7":
        return Zoned(ZoneInfo("America/New_York"), timedelta(hours=7))
    if fixed := _FIXED.fullmatch(told):
        distance = timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
        return Zoned(timezone(-distance if fixed[1] == "-" else distance))
    try:
        return Zoned(ZoneInfo(told))
    except (ZoneInfoNotFoundError, ValueError, OSError) as why:
        raise Invalid("There is no such server clock: {rule}", field="clock", rule=told) from why


def measured(server_s: int, now: datetime) -> tuple[int, float]:
    """The offset in whole quarter hours, and how far the server's clock runs beside it."""
    apart = server_s - now.timestamp()
    offset = round(apart / _QUARTER_S) * _QUARTER_S
    return offset, apart - offset


def window(clock: Clock, since: datetime, until: datetime) -> tuple[int, int]:
    """Server seconds that surely cover two instants, a change of summer time in between included."""
    span = int((until - since).total_seconds()) + 1
    first, last = clock.to_server(since), clock.to_server(until)
    return min(first, last - span), max(last, first + span) + 1
