"""What every trading platform must speak: twelve verbs, plain values, three kinds of outcome.

A verb that changes something answers an Outcome and never raises for what the platform says; a
verb that reads answers values or raises a Refusal.
"""

import base64
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

import msgspec

from brokerage.trading.values import (
    Access,
    Account,
    Deal,
    DealBatch,
    DealCursor,
    DealKind,
    Entry,
    Group,
    Misread,
    MoneyKind,
    NewAccount,
    News,
    Position,
    Profile,
    Symbol,
    Tick,
    Ticks,
    Told,
    Which,
)
from stoa.connectors.checks import Check
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Outcome
from stoa.kernel.refusals import Conflict

__all__ = [
    "MARK_LENGTH",
    "Access",
    "Account",
    "Capabilities",
    "Deal",
    "DealBatch",
    "DealCursor",
    "DealKind",
    "Doubled",
    "Entry",
    "Group",
    "Misread",
    "MoneyKind",
    "NewAccount",
    "News",
    "Position",
    "Profile",
    "Symbol",
    "Tick",
    "Ticks",
    "Told",
    "TradingConnector",
    "Verb",
    "Which",
    "mark",
    "operation_of",
    "silent",
]

MARK_LENGTH: Final = 28


class Verb(StrEnum):
    CREATE_ACCOUNT = "create_account"
    UPDATE_PROFILE = "update_profile"
    SET_GROUP = "set_group"
    SET_LEVERAGE = "set_leverage"
    SET_ACCESS = "set_access"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a verb
    BALANCE_OP = "balance_op"
    GET_ACCOUNT = "get_account"
    GET_POSITIONS = "get_positions"
    GET_DEALS = "get_deals"
    LISTS = "lists"
    SUBSCRIBE = "subscribe"


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    verbs: frozenset[Verb]
    access: frozenset[Access]
    money: frozenset[MoneyKind]
    push: bool
    counts: bool = False
    """It can be asked cheaply for a number that moves with every deal: `moved` tells it."""
    idempotent_money: bool
    comment_length: int


class Doubled(Conflict):
    """The same operation is in the journal more than once: money moved twice, a person must look."""

    kind = "operation-doubled"


class TradingConnector(Protocol):
    """One trading server of one tenant, over its line. Kept open; safe for concurrent callers."""

    code: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    settings_type: ClassVar[type[msgspec.Struct]]

    def __init__(self, settings: Any, secrets: Keyring, line: Line) -> None: ...

    @property
    def identity(self) -> str:
        """Whose platform account this is; the same one may not be configured by two tenants."""
        ...

    @property
    def settle_after(self) -> timedelta:
        """How long after an unknown outcome "not found" may be believed."""
        ...

    async def create_account(self, new: NewAccount) -> Outcome:
        """Confirmed with the login. After Unknown, ask `find_account` before anything else."""
        ...

    async def find_account(self, external_id: str, group: str, login: int = 0) -> int | None: ...

    async def update_profile(self, login: int, profile: Profile) -> Outcome: ...

    async def set_group(self, login: int, group: str) -> Outcome: ...

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        """`leverage` is the ratio: 100 for 1:100."""
        ...

    async def set_access(self, login: int, access: Access) -> Outcome: ...

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome: ...

    async def balance_op(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str = ""
    ) -> Outcome:
        """Move money once. Sent at most once, whatever happens; `external_id` comes from `mark`.

        After Unknown, `find_balance_op` is asked until `settle_after` has passed; or, where
        `idempotent_money` is declared, the same order is given again, which is the same operation.
        """
        ...

    async def find_balance_op(self, login: int, external_id: str, since: datetime) -> Deal | None:
        """The journal's entry for an operation of ours, or None when there is none (yet).

        Raises:
            Doubled: it is there more than once.
        """
        ...

    async def get_account(self, login: int) -> Account: ...

    async def get_positions(self, login: int) -> tuple[Position, ...]: ...

    async def get_deals(
        self, logins: Sequence[int], since: DealCursor, until: datetime | None = None
    ) -> DealBatch:
        """All deals of many logins since a cursor, read with overlap: the store drops doubles."""
        ...

    async def list_logins(self, groups: Sequence[str]) -> tuple[int, ...]: ...

    async def list_groups(self) -> tuple[Group, ...]: ...

    async def list_symbols(self) -> tuple[Symbol, ...]: ...

    async def prices(self, symbols: Sequence[str], since: int = 0) -> Ticks: ...

    async def moved(self) -> int | None:
        """How many deals the whole server has, where it `counts` them: one question, cheap for it.

        None where it does not say.
        """
        ...

    def stream(self) -> AsyncIterator[News]:
        """What the platform tells unasked, for as long as the link holds; `silent` without push.

        Raises:
            Refusal: the link broke, or was refused; whoever listens opens the stream again.
        """
        ...

    async def test_connection(self) -> list[Check]: ...

    async def aclose(self) -> None: ...


async def silent() -> AsyncIterator[News]:
    """The stream of a platform that has no push: it ends at once."""
    nothing: tuple[News, ...] = ()
    for news in nothing:
        yield news


def mark(kind: str, operation: UUID) -> str:
    """What a platform's comment carries to find an operation again: a letter and the whole id.

    28 characters, so that it fits the 31 of an MT5 comment: no two operations can share it.
    """
    if len(kind) != 1 or not kind.isascii() or not kind.isalnum():
        raise ValueError("a mark begins with one letter or digit")
    return f"{kind}:{base64.b32encode(operation.bytes).decode().rstrip('=')}"


def operation_of(text: str) -> UUID | None:
    """The operation a platform's comment names, or None for a comment that is not ours."""
    word = text[:MARK_LENGTH]
    if len(word) != MARK_LENGTH or word[1] != ":" or text[MARK_LENGTH : MARK_LENGTH + 1].strip():
        return None
    try:
        found = UUID(bytes=base64.b32decode(word[2:] + "======"))
    except ValueError:
        return None
    return found if mark(word[0], found) == word else None
