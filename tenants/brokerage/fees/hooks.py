"""What higher floors tell of what they do: how often in a month, and what was done lately."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from stoa.kernel.money import Money
from stoa.tenancy.work import Work

Uses = Callable[[Work, UUID, str, datetime], Awaitable[int]]
"""How often a client did it by a method ("" for any) since a moment; what failed does not count."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something done lately, and what it was charged."""

    on: str
    client: UUID
    money: Money
    fee: Money
    at: datetime
    method: str = ""


Operations = Callable[[Work, datetime, int], Awaitable[Sequence[Operation]]]
"""What was done since a moment, the newest so many, in one query."""

uses: Final[dict[str, Uses]] = {}
operations: Final[list[Operations]] = []
