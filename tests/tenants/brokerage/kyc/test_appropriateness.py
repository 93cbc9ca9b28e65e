from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.kyc import appropriateness
from brokerage.kyc.jurisdictions.questions import CFD_APPROPRIATENESS as TEST
from brokerage.kyc.rules import Outcome
from stoa.kernel.refusals import Conflict, ManyInvalid

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def best() -> dict[str, list[str]]:
    return {
        q.code: [c.code for c in q.choices if c.points > 0]
        if q.many
        else [max(q.choices, key=lambda c: c.points).code]
        for q in TEST.questions
    }


def worst() -> dict[str, list[str]]:
    return {q.code: [min(q.choices, key=lambda c: c.points).code] for q in TEST.questions}


def test_who_knows_everything_passes_with_full_marks() -> None:
    result = appropriateness.score(TEST, best())

    assert (result.percent, result.band, result.passes, result.leverage_cap) == (
        100,
        "experienced",
        True,
        0,
    )


def test_who_knows_nothing_is_warned_and_capped() -> None:
    result = appropriateness.score(TEST, worst())

    assert (result.percent, result.passes, result.leverage_cap) == (0, False, 5)
    assert "not appropriate" in result.warning
    assert result.version == TEST.version


def test_each_question_shows_what_it_gave() -> None:
    result = appropriateness.score(TEST, best() | {"traded": ["some"]})

    assert result.lines[0] == appropriateness.Scored("traded", ("some",), 6, 16)


def test_every_question_left_out_is_named_at_once() -> None:
    with pytest.raises(ManyInvalid) as refused:
        appropriateness.score(
            TEST, {"traded": ["some", "weekly"], "leverage": ["nonsense"], "against": []}
        )

    named = {problem.field: problem.sentence for problem in refused.value.problems}
    assert named["traded"] == "Please choose one answer."
    assert named["leverage"] == "Please choose one of the answers shown."
    assert len(named) == len(TEST.questions)


def test_the_same_answer_given_twice_counts_once() -> None:
    once = appropriateness.score(TEST, best() | {"other_products": ["shares"]})
    twice = appropriateness.score(TEST, best() | {"other_products": ["shares", "shares"]})

    assert once.percent == twice.percent


ANSWERS = st.fixed_dictionaries(
    {
        q.code: st.lists(
            st.sampled_from([c.code for c in q.choices]),
            min_size=1,
            max_size=len(q.choices) if q.many else 1,
            unique=True,
        )
        for q in TEST.questions
    }
)


@given(ANSWERS)
def test_any_answers_score_within_bounds_and_fall_into_the_band_of_their_score(
    answers: dict[str, list[str]],
) -> None:
    result = appropriateness.score(TEST, answers)

    assert 0 <= result.percent <= 100
    band = next(band for band in TEST.bands if band.code == result.band)
    assert band.from_percent <= result.percent


def test_a_test_is_not_taken_again_before_the_wait_is_over() -> None:
    taken = [NOW - timedelta(hours=23)]

    with pytest.raises(Conflict, match="again from"):
        appropriateness.must_be_allowed(TEST, taken, NOW)
    appropriateness.must_be_allowed(TEST, taken, NOW + timedelta(hours=1))
    appropriateness.must_be_allowed(TEST, [], NOW)


def test_the_tries_are_counted() -> None:
    taken = [NOW - timedelta(days=days) for days in (9, 6, 3)]

    with pytest.raises(Conflict, match="3 times"):
        appropriateness.must_be_allowed(TEST, taken, NOW)


def test_a_failed_test_may_be_taken_again_and_at_the_end_goes_to_a_person() -> None:
    failed = appropriateness.score(TEST, worst())

    assert appropriateness.check(failed, attempts_left=1).outcome is Outcome.RETRY
    assert appropriateness.check(failed, attempts_left=0).outcome is Outcome.REVIEW
    passed = appropriateness.check(appropriateness.score(TEST, best()), attempts_left=0)
    assert passed.outcome is Outcome.PASSED
