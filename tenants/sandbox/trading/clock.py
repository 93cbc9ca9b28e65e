"""The server's time: the machine's, moved by an offset, or standing still."""

import time

DAY_MS = 86_400_000


class Clock:
    """Milliseconds since 1970 in UTC, as this server believes them to be."""

    def __init__(self) -> None:
        self.offset_ms = 0
        self.frozen_at: int | None = None

    def now(self) -> int:
        if self.frozen_at is not None:
            return self.frozen_at
        return real_ms() + self.offset_ms

    def set(self, now_ms: int, *, frozen: bool) -> None:
        """Make it ``now_ms``; a frozen clock stays there until it is set again."""
        self.offset_ms = now_ms - real_ms()
        self.frozen_at = now_ms if frozen else None


def real_ms() -> int:
    return time.time_ns() // 1_000_000


class Zone:
    """The server's local time: a fixed distance from UTC."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        self.shift_ms = minutes * 60_000

    def seconds(self, utc_ms: int) -> int:
        """Server-local seconds, the only times the wire knows."""
        return (utc_ms + self.shift_ms) // 1000 if utc_ms else 0

    def msc(self, utc_ms: int) -> int:
        return utc_ms + self.shift_ms if utc_ms else 0

    def utc_ms(self, local_seconds: int) -> int:
        return local_seconds * 1000 - self.shift_ms

    def day(self, utc_ms: int) -> int:
        """Number of the server's day (days since 1970 by its own calendar)."""
        return (utc_ms + self.shift_ms) // DAY_MS

    def midnight(self, day: int) -> int:
        """UTC milliseconds at which a server day begins."""
        return day * DAY_MS - self.shift_ms

    @staticmethod
    def weekday(day: int) -> int:
        """1 Monday to 7 Sunday, of a day number."""
        return (day + 3) % 7 + 1
