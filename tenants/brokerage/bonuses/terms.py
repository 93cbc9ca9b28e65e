"""The terms of a bonus, as one value: what is given for what, what earns it, what takes it away."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stoa.kernel import currencies
from stoa.kernel.refusals import Unfit

Once = Literal["household", "device", "instrument"]
Burn = Literal["all", "pro-rata", "none"]


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So much for each lot above `from_lots`, up to the next tier."""

    from_lots: Decimal
    amount: Decimal

    def __post_init__(self) -> None:
        if not self.from_lots.is_finite() or self.from_lots < 0:
            raise Unfit("a tier begins at zero lots or more", field="from_lots")
        if not self.amount.is_finite() or not 0 < self.amount <= 1_000:
            raise Unfit("a lot brings above 0 and at most 1000", field="amount")


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Amounts are in `currency` and compared at the stored rate; a person is always once.

    `percent` of the deposit up to `most`, for deposits number `first` to `last` (0: without end).
    `lots_per_100` lots on `symbols` (empty: all; a trailing * fits the rest) turn 100 of it into
    money; 0 means never. Deals held for less than `hold_s` seconds do not count.

    `cashback` is money for each lot by `tiers`, up to `most`, for `valid_days` after it was taken.
    """

    kind: Literal["deposit", "cashback"] = "deposit"
    percent: Decimal = Decimal(0)
    most: Decimal
    tiers: tuple[Tier, ...] = ()
    currency: Annotated[str, Meta(min_length=1)] = "USD"
    least_deposit: Decimal = Decimal(0)
    first: Annotated[int, Meta(ge=1, le=1000)] = 1
    last: Annotated[int, Meta(ge=0, le=1000)] = 1
    valid_days: Annotated[int, Meta(ge=1, le=720)] = 30
    lots_per_100: Decimal = Decimal(1)
    release: Literal["whole", "steps"] = "whole"
    symbols: tuple[str, ...] = ()
    hold_s: Annotated[int, Meta(ge=0, le=86_400)] = 60
    burn: Burn = "all"
    burn_negative: bool = True
    countries: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    promo_code: str = ""
    once_per: tuple[Once, ...] = ("household", "device", "instrument")
    ask: bool = True
    """Taken by the client; otherwise every fitting deposit brings it by itself."""

    def __post_init__(self) -> None:
        if self.kind == "cashback":
            starts = [one.from_lots for one in self.tiers]
            if not starts or starts[0] or starts != sorted(set(starts)):
                raise Unfit(
                    "tiers of cashback begin at 0 lots, each above the one before", field="tiers"
                )
        elif not self.percent.is_finite() or not 0 < self.percent <= 200:
            raise Unfit("percent is above 0 and at most 200", field="percent")
        if not self.most.is_finite() or self.most <= 0:
            raise Unfit("most is above 0", field="most")
        for name in ("least_deposit", "lots_per_100"):
            amount: Decimal = getattr(self, name)
            if not amount.is_finite() or amount < 0:
                raise Unfit("amounts are zero or more", field=name)
        if not currencies.known(self.currency):
            raise Unfit(
                "the currency {currency} is not known", field="currency", currency=self.currency
            )
        if self.last and self.last < self.first:
            raise Unfit("last comes after first", field="last")

    def patterns(self) -> list[str]:
        """Symbols as SQL patterns."""
        escaped = (one.replace("%", r"\%").replace("_", r"\_") for one in self.symbols)
        return [one[:-1] + "%" if one.endswith("*") else one for one in escaped]
