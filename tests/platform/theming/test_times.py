from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from stoa.theming import places, times
from stoa.theming.look import Look, showing


def test_a_recent_moment_is_told_by_its_distance_and_exactly_on_hover(look: Look) -> None:
    with showing(replace(look, time_zone="Europe/Nicosia")):
        text = str(times.when(look.now - timedelta(minutes=3)))

    assert ">3 minutes ago</time>" in text
    assert "data-relative" in text
    assert 'datetime="2026-03-18T14:02:00+00:00"' in text
    assert "4:02:00" in text  # the reader's zone


def test_a_moment_to_come_is_told_as_such(look: Look) -> None:
    with showing(look):
        assert ">in 2 hours</time>" in times.when(look.now + timedelta(hours=2))


@pytest.mark.parametrize(("locale", "text"), [("es", "hace 3 minutos"), ("ar", "قبل 3 دقائق")])
def test_distance_is_told_in_the_readers_language(look: Look, locale: str, text: str) -> None:
    with showing(replace(look, locale=locale)):
        assert text in times.when(look.now - timedelta(minutes=3))


def test_an_old_moment_is_a_day(look: Look) -> None:
    with showing(look):
        assert ">3 Jan 2025</time>" in times.when(datetime(2025, 1, 3, tzinfo=UTC))
        assert "data-relative" not in times.when(datetime(2025, 1, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("locale", "text"), [("en", "Tuesday 17 March 2026"), ("es", "martes, 17 de marzo de 2026")]
)
def test_a_whole_day_is_written_in_that_order_too(look: Look, locale: str, text: str) -> None:
    with showing(replace(look, locale=locale)):
        assert text in times.on(date(2026, 3, 17), "full")


def test_a_day_is_the_readers_day(look: Look) -> None:
    late = datetime(2026, 3, 17, 23, 30, tzinfo=UTC)

    with showing(replace(look, time_zone="Asia/Dubai")):
        assert 'datetime="2026-03-18"' in times.on(late)
    with showing(look):
        assert 'datetime="2026-03-17"' in times.on(late)
        assert 'datetime="2026-03-17"' in times.on(date(2026, 3, 17))


@pytest.mark.parametrize(
    ("locale", "day"), [("en", "17 Mar 2026"), ("es", "17 mar 2026"), ("ar", "17 مارس 2026")]
)
def test_a_day_stands_in_one_order_wherever_it_stands(look: Look, locale, day) -> None:
    moment = datetime(2026, 3, 17, 14, 5, tzinfo=UTC)
    with showing(replace(look, locale=locale, now=moment)):
        for told in (times.on(moment), times.dated("2026-03-17"), times.plain(moment)):
            assert day in told
        assert "14:05:00" in times.when(moment)


def test_a_moment_without_a_zone_is_a_mistake(look: Look) -> None:
    with showing(look), pytest.raises(ValueError):
        times.when(datetime(2026, 3, 18))  # noqa: DTZ001


def test_what_has_not_happened_is_a_dash() -> None:
    assert "–" in times.when(None)


@pytest.mark.parametrize(
    ("locale", "text", "shown"),
    [
        ("en", "2026-03-17", "17 Mar 2026"),
        ("es", "2026-03-17", "17 mar 2026"),
        ("en", "2026-03", "March 2026"),
        ("en", "2026-W07", "week 7 of 2026"),
        ("en", "~1961-02-03", "about 3 Feb 1961"),
        ("en", "1961-01-01/1961-12-31", "1961"),
        ("en", "1961-01-01/1962-12-31", "1 Jan 1961 – 31 Dec 1962"),
        ("en", "by hand", "by hand"),
        ("en", "2026-02-31", "2026-02-31"),
        ("en", "", "–"),
    ],
)
def test_a_day_kept_as_text_is_told_in_the_readers_words(look: Look, locale, text, shown) -> None:
    with showing(replace(look, locale=locale)):
        assert times.dated(text) == shown
        if text:
            assert str(times.Dated(text)) == text
            assert times.Dated(text).__html__() == shown


def test_countries_of_a_list_are_told_by_name(look: Look) -> None:
    with showing(replace(look, locale="es")):
        assert places.named("DE ES") == "Alemania, España"
        assert places.named(("DE", "XQ")) == "Alemania, XQ"
        assert places.named("") == "–"
