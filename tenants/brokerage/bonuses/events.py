"""What bonuses tell."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


class _Bonus(Fact, frozen=True, kw_only=True):
    grant: UUID
    client: UUID
    amount: str
    currency: str


@fact
class BonusCredited(_Bonus, frozen=True, kw_only=True):
    """Credit was given; it is not money yet."""

    kind: ClassVar[str] = "bonus.credited"
    public: ClassVar[bool] = True


@fact
class BonusReleased(_Bonus, frozen=True, kw_only=True):
    """Earned by trading: it is money in the wallet now."""

    kind: ClassVar[str] = "bonus.released"
    public: ClassVar[bool] = True


@fact
class BonusLost(_Bonus, frozen=True, kw_only=True):
    """Taken away; `why` is the code."""

    kind: ClassVar[str] = "bonus.lost"
    public: ClassVar[bool] = True

    why: str
