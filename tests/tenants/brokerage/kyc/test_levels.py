from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.kyc import levels
from brokerage.kyc.jurisdictions import defaults
from brokerage.kyc.jurisdictions.packs import (
    Category,
    ClientType,
    Flow,
    Level,
    Limit,
    Pack,
    Per,
    Right,
)
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied

RATES: Mapping[str, Decimal] = {"EUR": Decimal(1), "USD": Decimal("0.8"), "JPY": Decimal("0.006")}


def at_rate(amount: Money, currency: str) -> Money:
    return Money(amount.amount * RATES[amount.currency] / RATES[currency], currency)


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


LEVEL = Level(
    "basic",
    "Basic",
    rights=(Right.DEPOSIT,),
    limits=(
        Limit(Flow.DEPOSIT, Per.DAY, euros("500")),
        Limit(Flow.DEPOSIT, Per.LIFETIME, euros("2000")),
        Limit(Flow.WITHDRAWAL, Per.DAY, euros("100")),
    ),
)
STEPS = [step.code for step in defaults.EU_RETAIL.steps]


def test_a_client_climbs_when_everything_is_done_and_passed() -> None:
    def level(steps: list[str], checks: tuple[str, ...]) -> str:
        return levels.reached(
            defaults.EU_RETAIL, ClientType.INDIVIDUAL, steps=steps, checks=checks
        ).code

    assert level([], ()) == "registered"
    assert level(STEPS, ("document", "screening")) == "registered"
    assert level(STEPS[:-1], defaults.EU_RETAIL.checks) == "registered"
    assert level(STEPS, defaults.EU_RETAIL.checks) == "verified"


def test_a_company_is_not_asked_for_a_persons_pages_and_tests() -> None:
    mine = ["company", "address", "finances-company", "documents", "agreements"]

    level = levels.reached(
        defaults.EU_RETAIL, ClientType.COMPANY, steps=mine, checks=("document", "screening")
    )

    assert level.code == "verified"
    assert levels.checks_of(defaults.EU_RETAIL, ClientType.COMPANY) == ("document", "screening")
    assert "appropriateness" in levels.checks_of(defaults.EU_RETAIL, ClientType.INDIVIDUAL)


def test_a_pack_without_levels_has_two() -> None:
    bare = Pack(code="bare")

    assert [level.code for level in defaults.levels_of(bare)] == ["registered", "verified"]


def test_a_right_the_level_does_not_carry_is_refused_with_what_to_do() -> None:
    levels.must_allow(LEVEL, Right.DEPOSIT)

    with pytest.raises(Denied, match="Finish your verification"):
        levels.must_allow(LEVEL, Right.WITHDRAW)


def test_the_tightest_limit_is_named_with_what_is_left_of_it() -> None:
    used = {Per.DAY: [euros("150")], Per.LIFETIME: [euros("1950")]}

    with pytest.raises(Denied, match=r"50\.00 EUR are left") as refused:
        levels.must_fit(LEVEL, Flow.DEPOSIT, euros("400"), used, at_rate)

    assert refused.value.code == "limit-deposit-lifetime"


def test_the_last_cent_of_a_limit_may_be_used() -> None:
    used = {Per.DAY: [euros("150")]}

    levels.must_fit(LEVEL, Flow.DEPOSIT, euros("350"), used, at_rate)
    with pytest.raises(Denied):
        levels.must_fit(LEVEL, Flow.DEPOSIT, euros("350.01"), used, at_rate)


def test_a_limit_holds_for_other_currencies_at_the_stored_rate() -> None:
    levels.must_fit(LEVEL, Flow.DEPOSIT, Money(Decimal(625), "USD"), {}, at_rate)
    with pytest.raises(Denied):
        levels.must_fit(LEVEL, Flow.DEPOSIT, Money(Decimal(626), "USD"), {}, at_rate)
    with pytest.raises(Denied):
        levels.must_fit(LEVEL, Flow.DEPOSIT, Money(Decimal(90_000), "JPY"), {}, at_rate)


def test_what_is_left_is_never_less_than_nothing() -> None:
    rooms = levels.room(LEVEL, Flow.DEPOSIT, {Per.DAY: [euros("900")]}, at_rate)

    assert [str(each.left) for each in rooms] == ["0.00 EUR", "2000.00 EUR"]


AMOUNTS = st.decimals("0.01", "3000", places=2)


@given(st.lists(AMOUNTS, max_size=5), AMOUNTS)
def test_an_amount_fits_exactly_when_all_of_it_stays_within_every_limit(
    spent: list[Decimal], amount: Decimal
) -> None:
    used = {per: [Money(each, "EUR") for each in spent] for per in Per}

    try:
        levels.must_fit(LEVEL, Flow.DEPOSIT, Money(amount, "EUR"), used, at_rate)
        fits = True
    except Denied:
        fits = False

    assert fits == (sum(spent) + amount <= 500)


def test_the_lowest_of_all_rules_caps_leverage_and_all_are_told() -> None:
    cap = levels.leverage_cap(defaults.EU_RETAIL, group="fx_major", test_cap=10, asked=50)

    assert cap is not None
    assert cap.leverage == 10
    assert cap.because == (
        ("pack eu-retail, fx_major", 30),
        ("appropriateness test", 10),
        ("asked for", 50),
    )


@pytest.mark.parametrize(
    ("group", "cap"),
    [("fx_major", 30), ("fx_minor", 20), ("gold", 20), ("share", 5), ("crypto", 2), ("moon", 2)],
)
def test_european_retail_caps_are_the_regulators_and_an_unknown_group_gets_the_lowest(
    group: str, cap: int
) -> None:
    found = levels.leverage_cap(defaults.EU_RETAIL, group=group)

    assert found is not None
    assert found.leverage == cap


def test_a_professional_is_not_held_by_the_test_and_an_account_takes_the_highest_cap() -> None:
    found = levels.leverage_cap(defaults.EU_RETAIL, test_cap=5, category=Category.PROFESSIONAL)

    assert found is not None
    assert found.leverage == 30
    assert levels.leverage_cap(Pack(code="bare")) is None
