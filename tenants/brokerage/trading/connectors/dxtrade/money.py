"""Money on accounts, under our own id: the same PUT again is the same transfer, and moves nothing."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from brokerage.trading.connector import Deal, Doubled, MoneyKind
from brokerage.trading.connectors.dxtrade.accounts import Accounts
from brokerage.trading.connectors.dxtrade.link import Link
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, hard, not_sent
from stoa.connectors.trouble import NoAnswer, Unreachable
from stoa.kernel.refusals import NotFound, Unavailable

COMMENT_LENGTH: Final = 64
_AROUND: Final = timedelta(hours=26)
_VERBS: Final = MappingProxyType(
    {
        MoneyKind.DEPOSIT: "deposit",
        MoneyKind.WITHDRAWAL: "withdrawal",
        MoneyKind.CORRECTION_IN: "adjustment",
        MoneyKind.CORRECTION_OUT: "adjustment",
        MoneyKind.CHARGE: "adjustment",
    }
)
KINDS: Final = frozenset(_VERBS)
CREDIT: Final = (
    "DXtrade sets credit as a whole and without an id of ours: it is not moved from here"
)

Transfers = Callable[[int, datetime, datetime], Awaitable[list[Deal]]]


class Money:
    def __init__(self, link: Link, accounts: Accounts, transfers: Transfers) -> None:
        self._link = link
        self._accounts = accounts
        self._transfers = transfers

    async def move(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str
    ) -> Outcome:
        """One transfer under our id, sent once; whoever asked may send the same again after silence."""
        if not amount.is_finite() or amount <= 0:
            raise ValueError("an operation moves a positive amount; its direction is in its kind")
        verb = _VERBS.get(kind)
        if verb is None:
            return hard("no-such-money", CREDIT)
        try:
            currency = await self._accounts.account_currency(login)
        except NotFound:
            return hard("no-such-account", "no such account")
        except Unavailable as why:
            return not_sent(why)
        signed = -amount if verb == "adjustment" and kind.outward else amount
        path = f"{self._link.account(login)}/{verb}/{quote(external_id, safe='')}"
        body = {
            "amount": signed,
            "currency": currency,
            "description": f"{external_id} {comment}".strip()[:COMMENT_LENGTH],
        }
        return await self._put(path, body, external_id)

    async def _put(self, path: str, body: Mapping[str, object], external_id: str) -> Outcome:
        try:
            said = await self._link.change("PUT", path, body)
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            return Unknown(why.code)
        return said if isinstance(said, Refused | Unknown) else Confirmed(external_id)

    async def find(self, login: int, external_id: str, since: datetime) -> Deal | None:
        """By our id in what the journal says. Raises Doubled."""
        rows = await self._transfers(login, since - _AROUND, datetime.now(UTC) + _AROUND)
        found = {deal.deal: deal for deal in rows if deal.comment.partition(" ")[0] == external_id}
        if len(found) > 1:
            raise Doubled(
                "Operation {operation} is in the trading server's journal {times} times.",
                operation=external_id,
                times=len(found),
            )
        return next(iter(found.values()), None)
