"""What a tenant may tune about bonuses: when trading that earned one is looked at by a person."""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from stoa.kernel.refusals import Unfit

Seconds = Annotated[int, Meta(ge=1, le=86_400)]


class BonusSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of all lots counted for a bonus, how many may be of a pattern before a case is opened.

    Hedged: opposite positions in one symbol opened within `hedged_within_s` of each other. Rapid:
    closed within `rapid_s`, at least `rapid_least` of them. `on_server`: a bonus is credit on the
    client's trading account as well, where its server takes credit.
    """

    on_server: bool = False
    watch: bool = True
    hedged_within_s: Seconds = 60
    hedged_percent: Decimal = Decimal(20)
    rapid_s: Seconds = 120
    rapid_percent: Decimal = Decimal(50)
    rapid_least: Annotated[int, Meta(ge=2, le=1_000)] = 5

    def __post_init__(self) -> None:
        for percent in (self.hedged_percent, self.rapid_percent):
            if not percent.is_finite() or not 0 < percent <= 100:
                raise Unfit("a share is above 0 and at most 100 percent")
