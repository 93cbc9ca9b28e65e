"""Money on accounts. The API has no key of ours and answers with nothing, so nothing is sent twice.

Our mark begins the comment, and the ledger tells comments: that is how an operation is found again.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import msgspec

from brokerage.trading.connector import Deal, Doubled, MoneyKind
from brokerage.trading.connectors.matchtrader import ledgers, records
from brokerage.trading.connectors.matchtrader.accounts import ACCOUNTS
from brokerage.trading.connectors.matchtrader.link import Link
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, not_sent
from stoa.connectors.trouble import NoAnswer, Unreachable
from stoa.kernel.refusals import Refusal

COMMENT_LENGTH: Final = 100
_AROUND: Final = timedelta(minutes=10)
_CORRECTION: Final = "CORRECTION"

_VERBS: Final = MappingProxyType(
    {
        MoneyKind.DEPOSIT: ("deposit", ""),
        MoneyKind.CORRECTION_IN: ("deposit", _CORRECTION),
        MoneyKind.WITHDRAWAL: ("withdraw", ""),
        MoneyKind.CORRECTION_OUT: ("withdraw", _CORRECTION),
        MoneyKind.CHARGE: ("withdraw", _CORRECTION),
        MoneyKind.CREDIT_IN: ("credit-in", ""),
        MoneyKind.CREDIT_OUT: ("credit-out", ""),
    }
)


class Money:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def move(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str
    ) -> Outcome:
        """Confirmed with the ledger's number for it, where the ledger tells it at once."""
        if not amount.is_finite() or amount <= 0:
            raise ValueError("an operation moves a positive amount; its direction is in its kind")
        verb, more = _VERBS[kind]
        body = {
            "amount": msgspec.Raw(format(amount, "f").encode()),
            "comment": f"{external_id} {comment}".strip()[:COMMENT_LENGTH],
        } | ({"additionalType": more} if more else {})
        sent_at = datetime.now(UTC)
        try:
            said = await self._link.change("POST", f"{ACCOUNTS}/{login}/{verb}", body)
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            return Unknown(why.code)
        if isinstance(said, Refused | Unknown):
            return said
        try:
            found = await self.find(login, external_id, sent_at)
        except Refusal:
            found = None  # It was confirmed; only its number is not known.
        return Confirmed(str(found.deal) if found else "")

    async def find(self, login: int, external_id: str, since: datetime) -> Deal | None:
        """Raises Doubled where the ledger has it more than once."""
        told = await ledgers.of(
            self._link,
            [login],
            list(records.MONEY_TYPES),
            since - _AROUND,
            datetime.now(UTC) + _AROUND,
        )
        named = {
            deal.deal: deal
            for deal in (
                records.entry(row, login)
                for row in told.get(login, [])
                if str(row.get("comment") or "").partition(" ")[0] == external_id
            )
        }
        if len(named) > 1:
            raise Doubled(
                "Operation {operation} is in the trading server's journal {times} times.",
                operation=external_id,
                times=len(named),
            )
        return next(iter(named.values()), None)
