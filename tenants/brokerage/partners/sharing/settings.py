"""Whether partners may share, and who looks first."""

from decimal import Decimal
from typing import Literal

import msgspec

from stoa.kernel.refusals import Unfit


class Sharing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Automatic: a partner's word counts at once, unless signs say the client is the partner
    themself. Approved: staff agree to every share first.
    """

    mode: Literal["off", "automatic", "approved"] = "approved"
    percent_most: Decimal = Decimal(100)

    def __post_init__(self) -> None:
        if not self.percent_most.is_finite() or not 0 < self.percent_most <= 100:
            raise Unfit("a share is above 0 and at most 100 percent")
