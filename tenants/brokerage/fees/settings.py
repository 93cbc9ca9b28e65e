"""The schedule of fees: lines in order, the first that fits a client and what they do decides."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stoa.kernel import currencies
from stoa.kernel.money import Money
from stoa.kernel.refusals import Unfit

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Kind = Literal["deposit", "withdrawal", "conversion", "inactivity"]


class Sum(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Zero or more of one currency; compared with other currencies at the stored rate."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not currencies.known(self.currency):
            raise Unfit("the currency {currency} is not known", currency=self.currency)
        if not self.amount.is_finite() or self.amount < 0:
            raise Unfit("an amount here is zero or more")

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class FeeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What something costs. An empty list means all; `segments` are tags of clients.

    The fee is `percent` of the amount plus `fixed`, not below `least` nor above `most`; the first
    `free_per_month` of a calendar month on the tenant's clock cost nothing. Of inactivity only
    `fixed` counts: each month, once nothing was done for `after_days`.
    """

    name: Name
    on: Kind
    methods: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    percent: Decimal = Decimal(0)
    fixed: Sum | None = None
    least: Sum | None = None
    most: Sum | None = None
    free_per_month: Annotated[int, Meta(ge=0, le=1_000)] = 0
    after_days: Annotated[int, Meta(ge=30, le=3_650)] = 365

    def __post_init__(self) -> None:
        if not self.percent.is_finite() or not 0 <= self.percent <= 50:
            raise Unfit("{name}: a fee is 0 to 50 percent", name=self.name)
        if self.on == "inactivity":
            if self.percent or self.free_per_month or self.methods:
                raise Unfit(
                    "{name}: inactivity costs a fixed amount and nothing else", name=self.name
                )
            if self.fixed is None:
                raise Unfit("{name}: inactivity needs a fixed amount", name=self.name)
        if (
            self.least is not None
            and self.most is not None
            and self.least.currency == self.most.currency
            and self.least.amount > self.most.amount
        ):
            raise Unfit("{name}: the least is above the most", name=self.name)


class FeeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The schedule. What a method's own `fee` says holds only where no line fits."""

    lines: tuple[FeeLine, ...] = ()
    refund_returned: bool = True
    """Whether the fee of a withdrawal that came back is given back with it."""
    warn_days: Annotated[int, Meta(ge=0, le=90)] = 30
    """So many days before the first fee for inactivity the client is told."""

    def __post_init__(self) -> None:
        names = [one.name for one in self.lines]
        if len(set(names)) != len(names):
            raise Unfit("two lines of the schedule share a name")
