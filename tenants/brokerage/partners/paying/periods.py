"""Payout periods in the tenant's time zone: which one an instant is in, which one closed last."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.refusals import Invalid


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to and without `end`, both in UTC."""

    code: str
    start: datetime
    end: datetime


def _made(code: str, first: date, after: date, zone: str) -> Period:
    return Period(code, day_bounds(first, zone)[0], day_bounds(after, zone)[0])


def of_day(calendar: str, day: date, zone: str) -> Period:
    """The period of a calendar that a day of the tenant lies in."""
    match calendar:
        case "daily":
            return _made(day.isoformat(), day, day + timedelta(days=1), zone)
        case "weekly":
            monday = day - timedelta(days=day.weekday())
            year, week, _ = monday.isocalendar()
            return _made(f"{year}-W{week:02d}", monday, monday + timedelta(days=7), zone)
        case "monthly":
            first = day.replace(day=1)
            after = (first + timedelta(days=32)).replace(day=1)
            return _made(f"{day:%Y-%m}", first, after, zone)
        case _:
            raise ValueError(f"no calendar is called {calendar}")


def last_closed(calendar: str, now: datetime, zone: str) -> Period:
    """The newest period that has ended."""
    here = of_day(calendar, business_day(now, zone), zone)
    return of_day(calendar, business_day(here.start - timedelta(seconds=1), zone), zone)


def named(code: str, zone: str) -> Period:
    """A period by its code. Raises Invalid."""
    try:
        if "W" in code:
            return of_day("weekly", datetime.strptime(f"{code}-1", "%G-W%V-%u").date(), zone)  # noqa: DTZ007
        if code.count("-") == 1:
            return of_day("monthly", date.fromisoformat(f"{code}-01"), zone)
        return of_day("daily", date.fromisoformat(code), zone)
    except ValueError as why:
        raise Invalid(
            "Write the period as 2026-10, 2026-W43 or 2026-10-05.", field="period"
        ) from why
