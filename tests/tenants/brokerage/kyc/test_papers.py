from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.kyc.evidence import papers
from brokerage.kyc.evidence.papers import Shown, Standing
from brokerage.kyc.jurisdictions import defaults
from brokerage.kyc.jurisdictions.packs import ClientType
from brokerage.kyc.rules import Outcome

TODAY = date(2026, 5, 4)


def bill(**facts: object) -> Shown:
    return Shown("address", "utility-bill", **{"issued_on": date(2026, 4, 1)} | facts)


def test_a_fresh_and_readable_bill_passes() -> None:
    assert papers.check(defaults.ADDRESS, bill(), TODAY).outcome is Outcome.PASSED


def test_a_blurred_bill_goes_back_with_how_to_take_it() -> None:
    found = papers.check(defaults.ADDRESS, bill(legible="blurred"), TODAY)

    assert (found.code, found.outcome) == ("document-address", Outcome.RETRY)
    assert "Hold the phone still" in found.tell


def test_a_bill_is_good_to_the_very_day_it_turns_too_old() -> None:
    def outcome(issued: date) -> Outcome:
        return papers.check(defaults.ADDRESS, bill(issued_on=issued), TODAY).outcome

    assert outcome(date(2025, 11, 4)) is Outcome.PASSED
    assert outcome(date(2025, 11, 3)) is Outcome.RETRY


@pytest.mark.parametrize("issued", [None, TODAY + timedelta(days=1)])
def test_a_date_nobody_could_read_or_of_tomorrow_goes_to_a_person(issued: date | None) -> None:
    found = papers.check(defaults.ADDRESS, bill(issued_on=issued), TODAY)

    assert found.outcome is Outcome.REVIEW


def test_the_wrong_paper_is_asked_for_again() -> None:
    library_card = Shown("identity", "library-card")

    assert papers.check(defaults.IDENTITY, library_card, TODAY).outcome is Outcome.RETRY


def test_a_passport_is_good_on_its_last_day_and_not_after() -> None:
    def outcome(expires: date) -> Outcome:
        shown = Shown("identity", "passport", expires_on=expires)
        return papers.check(defaults.IDENTITY, shown, TODAY).outcome

    assert outcome(TODAY) is Outcome.PASSED
    assert outcome(TODAY - timedelta(days=1)) is Outcome.RETRY


@pytest.mark.parametrize(
    ("days", "standing", "warn"),
    [
        (61, Standing.VALID, None),
        (60, Standing.WARN, 60),
        (30, Standing.WARN, 30),
        (8, Standing.WARN, 30),
        (7, Standing.WARN, 7),
        (0, Standing.WARN, 7),
        (-1, Standing.EXPIRED, None),
    ],
)
def test_expiry_warns_three_times_and_then_steps_down(
    days: int, standing: Standing, warn: int | None
) -> None:
    found = papers.expiry(TODAY + timedelta(days=days), TODAY, (60, 30, 7))

    assert (found.standing, found.warn_days, found.days_left) == (standing, warn, days)


@given(st.integers(-500, 500), st.lists(st.integers(1, 365), max_size=4))
def test_a_warning_is_never_given_early(days: int, warn_days: list[int]) -> None:
    found = papers.expiry(TODAY + timedelta(days=days), TODAY, warn_days)

    assert found.warn_days is None or found.warn_days >= days >= 0


def test_a_company_shows_a_companys_papers() -> None:
    def kinds(client_type: ClientType) -> list[str]:
        return [rule.kind for rule in papers.needed(defaults.EU_RETAIL, client_type)]

    assert kinds(ClientType.INDIVIDUAL) == ["identity", "address"]
    assert kinds(ClientType.COMPANY) == ["identity", "address", "registration", "ownership"]
