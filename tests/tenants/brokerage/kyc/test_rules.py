from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.kyc import rules
from brokerage.kyc.jurisdictions import defaults
from brokerage.kyc.jurisdictions.packs import (
    FATF_CALL_FOR_ACTION,
    Blocked,
    ClientType,
    Extra,
    Pack,
    When,
)
from brokerage.kyc.rules import Applicant, Check, Decision, Outcome
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied


def test_a_spaniard_falls_under_the_european_pack_and_the_reason_is_kept() -> None:
    found = rules.resolve(defaults.PACKS, Applicant("ES"))

    assert found.pack == "eu-retail"
    assert found.reasons[-1].because == "country ES"


def test_the_packs_that_did_not_fit_say_why() -> None:
    found = rules.resolve(defaults.PACKS, Applicant("AE"))

    assert found.pack == "offshore"
    assert [(r.pack, r.fits, r.because) for r in found.reasons] == [
        ("eu-retail", False, "country AE is not listed"),
        ("offshore", True, "it is for everybody else"),
    ]


def test_the_first_pack_that_fits_wins() -> None:
    packs = (
        Pack(code="companies", when=When(client_type=(ClientType.COMPANY,))),
        Pack(code="cyprus", when=When(entity=("CY",))),
        Pack(code="rest"),
    )

    def pack(**facts: object) -> str:
        return rules.resolve(packs, Applicant("ES", **facts)).pack

    assert pack(client_type=ClientType.COMPANY, entity="CY") == "companies"
    assert pack(entity="CY") == "cyprus"
    assert pack() == "rest"


def test_who_fits_no_pack_is_refused() -> None:
    with pytest.raises(Denied, match="do not open accounts for individual clients in JP"):
        rules.resolve((defaults.EU_RETAIL,), Applicant("JP"))


@pytest.mark.parametrize("country", FATF_CALL_FOR_ACTION)
def test_a_blocked_country_is_refused_without_saying_which_fact_it_was(country: str) -> None:
    with pytest.raises(Denied, match="cannot offer our services") as refused:
        rules.must_not_be_blocked(Blocked(), Applicant(country))

    assert country not in str(refused.value)


@pytest.mark.parametrize("fact", ["nationality", "document_country", "address_country"])
def test_nationality_document_and_internet_address_are_looked_at_too(fact: str) -> None:
    with pytest.raises(Denied):
        rules.must_not_be_blocked(Blocked(), Applicant("ES", **{fact: "KP"}))
    rules.must_not_be_blocked(Blocked(), Applicant("ES", **{fact: "FR"}))


NEEDED = ("document", "screening")
PASSED = [Check("document", Outcome.PASSED), Check("screening", Outcome.PASSED)]


def test_a_clean_case_approves_itself() -> None:
    assert rules.verdict(NEEDED, PASSED).decision is Decision.APPROVE


def test_only_the_failed_check_is_named() -> None:
    hit = Check("screening", Outcome.REVIEW, "score 84")

    found = rules.verdict(NEEDED, [PASSED[0], hit])

    assert (found.decision, found.failed) == (Decision.REVIEW, (hit,))


def test_what_the_client_can_mend_goes_back_to_the_client() -> None:
    blurred = Check("document", Outcome.RETRY, "unreadable: blurred", "Take it again.")

    assert rules.verdict(NEEDED, [blurred, PASSED[1]]).decision is Decision.ASK


def test_a_person_looks_first_when_both_are_wrong() -> None:
    found = rules.verdict(
        NEEDED, [Check("document", Outcome.RETRY), Check("screening", Outcome.REVIEW)]
    )

    assert found.decision is Decision.REVIEW
    assert len(found.failed) == 2


def test_a_check_that_nobody_did_keeps_the_case_waiting() -> None:
    assert rules.verdict(NEEDED, PASSED[:1]) == rules.Verdict(Decision.WAIT, (), ("screening",))


def test_a_check_that_was_not_asked_for_still_stops_the_case() -> None:
    extra = Check("linked-client", Outcome.REVIEW)

    assert rules.verdict(NEEDED, [*PASSED, extra]).decision is Decision.REVIEW


CHECKS = st.lists(
    st.builds(
        Check,
        code=st.sampled_from(["document", "screening", "appropriateness", "other"]),
        outcome=st.sampled_from(list(Outcome)),
    ),
    max_size=6,
)


@given(CHECKS, st.lists(st.sampled_from(["document", "screening", "other"]), unique=True))
def test_nothing_is_approved_unless_every_needed_check_passed(
    checks: list[Check], needed: list[str]
) -> None:
    last = {check.code: check.outcome for check in checks}

    approved = rules.verdict(needed, checks).decision is Decision.APPROVE

    all_passed = all(outcome is Outcome.PASSED for outcome in last.values())
    assert approved == (all_passed and all(code in last for code in needed))


def test_no_one_agrees_to_what_they_asked_for() -> None:
    ann = uuid4()

    with pytest.raises(Denied, match="you asked for it"):
        rules.four_eyes(asker=ann, approver=ann)
    rules.four_eyes(asker=ann, approver=uuid4())


def test_an_override_waits_for_a_second_officer() -> None:
    needing = ("override", "limit-lift")

    with pytest.raises(Conflict, match="second officer"):
        rules.must_have_second("override", needing, agreed_by=None)
    rules.must_have_second("override", needing, agreed_by=uuid4())
    rules.must_have_second("note", needing, agreed_by=None)


def test_more_diligence_is_due_for_each_reason_and_for_none_otherwise() -> None:
    extra = Extra(countries=("PA",), deposits_over=Money(Decimal(15_000), "EUR"))

    due = rules.extra_diligence(
        extra,
        pep="relative",
        risk="high",
        countries=("ES", "PA"),
        deposited=Money(Decimal(15_001), "EUR"),
    )

    assert due == (
        "public office: relative",
        "risk high",
        "country PA",
        "deposits over 15000.00 EUR",
    )
    assert not rules.extra_diligence(
        extra,
        pep="none",
        risk="low",
        countries=("ES",),
        deposited=Money(Decimal(15_000), "EUR"),
    )


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 5, 15), 12, date(2027, 5, 15)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 5, 15), 0, date(2026, 5, 15)),
    ],
)
def test_months_are_counted_by_the_calendar(day: date, months: int, later: date) -> None:
    assert rules.months_later(day, months) == later


def test_the_next_look_comes_sooner_the_riskier_a_client_is() -> None:
    day = date(2026, 5, 1)
    pack = defaults.EU_RETAIL

    assert rules.next_review(pack, "low", day) == date(2031, 5, 1)
    assert rules.next_review(pack, "high", day) == date(2027, 5, 1)
    assert rules.next_review(pack, "unheard-of", day) == date(2027, 5, 1)


def test_someone_comes_of_age_on_the_birthday_and_not_the_day_before() -> None:
    assert rules.age_years(date(2008, 5, 2), date(2026, 5, 1)) == 17
    assert rules.age_years(date(2008, 5, 1), date(2026, 5, 1)) == 18
    assert rules.age_years(date(2008, 2, 29), date(2026, 2, 28)) == 17
