"""Time as the product sees it: UTC, from the database, or moved by a simulation."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[datetime], datetime]
"""Takes the database's time and answers the time that verbs see."""


def real(database_time: datetime) -> datetime:
    return database_time


class Simulated:
    """A clock a demo or a test moves by hand; it stands still between moves."""

    def __init__(self, start: datetime) -> None:
        self.now = start.astimezone(UTC)

    def __call__(self, _database_time: datetime) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        if by < timedelta(0):
            raise ValueError("time does not run backwards")
        self.now += by


def business_day(at: datetime, time_zone: str) -> date:
    """The tenant's calendar day an instant falls on."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def day_bounds(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """First instant of the tenant's day and of the next, in UTC; 23 to 25 hours apart."""
    zone = ZoneInfo(time_zone)
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)
