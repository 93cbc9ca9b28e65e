"""Money on accounts: sent at most once, and found again by the mark in the comment."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from brokerage.trading.connector import Deal, DealCursor, Doubled, MoneyKind
from brokerage.trading.connectors.mt5_webapi import retcodes
from brokerage.trading.connectors.mt5_webapi.deals import Deals
from brokerage.trading.connectors.mt5_webapi.link import Link
from stoa.connectors.outcomes import Outcome, Unknown, technical
from stoa.connectors.trouble import NoAnswer, Unreachable

COMMENT_LENGTH: Final = 31
_AROUND: Final = timedelta(hours=26)

_TYPES: Final = MappingProxyType(
    {
        MoneyKind.DEPOSIT: 2,
        MoneyKind.WITHDRAWAL: 2,
        MoneyKind.CREDIT_IN: 3,
        MoneyKind.CREDIT_OUT: 3,
        MoneyKind.CHARGE: 4,
        MoneyKind.CORRECTION_IN: 5,
        MoneyKind.CORRECTION_OUT: 5,
    }
)
_WITHIN_MARGIN: Final = frozenset({MoneyKind.WITHDRAWAL, MoneyKind.CREDIT_OUT})


class Operations:
    """The balance verbs. The protocol has no idempotency key: a comment is all there is."""

    def __init__(self, link: Link, deals: Deals, lock: Callable[[int], asyncio.Lock]) -> None:
        self._link = link
        self._deals = deals
        self._lock = lock

    async def move(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str
    ) -> Outcome:
        """One question, never repeated, whatever comes of it."""
        if not amount.is_finite() or amount <= 0:
            raise ValueError("an operation moves a positive amount; its direction is in its kind")
        signed = -amount if kind.outward else amount
        asked: dict[str, str | int] = {
            "LOGIN": login,
            "TYPE": _TYPES[kind],
            "BALANCE": format(signed, "f"),
            "COMMENT": _comment(external_id, comment),
            "CHECK_MARGIN": 1 if kind in _WITHIN_MARGIN else 0,
        }
        async with self._lock(login):
            try:
                answer = await self._link.ask("TRADE_BALANCE", asked)
            except Unreachable as why:
                return technical(why.code)
            except NoAnswer as why:
                return Unknown(why.code)
        ticket = answer.number("TICKET")
        return retcodes.outcome_of(answer.retcode, answer.retext, str(ticket) if ticket else "")

    async def find(self, login: int, external_id: str, since: datetime) -> Deal | None:
        """Looks a day beyond both ends: a clock that is set wrong must not hide money."""
        batch = await self._deals.read(
            (login,), DealCursor(since - _AROUND), datetime.now(UTC) + _AROUND
        )
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
    return not deal.kind.trade and deal.comment.partition(" ")[0] == external_id
