"""What a tenant decides about its partners: plans, symbol groups, attribution, payouts."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from brokerage.partners.objecting.settings import Objections
from brokerage.partners.paying.settings import Payouts
from brokerage.partners.sharing.settings import Sharing
from brokerage.partners.terms import (
    Amount,
    Cap,
    Code,
    Excluded,
    Levels,
    Plan,
    RewardKind,
    RewardRule,
    When,
    within,
)
from stoa.kernel.refusals import Unfit

__all__ = [
    "Amount",
    "Cap",
    "Code",
    "Excluded",
    "Levels",
    "PartnerSettings",
    "Plan",
    "RewardKind",
    "RewardRule",
    "SymbolGroup",
    "When",
]


class SymbolGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Symbols by their canonical name. `income_per_lot` is the broker's markup in the plans' currency:
    what a share of spread is of, and with the commission what the cap is of. `pip` is what a pip of
    these symbols is, where it is not the one that the digits of their price make usual.
    """

    code: Code
    symbols: tuple[str, ...]
    income_per_lot: Decimal = Decimal(10)
    pip: Decimal | None = None

    def __post_init__(self) -> None:
        within("an income", self.income_per_lot)
        within("a pip", self.pip)
        if self.pip is not None and not self.pip:
            raise Unfit("a pip is more than nothing")


class Engine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether deals are rewarded as they come. What came while it was paused is rewarded afterwards."""

    paused_at: datetime | None = None
    why: str = ""


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
    engine: Engine = Engine()
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
    sharing: Sharing = Sharing()
    """What partners may give clients of their rewards."""
    ratios_two: bool = True
    """Personal and master ratios wait for a second person, as changes of plans do."""

    def __post_init__(self) -> None:
        if self.default_plan not in {plan.code for plan in self.plans}:
            raise Unfit(
                "there is no plan {default_plan}",
                field="default_plan",
                default_plan=self.default_plan,
            )
        if len({plan.code for plan in self.plans}) != len(self.plans):
            raise Unfit("two plans share a code")
        if len({plan.currency for plan in self.plans}) != 1:
            raise Unfit("all plans are in one currency: ranks of different ones are compared")

    @property
    def currency(self) -> str:
        """What all plans are in, and rewards with them."""
        return self.plans[0].currency

    def plan(self, code: str) -> Plan:
        """The plan by code, else the default one."""
        by_code = {plan.code: plan for plan in self.plans}
        return by_code.get(code) or by_code[self.default_plan]
