"""Score a questionnaire and say what the score means. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from brokerage.kyc.jurisdictions.packs import Band, Question, Questionnaire
from brokerage.kyc.rules import Check, Outcome
from stoa.kernel.refusals import Conflict, Invalid, ManyInvalid

Answers = Mapping[str, Sequence[str]]


class Scored(msgspec.Struct, frozen=True):
    """One answered question: the points it gave of those it could give."""

    question: str
    chosen: tuple[str, ...]
    points: int
    of: int


class Result(msgspec.Struct, frozen=True):
    """A test's result as it is kept. `leverage_cap` 0 leaves the pack's caps as they are."""

    questionnaire: str
    version: str
    percent: int
    band: str
    passes: bool
    leverage_cap: int
    warning: str
    lines: tuple[Scored, ...]


def score(questionnaire: Questionnaire, answers: Answers) -> Result:
    """Add up the points; raises ManyInvalid naming every question not properly answered.

    The percentage is rounded down: nobody is let in by rounding.
    """
    problems: list[Invalid] = []
    lines: list[Scored] = []
    for question in questionnaire.questions:
        chosen = tuple(dict.fromkeys(answers.get(question.code, ())))
        problem = _problem(question, chosen)
        if problem:
            problems.append(Invalid(problem, field=question.code))
            continue
        points = sum(choice.points for choice in question.choices if choice.code in chosen)
        lines.append(Scored(question.code, chosen, points, _most(question)))
    if problems:
        raise ManyInvalid(problems)
    most = sum(line.of for line in lines)
    got = sum(line.points for line in lines)
    percent = max(0, min(100, 100 * got // most)) if most else 0
    band = band_of(questionnaire, percent)
    return Result(
        questionnaire=questionnaire.code,
        version=questionnaire.version,
        percent=percent,
        band=band.code,
        passes=band.passes,
        leverage_cap=band.leverage_cap,
        warning=band.warning,
        lines=tuple(lines),
    )


def _problem(question: Question, chosen: tuple[str, ...]) -> str:
    if not chosen:
        return "Please choose an answer."
    if len(chosen) > 1 and not question.many:
        return "Please choose one answer."
    if not set(chosen) <= {choice.code for choice in question.choices}:
        return "Please choose one of the answers shown."
    return ""


def _most(question: Question) -> int:
    points = [choice.points for choice in question.choices]
    return sum(p for p in points if p > 0) if question.many else max(0, *points)


def band_of(questionnaire: Questionnaire, percent: int) -> Band:
    return max(
        (band for band in questionnaire.bands if band.from_percent <= percent),
        key=lambda band: band.from_percent,
    )


def must_be_allowed(
    questionnaire: Questionnaire, taken_at: Sequence[datetime], now: datetime
) -> None:
    """Refuse another try after the last one, or before the wait is over."""
    if len(taken_at) >= questionnaire.attempts:
        raise Conflict(
            "You have taken this test {attempts} times. Write to us if you think it should be "
            "looked at again.",
            code="no-attempts-left",
            attempts=questionnaire.attempts,
        )
    if taken_at:
        again = max(taken_at) + timedelta(hours=questionnaire.wait_h)
        if now < again:
            raise Conflict(
                "You can take this test again from {again}.", code="too-soon", again=again
            )


def check(result: Result, *, attempts_left: int) -> Check:
    """What the test means for the case: failed, it may be taken again; at the end a person looks."""
    because = f"{result.percent}%: {result.band}"
    if result.passes:
        outcome = Outcome.PASSED
    else:
        outcome = Outcome.RETRY if attempts_left > 0 else Outcome.REVIEW
    return Check("appropriateness", outcome, because, result.warning, result.version)
