"""When a tenant pays its partners, and who agrees."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Calendar = Literal["by-hand", "daily", "weekly", "monthly"]


class Payouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The calendar closes a period in the tenant's time zone; it is paid `delay_days` after that.

    Over `two_over` (in the rewards' currency) two people agree, whoever made it not among them.
    A sign of fraud holds a payout until somebody has decided, whatever it comes to.
    """

    calendar: Calendar = "by-hand"
    delay_days: Annotated[int, Meta(ge=0, le=90)] = 0
    two_over: Decimal = Decimal(5000)
    currencies: tuple[str, ...] = ("USD", "EUR", "GBP")
    """What partners may choose to be paid in."""
    approver_since_h: Annotated[int, Meta(ge=0, le=720)] = 24
    """A permission to approve younger than this is too new for money."""
    signs: tuple[Literal["person", "device", "instrument", "household"], ...] = (
        "person",
        "device",
        "instrument",
        "household",
    )
    signs_days: Annotated[int, Meta(ge=1, le=400)] = 90
    """How far back sessions are compared."""
