"""Moments as people read them: how long ago, the exact time on hover, the reader's own zone."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from markupsafe import Markup

from stoa.theming.figures import NONE
from stoa.theming.look import shown
from stoa.theming.texts import N_

RELATIVE_FOR: Final = timedelta(days=6)
NOW: Final = timedelta(seconds=5)
_MONTH: Final = "LLLL y"
_DAY: Final = "d MMM y"
_FULL_EN: Final = "EEEE d MMMM y"
"""One order everywhere: English of the library's own would turn day and month around on some pages."""
_MONTHLY: Final = re.compile(r"\d{4}-\d{2}")
_WEEK: Final = re.compile(r"(\d{4})-W(\d{2})")
_NONE: Final = Markup('<span class="none">%s</span>') % NONE


def when(moment: datetime | None, *, exact: bool = False) -> Markup:
    """`3 minutes ago`, live in the browser; `exact` shows the time and keeps the distance on hover."""
    if moment is None:
        return _NONE
    look = shown()
    local = _local(moment)
    full = f"{_full(local, look.cldr)} {local.tzname() or ''}"
    away = moment - look.now
    near = abs(away) <= RELATIVE_FOR
    if abs(away) < NOW:
        text = look.texts.gettext(N_("now"))
    elif near:
        text = _distance(_rounded(away), look.cldr)
    else:
        text = _day(local.date(), look.now, look.cldr)
    if exact:
        return Markup('<time datetime="%s" title="%s">%s</time>') % (
            moment.astimezone(UTC).isoformat(timespec="seconds"),
            text,
            _stamp(local, look.now, look.cldr),
        )
    mark = Markup(" data-relative") if near else Markup("")
    return Markup('<time datetime="%s" title="%s"%s>%s</time>') % (
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        full,
        mark,
        text,
    )


def on(day: date | datetime | None, style: str = "medium") -> Markup:
    """A calendar day: `12 Mar 2026`; by style `month` the month alone: `March 2026`."""
    if day is None:
        return _NONE
    plain = _local(day).date() if isinstance(day, datetime) else day
    locale = shown().cldr
    shape = {"month": _MONTH, "medium": _DAY}.get(style, style)
    if shape == "full" and locale.language == "en":
        shape = _FULL_EN
    text = format_date(plain, shape, locale=locale)
    return Markup('<time datetime="%s">%s</time>') % (plain.isoformat(), text)


def dated(text: str | None) -> str:
    """A day kept as text, in the reader's words: a day, a month, a week, a year, or a span of days
    (`2026-03-01/2026-03-31`), `~` where it is about then. Anything else stands as it is.
    """
    if not text:
        return NONE
    look = shown()
    if text.startswith("~"):
        return look.texts.say(N_("about {day}"), day=dated(text[1:]))
    first, _, last = text.partition("/")
    if last:
        whole = first[:4] == last[:4] and first[4:] == "-01-01" and last[4:] == "-12-31"
        return first[:4] if whole else f"{dated(first)} – {dated(last)}"
    if week := _WEEK.fullmatch(text):
        return look.texts.say(N_("week {week} of {year}"), week=int(week[2]), year=week[1])
    try:
        if _MONTHLY.fullmatch(text):
            return format_date(date.fromisoformat(f"{text}-01"), _MONTH, locale=look.cldr)
        return format_date(date.fromisoformat(text), _DAY, locale=look.cldr)
    except ValueError:
        return text


class Dated(str):
    """A day as text that a page draws in the reader's words and a file keeps as it is."""

    __slots__ = ()

    def __html__(self) -> Markup:
        return Markup("{}").format(dated(str(self)))


def clock(moment: datetime | None) -> Markup:
    """The time of day: `14:05`."""
    if moment is None:
        return _NONE
    local = _local(moment)
    text = format_time(local, "short", locale=shown().cldr)
    full = _full(local, shown().cldr)
    return Markup('<time datetime="%s" title="%s">%s</time>') % (moment.isoformat(), full, text)


def lasted(span: timedelta | int | None) -> str:
    """A length of time in one unit: `4 hours`; a plain number is seconds."""
    if span is None:
        return NONE
    span = timedelta(seconds=span) if isinstance(span, int) else span
    return format_timedelta(_rounded(span), locale=shown().cldr)


def plain(moment: datetime) -> str:
    """The exact time with its zone, for documents and mail."""
    local = _local(moment)
    return f"{_full(local, shown().cldr)} {local.tzname() or ''}".strip()


def moment(at: datetime, locale: Locale) -> str:
    """A moment of a sentence that is said outside a page, in UTC: `17 Mar 2026, 14:05 UTC`."""
    told = at.astimezone(UTC)
    time = format_time(told, "HH:mm", locale=locale)
    return f"{_joined(_written(told.date(), _DAY, locale), time, locale)} UTC"


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone cannot be shown in the reader's zone")
    return moment.astimezone(shown().zone)


def _rounded(span: timedelta) -> timedelta:
    """Coarse enough to be cached, fine enough for the unit it is told in."""
    seconds = int(span.total_seconds())
    step = 1 if abs(seconds) < 60 else 60 if abs(seconds) < 3600 else 3600
    return timedelta(seconds=round(seconds / step) * step)


@lru_cache(maxsize=4096)
def _distance(span: timedelta, locale: Locale) -> str:
    return format_timedelta(span, add_direction=True, threshold=1.0, locale=locale)


@lru_cache(maxsize=8192)
def _full(local: datetime, locale: Locale) -> str:
    """The same rows are shown again and again; their moments stay the same."""
    time = format_time(local, "HH:mm:ss", locale=locale)
    return _joined(_written(local.date(), _DAY, locale), time, locale)


@lru_cache(maxsize=4096)
def _written(day: date, pattern: str, locale: Locale) -> str:
    return format_date(day, pattern, locale=locale)


def _day(day: date, now: datetime, locale: Locale) -> str:
    return _written(day, "d MMM" if day.year == now.year else _DAY, locale)


def _stamp(local: datetime, now: datetime, locale: Locale) -> str:
    return _joined(
        _day(local.date(), now, locale), format_time(local, "HH:mm", locale=locale), locale
    )


def _joined(day: str, time: str, locale: Locale) -> str:
    return f"{day}{'،' if locale.language == 'ar' else ','} {time}"
