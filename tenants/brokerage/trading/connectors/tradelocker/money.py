"""Money on accounts. The API keeps our key: the same key is the same operation, however often sent.

Its reports tell operations without the note they were made with. So an operation is found again by
what this process knows of it: its number, once an answer named it; else kind, amount and time, if just one
operation fits it and it alone fits that operation. Where that does not decide, nobody guesses: the same
order with the same key does.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid5

import msgspec

from brokerage.trading.connector import Deal, Doubled, MoneyKind, operation_of
from brokerage.trading.connectors.tradelocker import ids, records
from brokerage.trading.connectors.tradelocker.link import Link
from brokerage.trading.connectors.tradelocker.operations import Operations
from brokerage.trading.connectors.tradelocker.records import Operation
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, not_sent
from stoa.connectors.trouble import NoAnswer, Unreachable
from stoa.kernel.refusals import Unavailable

NOTE_LENGTH: Final = 255
_OURS: Final = UUID("0b0a4c66-6ad5-4b7e-9a5e-0d5a0f6d8c11")
_AROUND: Final = timedelta(minutes=10)
_SKEW: Final = timedelta(seconds=5)
_MOST: Final = 20_000

_VERBS: Final = MappingProxyType(
    {
        MoneyKind.DEPOSIT: "deposit",
        MoneyKind.CORRECTION_IN: "deposit",
        MoneyKind.WITHDRAWAL: "withdraw",
        MoneyKind.CORRECTION_OUT: "withdraw",
        MoneyKind.CHARGE: "withdraw",
        MoneyKind.CREDIT_IN: "credit",
        MoneyKind.CREDIT_OUT: "credit",
    }
)


class Sent(msgspec.Struct, frozen=True):
    """An operation of ours whose answer did not come; `last` is when it was asked for again."""

    login: int
    credit: bool
    signed: Decimal
    at: datetime
    last: datetime


class References:
    """Which operation is whose, as far as this process was told. The oldest are forgotten."""

    def __init__(self) -> None:
        self._of: OrderedDict[int, str] = OrderedDict()
        self._open: OrderedDict[str, Sent] = OrderedDict()

    def of(self, deal: int) -> str:
        return self._of.get(deal, "")

    def sent(self, external_id: str) -> Sent | None:
        return self._open.get(external_id)

    def rivals(self, external_id: str) -> int:
        """How many others without an answer moved, or would have moved, just the same."""
        mine = self._open[external_id]
        alike = (mine.login, mine.credit, mine.signed)
        return sum(
            (one.login, one.credit, one.signed) == alike
            for other, one in self._open.items()
            if other != external_id
        )

    def asked(self, external_id: str, sent: Sent) -> None:
        before = self._open.get(external_id, sent)
        self._open[external_id] = msgspec.structs.replace(before, last=sent.last)
        _bound(self._open)

    def refused(self, external_id: str) -> None:
        """It was not done this time; one that was asked for before may have been done then."""
        sent = self._open.get(external_id)
        if sent is not None and sent.at == sent.last:
            del self._open[external_id]

    def named(self, deal: int, external_id: str) -> None:
        self._of[deal] = external_id
        self._open.pop(external_id, None)
        _bound(self._of)


def _bound(held: OrderedDict[int, str] | OrderedDict[str, Sent]) -> None:
    if len(held) > _MOST:
        held.popitem(last=False)


class Money:
    def __init__(self, link: Link, operations: Operations, references: References) -> None:
        self._link = link
        self._operations = operations
        self._references = references
        self._settled = timedelta(seconds=link.settings.settle_s)

    async def move(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str
    ) -> Outcome:
        """One order under its key. Confirmed with the operation's number."""
        if not amount.is_finite() or amount <= 0:
            raise ValueError("an operation moves a positive amount; its direction is in its kind")
        verb = _VERBS[kind]
        signed = -amount if kind.outward else amount
        body = {
            "accountId": ids.account_id(login, self._link.settings.kind),
            "amount": format(signed if verb == "credit" else amount, "f"),
            "note": f"{external_id} {comment}".strip()[:NOTE_LENGTH],
        }
        key = operation_of(external_id) or uuid5(_OURS, external_id)
        now = datetime.now(UTC)
        self._references.asked(external_id, Sent(login, verb == "credit", signed, now, now))
        try:
            said = await self._link.change("POST", f"/v1/account-operations/{verb}", body, key)
            if isinstance(said, Refused):
                self._references.refused(external_id)
            if isinstance(said, Refused | Unknown):
                return said
            deal = ids.deal_of_operation(said.get("operationId"))
        except Unreachable as why:
            self._references.refused(external_id)
            return not_sent(why)
        except NoAnswer as why:
            return Unknown(why.code)
        self._references.named(deal, external_id)
        return Confirmed(str(deal))

    async def find(self, login: int, external_id: str, since: datetime) -> Deal | None:
        """Raises Unavailable where the report cannot decide."""
        rows = await self._operations.read(login, since - _AROUND, datetime.now(UTC) + _AROUND)
        named = [
            one
            for one in rows
            if external_id in (self._references.of(one.deal), one.note.partition(" ")[0])
        ]
        if len(named) > 1:
            raise Doubled(
                "Operation {operation} is in the trading server's journal {times} times.",
                operation=external_id,
                times=len(named),
            )
        if not named:
            named = self._fitting(rows, login, external_id)
        for one in named:
            self._references.named(one.deal, external_id)
            return records.deal_of_operation(one, login, external_id)
        return None

    def _fitting(self, rows: Iterable[Operation], login: int, external_id: str) -> list[Operation]:
        """The one operation that can only be this; none where none can be."""
        nobodys = [one for one in rows if not one.note and not self._references.of(one.deal)]
        sent = self._references.sent(external_id)
        if sent is not None and sent.login == login:
            nobodys = [
                one
                for one in nobodys
                if one.amount == sent.signed
                and ("CREDIT" in one.type) == sent.credit
                and sent.at - _SKEW <= one.at <= sent.last + self._settled
            ]
            if len(nobodys) <= 1 and not (nobodys and self._references.rivals(external_id)):
                return nobodys
        if nobodys:
            raise Unavailable("The trading server refused: {reason}.", code="no-references",
                              reason="its report does not tell whose operation is whose")  # fmt: skip
        return []
