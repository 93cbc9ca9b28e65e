"""A plan as text says it: rewards and where each holds, levels, tiers, exclusions, the cap.

The rate of a deal is looked up in a fixed order, the narrowest first: a rule that names the symbol,
one that names the symbol's group, one that names the account type, the plan's default. Of two rules
as narrow the one for the partner's tier goes first, then the one that stands first.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from stoa.kernel.refusals import Unfit

RewardKind = Literal[
    "per-lot",
    "spread-share",
    "commission-share",
    "revenue-share",
    "fee-share",
    "profit-share",
    "cpa",
]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,38}$")]
AMOUNTS: Final = frozenset({"per-lot", "cpa"})
"""Kinds whose rate is an amount; the others state a percentage."""
ON_DEALS: Final = ("per-lot", "spread-share", "commission-share", "revenue-share")
"""Earned with each deal. A fee's share comes with the fee, a profit's with the month's end, a sum
per client with the conditions it has."""


def within(what: str, value: Decimal | None, most: Decimal | None = None) -> None:
    """Raises ValueError below zero, above `most`, and for what is no number."""
    if value is None:
        return
    if not value.is_finite() or value < 0 or (most is not None and value > most):
        bound = "never below zero" if most is None else f"between 0 and {most}"
        raise Unfit("{what} is {bound}", what=what, bound=bound)


_HUNDRED: Final = Decimal(100)


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    amount: Decimal
    currency: str = "USD"


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A structured condition; what is left out fits everything. `product` is the account type;
    `source` is what a fee is of; the last four are conditions of a sum per client.
    """

    symbol: tuple[str, ...] = ()
    symbol_group: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    deposited_min: Amount | None = None
    lots_min: Decimal | None = None
    level: tuple[str, ...] = ()
    within_days: Annotated[int, Meta(ge=0, le=3650)] = 0
    """Of the client's registration; 0 for any time."""


class RewardRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One reward of a plan: an amount per lot or per client, or a percentage of something earned."""

    kind: RewardKind
    rate: Amount | None = None
    percent: Decimal | None = None
    of: Literal["markup", "tick"] = "markup"
    """What a share of spread is of: the symbol's stated markup, or the spread of the deal's tick where
    one is known, and the markup where none is."""
    hold_days: Annotated[int, Meta(ge=0, le=365)] = 0
    """A sum per client is paid so many days after its conditions were met, if they still are."""
    when: When = When()

    def __post_init__(self) -> None:
        if self.kind in AMOUNTS and self.rate is None:
            raise Unfit("a {kind} reward states its rate", kind=self.kind)
        if self.kind not in AMOUNTS and self.percent is None:
            raise Unfit("a {kind} reward states its percent", kind=self.kind)
        within("a rate", self.rate.amount if self.rate is not None else None)
        within("a percentage", self.percent, _HUNDRED)
        within("the least of lots", self.when.lots_min)
        if self.kind != "fee-share" and self.when.source:
            raise Unfit("only a share of fees has sources")

    @property
    def stated(self) -> Decimal:
        """The rate as it is multiplied: an amount, or a share of one."""
        if self.kind in AMOUNTS:
            assert self.rate is not None  # noqa: S101 - refused above
            return self.rate.amount
        assert self.percent is not None  # noqa: S101 - refused above
        return self.percent / 100


class Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """rank-difference: each earns their rate less the highest nearer to the client. by-level: each
    earns the share of their rate that their level has, the client's own partner first.
    """

    pay: Literal["rank-difference", "by-level"] = "rank-difference"
    depth: Annotated[int, Meta(ge=1, le=1000)] = 10
    """How many above a client earn at most, whoever introduced the client included."""
    shares: tuple[Decimal, ...] = ()
    same_rank_percent: Decimal = Decimal(0)
    """Of one's own rate, for whoever has no higher rate than somebody below: the same rank."""
    same_rank_depth: Annotated[int, Meta(ge=1, le=50)] = 1

    def __post_init__(self) -> None:
        if (self.pay == "by-level") != bool(self.shares):
            raise Unfit("shares are stated by level, and only where it is paid by level")
        if self.pay == "by-level" and self.same_rank_percent:
            raise Unfit("where it is paid by level, the same rank means nothing")
        for share in (*self.shares, self.same_rank_percent):
            within("a share", share, _HUNDRED)


