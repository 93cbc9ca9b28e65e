"""What a tenant decides about its partners: plans, symbol groups, attribution, payouts."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from brokerage.partners.objecting.settings import Objections
from brokerage.partners.paying.settings import Payouts

RewardKind = Literal["per-lot", "commission-share", "cpa"]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,38}$")]


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    amount: Decimal
    currency: str = "USD"


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A structured condition; what is left out fits everything."""

    symbol_group: tuple[str, ...] = ()
    deposited_min: Amount | None = None
    lots_min: Decimal | None = None
    level: tuple[str, ...] = ()


class RewardRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One reward of a plan: an amount per lot, a percentage of commission, or a sum per client."""

    kind: RewardKind
    rate: Amount | None = None
    percent: Decimal | None = None
    when: When = When()

    def __post_init__(self) -> None:
        if self.kind == "commission-share" and self.percent is None:
            raise ValueError("a share of commission states its percent")
        if self.kind != "commission-share" and self.rate is None:
            raise ValueError(f"a {self.kind} reward states its rate")
        stated = self.percent if self.rate is None else self.rate.amount
        if stated is not None and stated < 0:
            raise ValueError("a rate is never below zero")


class Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """rank-difference: each earns their rate less the highest nearer to the client."""

    pay: Literal["rank-difference"] = "rank-difference"
    depth: Annotated[int, Meta(ge=1, le=50)] = 10


class Excluded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    held_less_than_s: Annotated[int, Meta(ge=0)] = 0


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    percent_of_income: Annotated[int, Meta(ge=0, le=100)] = 100


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A plan. Raise `version` with every change: rewards cite it and partners agree to it."""

    code: Code
    label: str
    version: Annotated[int, Meta(ge=1)] = 1
    version_note: str = ""
    currency: str = "USD"
    rewards: tuple[RewardRule, ...]
    levels: Levels = Levels()
    excluded: Excluded = Excluded()
    cap: Cap = Cap()


class SymbolGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Symbols by exact name; `income_per_lot` is the broker's markup, for the cap on income."""

    code: Code
    symbols: tuple[str, ...]
    income_per_lot: Decimal = Decimal(10)


_FX = (
    "EURUSD",
    "GBPUSD",
    "USDJPY",
    "USDCHF",
    "AUDUSD",
    "USDCAD",
    "NZDUSD",
    "EURGBP",
    "EURJPY",
    "GBPJPY",
    "EURCHF",
)
_DEFAULT = Plan(
    code="standard",
    label="Standard",
    rewards=(
        RewardRule(kind="per-lot", rate=Amount(amount=Decimal("5.00")), when=When(symbol_group=("fx", "metal"))),
        RewardRule(kind="commission-share", percent=Decimal(30), when=When(symbol_group=("index", "crypto"))),
    ),
    excluded=Excluded(held_less_than_s=120),
    cap=Cap(percent_of_income=80),
)  # fmt: skip


class PartnerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    plans: tuple[Plan, ...] = (_DEFAULT,)
    default_plan: Code = "standard"
    symbol_groups: tuple[SymbolGroup, ...] = (
        SymbolGroup(code="fx", symbols=_FX),
        SymbolGroup(code="metal", symbols=("XAUUSD", "XAGUSD"), income_per_lot=Decimal(15)),
        SymbolGroup(code="index", symbols=("US500", "US30", "NAS100", "DE40", "UK100", "JP225")),
        SymbolGroup(code="crypto", symbols=("BTCUSD", "ETHUSD")),
    )
    other_group: str = "other"
    attribution: Literal["first-touch", "last-touch"] = "first-touch"
    touch_days: Annotated[int, Meta(ge=1, le=365)] = 30
    access: Literal["auto", "public", "restricted", "private"] = "auto"
    """Auto: who joins is a partner at once. Public: everybody may apply. Restricted: who was invited.
    Private: only staff make partners."""
    payout_minimum: Decimal = Decimal(10)
    payout_approve_over: Decimal = Decimal(5000)
    payouts: Payouts = Payouts()
    objections: Objections = Objections()

    def __post_init__(self) -> None:
        if self.default_plan not in {plan.code for plan in self.plans}:
            raise ValueError(f"there is no plan {self.default_plan}")

    def plan(self, code: str) -> Plan:
        """The plan by code, else the default one."""
        by_code = {plan.code: plan for plan in self.plans}
        return by_code.get(code) or by_code[self.default_plan]

    def group_of(self, symbol: str) -> str:
        bare = symbol.split(".", maxsplit=1)[0].upper()
        for group in self.symbol_groups:
            if bare in group.symbols:
                return group.code
        return self.other_group
