from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.kyc import tracker
from brokerage.kyc.jurisdictions import defaults
from brokerage.kyc.jurisdictions.packs import ClientType
from brokerage.kyc.rules import Check, Outcome
from brokerage.kyc.tracker import Case, Progress, State, Who

ALL = ("personal", "address", "finances", "experience", "agreements")
MONDAY = datetime(2026, 5, 4, 9, tzinfo=UTC)
DONE = Progress(
    ClientType.INDIVIDUAL,
    steps_done=ALL,
    uploaded=("identity", "address"),
    checks=(Check("appropriateness", Outcome.PASSED),),
)


def track(progress: Progress) -> tracker.Tracker:
    return tracker.track(defaults.EU_RETAIL, progress, time_zone="Europe/Nicosia")


def test_a_new_client_sees_everything_that_is_asked_and_starts_with_the_first() -> None:
    seen = track(Progress(ClientType.INDIVIDUAL))

    assert [item.code for item in seen.items] == [
        "personal",
        "address",
        "finances",
        "experience",
        "document-identity",
        "document-address",
        "agreements",
        "review",
    ]
    assert (seen.next_who, seen.next_item, seen.done_percent) == (Who.CLIENT, "personal", 0)
    assert seen.expected_at is None


def test_a_company_sees_its_own_pages() -> None:
    codes = [item.code for item in track(Progress(ClientType.COMPANY)).items]

    assert "company" in codes
    assert "personal" not in codes
    assert "experience" not in codes
    assert "document-ownership" in codes


def test_what_must_be_mended_says_how_and_is_the_clients_turn() -> None:
    blurred = Check("document-address", Outcome.RETRY, "unreadable: blurred", "Take it again.")
    progress = msgspec.structs.replace(
        DONE, checks=(*DONE.checks, blurred), case=Case.SUBMITTED, submitted_at=MONDAY
    )

    seen = track(progress)

    line = next(item for item in seen.items if item.code == "document-address")
    assert (line.state, line.says, line.step) == (State.MEND, "Take it again.", "documents")
    assert (seen.next_who, seen.expected_at) == (Who.CLIENT, None)
    assert tracker.missing(defaults.EU_RETAIL, progress) == ("document-address",)


def test_when_all_is_done_the_answer_is_promised_for_a_time() -> None:
    seen = track(msgspec.structs.replace(DONE, case=Case.SUBMITTED, submitted_at=MONDAY))

    assert seen.next_who is Who.STAFF
    assert seen.expected_at == datetime(2026, 5, 5, 9, tzinfo=UTC)
    assert tracker.missing(defaults.EU_RETAIL, DONE) == ()


def test_a_list_hit_is_never_shown_to_the_client() -> None:
    hit = Check("screening", Outcome.REVIEW, "score 91: MADURO MOROS, Nicolas")

    seen = track(
        msgspec.structs.replace(
            DONE, checks=(*DONE.checks, hit), case=Case.SUBMITTED, submitted_at=MONDAY
        )
    )
    without = track(msgspec.structs.replace(DONE, case=Case.SUBMITTED, submitted_at=MONDAY))

    assert seen == without


def test_the_provider_acts_next_while_its_checks_are_open() -> None:
    seen = track(
        msgspec.structs.replace(DONE, case=Case.SUBMITTED, submitted_at=MONDAY, with_provider=True)
    )

    assert seen.next_who is Who.PROVIDER


@pytest.mark.parametrize("case", [Case.APPROVED, Case.REJECTED])
def test_a_closed_case_is_nobodys_turn(case: Case) -> None:
    seen = track(msgspec.structs.replace(DONE, case=case, submitted_at=MONDAY))

    assert (seen.next_who, seen.done_percent, seen.expected_at) == (Who.NOBODY, 100, None)


@pytest.mark.parametrize(
    ("asked", "hours", "answered"),
    [
        ("2026-05-04T09:00", 24, "2026-05-05T09:00"),
        ("2026-05-08T18:00", 24, "2026-05-11T18:00"),
        ("2026-05-09T12:00", 24, "2026-05-12T00:00"),
        ("2026-05-08T18:00", 4, "2026-05-08T22:00"),
        ("2026-05-08T18:00", 6, "2026-05-09T00:00"),
        ("2026-05-04T09:00", 168, "2026-05-13T09:00"),
    ],
)
def test_weekends_do_not_count_towards_a_promise(asked: str, hours: int, answered: str) -> None:
    zone = tracker.ZoneInfo("Europe/Nicosia")

    at = tracker.promise(
        datetime.fromisoformat(asked).replace(tzinfo=zone), hours, "Europe/Nicosia"
    )

    assert at == datetime.fromisoformat(answered).replace(tzinfo=zone)


@given(st.integers(0, 400_000), st.integers(1, 500))
def test_a_promise_is_never_earlier_than_its_hours(minutes: int, hours: int) -> None:
    at = MONDAY + timedelta(minutes=minutes)

    promised = tracker.promise(at, hours, "UTC")

    assert (promised - at).total_seconds() >= hours * 3600
    assert (promised - at).total_seconds() <= hours * 3600 * 1.4 + 4 * 86_400
