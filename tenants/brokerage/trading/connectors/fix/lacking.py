"""The verbs that a drop copy has not: what changes is refused, what reads says that there is nothing."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NoReturn

from brokerage.trading.connector import (
    Access,
    Account,
    Deal,
    DealBatch,
    DealCursor,
    Group,
    MoneyKind,
    NewAccount,
    Position,
    Profile,
    Symbol,
    Ticks,
    Which,
)
from stoa.connectors.outcomes import Outcome, hard
from stoa.kernel.refusals import Conflict
from stoa.kernel.saying import N_

_NONE: Final = N_("A drop copy tells of deals and can be told nothing.")


class Lacking:
    """Every verb of the port but `stream`."""

    async def create_account(self, new: NewAccount) -> Outcome:
        return hard("no-such-verb", _NONE)

    async def find_account(self, external_id: str, group: str, login: int = 0) -> int | None:
        _lacking()

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        return hard("no-such-verb", _NONE)

    async def set_group(self, login: int, group: str) -> Outcome:
        return hard("no-such-verb", _NONE)

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        return hard("no-such-verb", _NONE)

    async def set_access(self, login: int, access: Access) -> Outcome:
        return hard("no-such-verb", _NONE)

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome:
        return hard("no-such-verb", _NONE)

    async def balance_op(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str = ""
    ) -> Outcome:
        return hard("no-such-verb", _NONE)

    async def find_balance_op(self, login: int, external_id: str, since: datetime) -> Deal | None:
        _lacking()

    async def get_account(self, login: int) -> Account:
        _lacking()

    async def get_positions(self, login: int) -> tuple[Position, ...]:
        _lacking()

    async def get_deals(
        self, logins: Sequence[int], since: DealCursor, until: datetime | None = None
    ) -> DealBatch:
        _lacking()

    async def list_logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        _lacking()

    async def list_groups(self) -> tuple[Group, ...]:
        _lacking()

    async def list_symbols(self) -> tuple[Symbol, ...]:
        _lacking()

    async def prices(self, symbols: Sequence[str], since: int = 0) -> Ticks:
        _lacking()

    async def moved(self) -> int | None:
        return None


def _lacking() -> NoReturn:
    raise Conflict(_NONE, code="no-such-verb")
