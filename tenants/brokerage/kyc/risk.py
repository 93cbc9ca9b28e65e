"""How risky a client is: weighted factors that add up, each with its reason. Pure."""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from brokerage.kyc.jurisdictions.packs import EEA, FATF_CALL_FOR_ACTION, Country, Percent
from stoa.kernel.money import Money
from stoa.kernel.refusals import Unfit
from stoa.theming.texts import N_

FACTORS: Final = ("country", "pep", "product", "volume")
Convert = Callable[[Money, str], Money]


class Volume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Expected deposits in a year up to `most` carry this value; without `most`: any more."""

    value: Percent
    most: Money | None = None


def _default_countries() -> dict[str, int]:
    values: dict[str, int] = dict.fromkeys(EEA, 10)
    values.update(dict.fromkeys(FATF_CALL_FOR_ACTION, 100))
    return values


def _up_to(euros: int, value: int) -> Volume:
    return Volume(value=value, most=Money(Decimal(euros), "EUR"))


class RiskModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights, values and bands. Raise `version` whenever a score could come out differently."""

    version: str = "1"
    weights: dict[str, Percent] = msgspec.field(
        default_factory=lambda: {"country": 30, "pep": 40, "product": 10, "volume": 20}
    )
    bands: dict[str, tuple[Percent, Percent]] = msgspec.field(
        default_factory=lambda: {"low": (0, 34), "medium": (35, 69), "high": (70, 100)}
    )
    countries: dict[Country, Percent] = msgspec.field(default_factory=_default_countries)
    other_country: Percent = 20
    pep: dict[str, Percent] = msgspec.field(
        default_factory=lambda: {"none": 0, "former": 60, "relative": 80, "current": 100}
    )
    products: dict[str, Percent] = msgspec.field(
        default_factory=lambda: {"cfd": 40, "managed": 60, "crypto": 80}
    )
    other_product: Percent = 40
    volume: tuple[Volume, ...] = (
        _up_to(10_000, 10),
        _up_to(50_000, 40),
        _up_to(250_000, 70),
        Volume(value=100),
    )
    always_high: tuple[str, ...] = ("pep", "country")
    """Factors whose value of 100 puts a client into the highest band by itself."""
    source: str = N_("Own model; factors after the EBA guidelines EBA/GL/2021/02 on risk factors")

    def __post_init__(self) -> None:
        unknown = sorted(set(self.weights) - set(FACTORS))
        if unknown:
            raise Unfit(
                "risk.weights: {unknown} is no factor; {these} are",
                unknown=unknown[0],
                these=", ".join(FACTORS),
            )
        if sum(self.weights.values()) != 100:
            raise Unfit(
                "risk.weights: they add up to {total}, not 100", total=sum(self.weights.values())
            )
        expected = 0
        for low, high in sorted(self.bands.values()):
            if low != expected or high < low:
                raise Unfit("risk.bands: together they cover 0 to 100 once, without a gap")
            expected = high + 1
        if expected != 101:
            raise Unfit("risk.bands: together they cover 0 to 100 once, without a gap")


class Known(msgspec.Struct, frozen=True):
    """What the model looks at. `pep` is a key of the model's `pep`, `products` of its `products`."""

    countries: tuple[str, ...]
    pep: str = "none"
    products: tuple[str, ...] = ("cfd",)
    expected_yearly: Money | None = None


class Factor(msgspec.Struct, frozen=True):
    """One line of the explanation: `points` is weight x value / 100; the points add up."""

    factor: str
    weight: int
    value: int
    points: Decimal
    because: str


class Score(msgspec.Struct, frozen=True):
    score: int
    band: str
    version: str
    factors: tuple[Factor, ...]
    forced_by: tuple[str, ...] = ()


def score(model: RiskModel, known: Known, convert: Convert) -> Score:
    """Score a client. `convert` gives an amount in another currency at the stored rate."""
    read = {
        "country": _country(model, known),
        "pep": (model.pep.get(known.pep, 100), known.pep),
        "product": _product(model, known),
        "volume": _volume(model, known, convert),
    }
    factors = tuple(
        Factor(name, weight, value, Decimal(weight * value) / 100, because)
        for name, weight in model.weights.items()
        for value, because in (read[name],)
    )
    total = sum((factor.points for factor in factors), Decimal(0))
    points = int(total.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    forced = tuple(name for name in model.always_high if name in read and read[name][0] == 100)
    return Score(
        score=points,
        band=_highest(model) if forced else band_of(model, points),
        version=model.version,
        factors=factors,
        forced_by=forced,
    )


def band_of(model: RiskModel, points: int) -> str:
    return next(name for name, (low, high) in model.bands.items() if low <= points <= high)


def _highest(model: RiskModel) -> str:
    return max(model.bands, key=lambda name: model.bands[name])


def is_downgrade(model: RiskModel, before: str, after: str) -> bool:
    """Whether a band change makes a client less risky, which takes a second officer."""
    return model.bands[after] < model.bands[before]


def compare(before: Score, after: Score) -> dict[str, tuple[Factor | None, Factor | None]]:
    """The factors that changed between two scores, for the officer who must agree."""
    old: Mapping[str, Factor] = {factor.factor: factor for factor in before.factors}
    new: Mapping[str, Factor] = {factor.factor: factor for factor in after.factors}
    return {
        name: (old.get(name), new.get(name))
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    }


def _country(model: RiskModel, known: Known) -> tuple[int, str]:
    """The riskiest of residence, nationality and tax residence."""
    values = [(model.countries.get(code, model.other_country), code) for code in known.countries]
    return max(values, key=lambda each: each[0], default=(100, "unknown"))


def _product(model: RiskModel, known: Known) -> tuple[int, str]:
    values = [(model.products.get(code, model.other_product), code) for code in known.products]
    return max(values, key=lambda each: each[0], default=(0, "none"))


def _volume(model: RiskModel, known: Known, convert: Convert) -> tuple[int, str]:
    """What a client did not tell counts as the most."""
    if not model.volume:
        return 0, "not weighed"
    if known.expected_yearly is None:
        return max(step.value for step in model.volume), "not told"
    for step in model.volume:
        if step.most is None or convert(known.expected_yearly, step.most.currency) <= step.most:
            return step.value, str(known.expected_yearly)
    return 100, str(known.expected_yearly)
