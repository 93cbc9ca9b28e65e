"""When a session is: its day by UTC, or none while it is closed."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from brokerage.trading.connectors.fix.settings import Settings

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def session_day(settings: Settings, now: datetime) -> date | None:
    """The day on which the session that is open now began; None between sessions.

    Equal times of beginning and end make one session of each listed day.
    """
    now = now.astimezone(UTC)
    begins, ends = _minutes(settings.begins), _minutes(settings.ends)
    length = (ends - begins) % 1440 or 1440
    for back in (0, 1):
        day = (now - timedelta(days=back)).date()
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=begins)
        if start <= now < start + timedelta(minutes=length):
            return day if _DAYS[day.weekday()] in settings.days else None
    return None


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