class Excluded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    held_less_than_s: Annotated[int, Meta(ge=0)] = 0
    pips_less_than: Decimal = Decimal(0)
    """Moved by less between opening and closing, up or down."""
    products: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        within("the least of pips", self.pips_less_than)


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that is paid on a deal, as a percentage of our income on it. Above 100 it names why."""

    percent_of_income: Annotated[int, Meta(ge=0, le=1000)] = 100
    exception: Annotated[str, Meta(max_length=60)] = ""

    def __post_init__(self) -> None:
        if (self.percent_of_income > 100) != bool(self.exception):
            raise Unfit("a cap above 100 % names its exception, and only such a cap does")


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Reached with all that is stated: lots and active clients of the window."""

    code: Code
    label: str
    lots_min: Decimal = Decimal(0)
    active_min: Annotated[int, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        within("the least of lots", self.lots_min)


class Tiers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Judged as each day begins, over the days that ended then. From the lowest to the highest."""

    steps: tuple[Tier, ...] = ()
    window_days: Annotated[int, Meta(ge=1, le=366)] = 30
    count: Literal["branch", "direct"] = "branch"
    """Whose deals count: of all clients below, or of one's own."""
    grace_days: Annotated[int, Meta(ge=0, le=366)] = 0
    """So many days below what a tier asks lead to no demotion yet."""
    move: Literal["one-step", "straight"] = "one-step"

    def __post_init__(self) -> None:
        codes = [one.code for one in self.steps]
        if len(set(codes)) != len(codes):
            raise Unfit("two tiers share a code")


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A plan. Raise `version` with every change: rewards cite it and partners agree to it."""

    code: Code
    label: str
    version: Annotated[int, Meta(ge=1)] = 1
    version_note: str = ""
    begins: datetime | None = None
    """When this version begins to count; left out, when it is put in force. It may lie in the past:
    then a recount writes what it changes as adjustments."""
    currency: str = "USD"
    rewards: tuple[RewardRule, ...]
    levels: Levels = Levels()
    excluded: Excluded = Excluded()
    cap: Cap = Cap()
    tiers: Tiers = Tiers()
    losses: Literal["carried", "forgiven"] = "carried"
    """A month in which clients won more than they lost, for a share of profit: it is carried into the
    next one, so that nothing is earned twice for one rise, or it is forgiven."""

    def __post_init__(self) -> None:
        tiers = {one.code for one in self.tiers.steps}
        for rule in self.rewards:
            unknown = sorted(set(rule.when.tier) - tiers)
            if unknown:
                raise Unfit("plan {code} has no tier {unknown}", code=self.code, unknown=unknown[0])
            if rule.rate is not None and rule.rate.currency != self.currency:
                raise Unfit(
                    "plan {code} states its rates in {currency}",
                    code=self.code,
                    currency=self.currency,
                )
        if self.begins is not None and self.begins.tzinfo is None:
            msgspec.structs.force_setattr(self, "begins", self.begins.replace(tzinfo=UTC))

    def next_tier(self, code: str) -> Tier | None:
        """The tier above the one named; the lowest for whoever has none."""
        codes = [one.code for one in self.tiers.steps]
        at = codes.index(code) + 1 if code in codes else 0
        return self.tiers.steps[at] if at < len(codes) else None


def best(
    plan: Plan, kind: str, *, symbol: str, group: str, product: str, tier: str, source: str = ""
) -> tuple[RewardRule, str] | None:
    """The rule of a kind that a deal is paid by, and what it was found by; None when none fits."""
    found: tuple[int, int, int] | None = None
    chosen: tuple[RewardRule, str] | None = None
    for at, rule in enumerate(plan.rewards):
        when = rule.when
        fits = (
            rule.kind == kind
            and (not when.symbol or symbol in when.symbol)
            and (not when.symbol_group or group in when.symbol_group)
            and (not when.product or product in when.product)
            and (not when.tier or tier in when.tier)
            and (not when.source or source in when.source)
        )
        if not fits:
            continue
        if when.symbol:
            width, by = 0, f"symbol {symbol}"
        elif when.symbol_group:
            width, by = 1, f"group {group}"
        elif when.product:
            width, by = 2, f"account type {product}"
        else:
            width, by = 3, "plan default"
        place = (width, 0 if when.tier else 1, at)
        if found is None or place < found:
            found, chosen = place, (rule, by)
    return chosen
