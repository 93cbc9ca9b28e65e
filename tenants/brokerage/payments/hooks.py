"""What higher floors add to a withdrawal's checks. They register here when imported.

A hook runs inside the transaction that asks or looks again, after the checks of this floor that
come before it in the fixed order.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

from brokerage.payments.rules import Check
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

MoreChecks = Callable[[Work, UUID, Money], Awaitable[Sequence[Check]]]

margin_checks: Final[list[MoreChecks]] = []
"""Asked for (client, amount): whether open positions need this money."""
bonus_checks: Final[list[MoreChecks]] = []
"""Asked for (client, amount): which bonus is lost by taking it out."""
