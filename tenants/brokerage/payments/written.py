"""Amounts and short texts as settings of payments write them."""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from stoa.kernel import currencies
from stoa.kernel.money import Money
from stoa.kernel.refusals import Unfit

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Text = Annotated[str, Meta(min_length=1, max_length=80)]


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An amount in its currency; compared in others at the stored rate."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount < 0:
            raise Unfit("an amount is zero or more")
        if not currencies.known(self.currency):
            raise Unfit("the currency {currency} is not known", currency=self.currency)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
