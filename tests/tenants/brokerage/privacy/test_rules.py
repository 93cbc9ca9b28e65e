"""What goes, what stays, why and until when: pure."""

from datetime import UTC, datetime

import pytest

from brokerage.privacy.rules import Because, Facts, Says, identity_last, later, verdicts
from brokerage.privacy.settings import Category, PrivacySettings
from stoa.kernel.refusals import Unfit

NOW = datetime(2031, 3, 1, tzinfo=UTC)
LEFT = datetime(2026, 1, 31, tzinfo=UTC)
MONTHS = {one: PrivacySettings().months(one, 60) for one in Category}


def judged(**other):
    facts = {
        "now": NOW,
        "ended_at": LEFT,
        "business": True,
        "held": False,
        "open": False,
        "months": MONTHS,
    } | other
    found = identity_last(verdicts(Facts(**facts)))
    return {one.category: (one.says, one.because) for one in found}


def test_five_years_after_the_end_the_papers_go_and_who_it_was_waits_for_the_payments():
    found = judged()

    assert found["documents"] == (Says.GOES, Because.ENDED)
    assert found["financial"] == (Says.LATER, Because.LAW)
    assert found["identity"] == (Says.LATER, Because.LAW)


def test_after_the_longest_time_everything_goes():
    found = judged(now=datetime(2033, 2, 1, tzinfo=UTC))

    assert {says for says, _ in found.values()} == {Says.GOES}


def test_a_hold_keeps_everything_even_what_has_reached_its_end():
    assert set(judged(held=True).values()) == {(Says.STAYS, Because.HOLD)}


def test_what_is_open_keeps_all_but_marketing():
    found = judged(open=True)

    assert found.pop("marketing") == (Says.GOES, Because.WISH)
    assert set(found.values()) == {(Says.STAYS, Because.OPEN)}


def test_who_only_signed_up_is_forgotten_at_once():
    found = judged(business=False, ended_at=None)

    assert {says for says, _ in found.values()} == {Says.GOES}


def test_a_period_that_ends_asks_for_no_marketing_before_its_time():
    months = MONTHS | {Category.MARKETING: 120}

    assert judged(months=months, wish=False)["marketing"] == (Says.LATER, Because.LAW)
    assert judged(months=months)["marketing"] == (Says.GOES, Because.WISH)


def test_what_is_gone_is_not_removed_twice():
    found = judged(gone=frozenset({"documents"}))

    assert found["documents"] == (Says.STAYS, Because.GONE)


def test_months_end_on_the_last_day_where_there_is_no_such_day():
    assert later(LEFT, 1) == datetime(2026, 2, 28, tzinfo=UTC)
    assert later(LEFT, -2) == datetime(2025, 11, 30, tzinfo=UTC)
    assert later(LEFT, 60) == datetime(2031, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "field", ["identity", "documents", "screening", "communications", "financial"]
)
def test_nobody_sets_a_shorter_time_than_the_law_asks_for(field):
    with pytest.raises(Unfit) as refused:
        PrivacySettings(**{field: 59})

    assert refused.value.field == field
    assert PrivacySettings(**{field: 61})


def test_a_jurisdiction_only_lengthens():
    settings = PrivacySettings(identity=72)

    assert settings.months(Category.IDENTITY, 60) == 72
    assert settings.months(Category.IDENTITY, 84) == 84
    assert settings.months(Category.TRACES, 84) == 12
