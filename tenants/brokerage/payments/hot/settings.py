"""How much of one coin may lie at a provider."""

from decimal import Decimal

import msgspec

from stoa.kernel import currencies
from stoa.kernel.refusals import Unfit


class Hot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Below `floor` payouts in the coin wait; above `ceiling` the rest belongs in cold storage."""

    currency: str
    floor: Decimal = Decimal(0)
    ceiling: Decimal | None = None

    def __post_init__(self) -> None:
        if not currencies.known(self.currency):
            raise Unfit("this currency is not available")
        bounds = [self.floor] if self.ceiling is None else [self.floor, self.ceiling]
        if any(not one.is_finite() or one < 0 for one in bounds) or bounds != sorted(bounds):
            raise Unfit("floor is 0 or more, and ceiling is not below it")
