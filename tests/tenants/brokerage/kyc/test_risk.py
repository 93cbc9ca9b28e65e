from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.kyc import risk
from brokerage.kyc.risk import Known, RiskModel, Volume
from stoa.kernel.money import Money


def same(amount: Money, currency: str) -> Money:
    assert amount.currency == currency
    return amount


def euros(amount: int) -> Money:
    return Money(Decimal(amount), "EUR")


ORDINARY = Known(("ES",), expected_yearly=euros(5_000))


def test_an_ordinary_european_client_is_low_risk_and_each_factor_is_told() -> None:
    found = risk.score(RiskModel(), ORDINARY, same)

    assert (found.score, found.band, found.version) == (9, "low", "1")
    assert {f.factor: (f.weight, f.value, f.points) for f in found.factors} == {
        "country": (30, 10, Decimal(3)),
        "pep": (40, 0, Decimal(0)),
        "product": (10, 40, Decimal(4)),
        "volume": (20, 10, Decimal(2)),
    }


def test_a_person_in_public_office_is_high_risk_whatever_the_sum() -> None:
    found = risk.score(RiskModel(), msgspec.structs.replace(ORDINARY, pep="current"), same)

    assert found.score < 70
    assert (found.band, found.forced_by) == ("high", ("pep",))


def test_the_riskiest_country_of_several_counts() -> None:
    known = msgspec.structs.replace(ORDINARY, countries=("ES", "IR"))

    found = risk.score(RiskModel(), known, same)

    assert found.factors[0].because == "IR"
    assert found.band == "high"


def test_what_a_client_did_not_tell_counts_as_the_most() -> None:
    found = risk.score(RiskModel(), Known(()), same)

    assert {f.factor: f.value for f in found.factors}["volume"] == 100
    assert {f.factor: f.value for f in found.factors}["country"] == 100


def test_expected_deposits_are_compared_in_the_models_currency() -> None:
    def halved(amount: Money, currency: str) -> Money:
        return Money(amount.amount / 2, currency)

    known = msgspec.structs.replace(ORDINARY, expected_yearly=Money(Decimal(20_000), "USD"))

    assert risk.score(RiskModel(), known, halved).factors[3].value == 10


def test_making_a_client_less_risky_is_known_as_such() -> None:
    model = RiskModel()

    assert risk.is_downgrade(model, "high", "medium")
    assert not risk.is_downgrade(model, "low", "medium")
    assert not risk.is_downgrade(model, "low", "low")


def test_only_the_factors_that_changed_are_shown_to_the_second_officer() -> None:
    before = risk.score(RiskModel(), ORDINARY, same)
    after = risk.score(RiskModel(), msgspec.structs.replace(ORDINARY, pep="former"), same)

    assert list(risk.compare(before, after)) == ["pep"]


WEIGHTS = st.tuples(*[st.integers(1, 100)] * 3).filter(lambda w: sum(w) < 100)


@given(WEIGHTS, st.sampled_from(["ES", "IR", "BR"]), st.sampled_from(["none", "former", "x"]))
def test_the_points_add_up_to_the_score_and_the_band_holds_it(
    weights: tuple[int, int, int], country: str, pep: str
) -> None:
    names = ("country", "pep", "product", "volume")
    model = RiskModel(weights=dict(zip(names, (*weights, 100 - sum(weights)), strict=True)))

    found = risk.score(model, Known((country,), pep=pep), same)

    assert abs(sum(f.points for f in found.factors) - found.score) <= Decimal("0.5")
    low, high = model.bands[risk.band_of(model, found.score)]
    assert low <= found.score <= high


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_riskier_value_never_lowers_the_score(one: int, two: int) -> None:
    low, high = sorted((one, two))

    def score(value: int) -> int:
        model = RiskModel(volume=(Volume(value=value),))
        return risk.score(model, ORDINARY, same).score

    assert score(low) <= score(high)


def test_a_model_with_a_gap_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="gap"):
        RiskModel(bands={"low": (0, 49), "high": (51, 100)})
