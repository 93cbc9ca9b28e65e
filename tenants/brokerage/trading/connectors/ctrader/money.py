"""Money on accounts: sent at most once, and found again by our mark in the balance history."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import msgspec

from brokerage.trading.connector import Deal, Doubled, MoneyKind
from brokerage.trading.connectors.ctrader.accounts import TRADERS
from brokerage.trading.connectors.ctrader.journal import Journal
from brokerage.trading.connectors.ctrader.link import Link
from brokerage.trading.connectors.ctrader.reading import OPERATION
from brokerage.trading.connectors.ctrader.web import Said, Web
from stoa.connectors import loose
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, hard
from stoa.kernel.refusals import Unavailable

COMMENT_LENGTH: Final = 100
_AROUND: Final = timedelta(hours=26)

_TYPES: Final = MappingProxyType(
    {
        MoneyKind.DEPOSIT: "DEPOSIT",
        MoneyKind.WITHDRAWAL: "WITHDRAW",
        MoneyKind.CREDIT_IN: "DEPOSIT_NONWITHDRAWABLE_BONUS",
        MoneyKind.CREDIT_OUT: "WITHDRAW_NONWITHDRAWABLE_BONUS",
        MoneyKind.CORRECTION_IN: "DEPOSIT",
        MoneyKind.CORRECTION_OUT: "WITHDRAW",
        MoneyKind.CHARGE: "WITHDRAW",
    }
)


class Operations:
    """The balance verbs. The platform promises no idempotency: our mark goes in twice, as external
    id and as the comment's first word, and the balance history is what tells of it.
    """

    def __init__(
        self, web: Web, link: Link, journal: Journal, lock: Callable[[int], asyncio.Lock]
    ) -> None:
        self._web = web
        self._link = link
        self._journal = journal
        self._lock = lock

    async def move(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str
    ) -> Outcome:
        """One call, never repeated, whatever comes of it; none without a way to ask afterwards."""
        if not amount.is_finite() or amount <= 0:
            raise ValueError("an operation moves a positive amount; its direction is in its kind")
        if not self._link.configured:
            return hard(
                "no-manager-link",
                "without the Manager link nobody could say whether money had moved",
            )
        body: Said = {
            "login": login,
            # A number as it is written, without a detour over binary fractions.
            "preciseAmount": msgspec.Raw(format(amount, "f").encode()),
            "type": _TYPES[kind],
            "comment": _comment(external_id, comment),
            "externalId": external_id,
        }
        async with self._lock(login):
            said = await self._web.change("POST", f"{TRADERS}/{login}/changebalance", body)
        if isinstance(said, Refused | Unknown):
            return said
        number = loose.whole(said.get("balanceHistoryId")) or 0
        return Confirmed(str(OPERATION + number)) if 0 < number < OPERATION else Unknown("no-id")

    async def find(self, login: int, external_id: str, since: datetime) -> Deal | None:
        """Looks a day beyond both ends: a clock that is set wrong must not hide money.

        Raises Unavailable without the Manager link: then there is no history to look in.
        """
        if not self._link.configured:
            raise Unavailable(
                "Without the Manager link there is no history to look in.", code="no-manager-link"
            )
        batch = await self._journal.read((login,), since - _AROUND, datetime.now(UTC) + _AROUND)
        if batch.missing:
            return None
        found = [deal for deal in batch.deals if _is_ours(deal, external_id)]
        if len(found) > 1:
            raise Doubled(
                "Operation {operation} is in the trading server's journal {times} times.",
                operation=external_id,
                times=len(found),
            )
        return found[0] if found else None


def _comment(external_id: str, comment: str) -> str:
    if not external_id.isascii() or not 0 < len(external_id) <= COMMENT_LENGTH:
        raise ValueError("the mark must be plain and fit the comment whole")
    if any(char.isspace() for char in external_id):
        raise ValueError("the mark is one word")
    return f"{external_id} {comment}".strip()[:COMMENT_LENGTH].rstrip()


def _is_ours(deal: Deal, external_id: str) -> bool:
    named = external_id in {deal.external_id, deal.comment.partition(" ")[0]}
    return not deal.kind.trade and named
