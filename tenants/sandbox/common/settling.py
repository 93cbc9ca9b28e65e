"""A provider's settlement file over its own record; told to, it leaves things out or invents some."""

import csv
import io
import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

from sandbox.common import currencies
from sandbox.common.book import Row, fresh
from sandbox.common.provider import Provider
from sandbox.common.wire import Answer, Asked, as_json

FEE = Decimal("0.014")


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement of a merchant's balance: `amount` in major units, plus came in."""

    id: str
    payment: str
    ours: str
    kind: str
    amount: Decimal
    currency: str
    at: datetime
    fee: Decimal = Decimal(0)


def moment(unix: float) -> datetime:
    return datetime.fromtimestamp(int(unix), UTC)


def fee_of(amount: Decimal, places: int) -> Decimal:
    """What this provider keeps of a payment: 1.4 percent."""
    return (amount * FEE).quantize(Decimal(1).scaleb(-places))


def wanted(asked: Asked, moved: Sequence[Moved]) -> list[Moved]:
    """The rows of one file: `since` and `until` (ISO), without those in `omit`, and `extra`.

    `omit` names ids or our references, `extra` amounts such as `12.50:EUR`: how a file lies.
    """
    query = asked.query
    since = datetime.fromisoformat(query["since"]) if query.get("since") else None
    until = datetime.fromisoformat(query["until"]) if query.get("until") else None
    omitted = {one for one in query.get("omit", "").split(",") if one}
    kept = [
        one
        for one in moved
        if not ({one.id, one.payment, one.ours} & omitted)
        and (since is None or one.at >= since)
        and (until is None or one.at < until)
    ]
    last = max((one.at for one in kept), default=moment(0) if until is None else until)
    for told in filter(None, query.get("extra", "").split(",")):
        amount, _, currency = told.partition(":")
        name = f"x_{secrets.token_hex(8)}"
        kept.append(Moved(name, name, "", "payment", Decimal(amount), currency.upper(), last))
    return sorted(kept, key=lambda one: (one.at, one.id))


def as_csv(header: Sequence[str], rows: Sequence[Sequence[object]], separator: str) -> Answer:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(header)
    writer.writerows(rows)
    return Answer(200, out.getvalue().encode(), (("content-type", "text/csv; charset=utf-8"),))


class Settling(ABC):
    """A provider's settlement file; it says its columns and what of its record moved a balance.

    `MERCHANT` and `WHEN` name the columns of its own rows that hold the merchant and the second.
    """

    HEADER: ClassVar[Sequence[str]]
    SEPARATOR: ClassVar[str]
    MERCHANT: ClassVar[str]
    WHEN: ClassVar[str]
    MARK: ClassVar[str]

    def __init__(self, provider: Provider) -> None:
        self._of = provider
        provider.on("GET", "/_sandbox/settlement", self.file)
        provider.on("POST", "/_sandbox/settlement", self.send)

    @abstractmethod
    def line(self, one: Moved) -> Sequence[object]:
        """One movement in the columns of the header."""

    @abstractmethod
    def moved(self, merchant: str) -> list[Moved]:
        """What moved a merchant's balance (empty: anybody's), in any order."""

    def file(self, asked: Asked) -> Answer:
        """One merchant's movements as CSV: {merchant, since, until, omit, extra}.

        Without `merchant` it is the one whose key the call carries.
        """
        named = asked.query.get("merchant")
        moved = self.moved(named or str(self._of.merchant_of(asked)["id"]))
        rows = [self.line(one) for one in wanted(asked, moved)]
        return as_csv(self.HEADER, rows, self.SEPARATOR)

    def send(self, asked: Asked) -> Answer:
        """Send what was earned to the merchant's bank: {amount, currency, at}; its id is told."""
        given = asked.document()
        code = str(given["currency"]).upper()
        at = datetime.fromisoformat(str(given["at"]))
        minor = Decimal(str(given["amount"])).scaleb(currencies.exponent(code) or 0)
        row: Row = {
            "id": fresh("tr_"),
            "amount": int(minor),
            "currency": code,
            self.WHEN: int(at.timestamp()),
            self.MERCHANT: self._of.merchant_of(asked)["id"],
        }
        return as_json(self._of.book.put("settlement.sent", "settlements", row))

    def rows(self, table: str, merchant: str) -> list[Row]:
        rows = self._of.book.table(table).values()
        return [row for row in rows if merchant in ("", row[self.MERCHANT])]

    def of(
        self, row: Row, kind: str, payment: str, *, minor: int | None = None, plus: bool = False
    ) -> Moved:
        """A row as a movement of `minor` units, or of its own amount."""
        code = str(row["currency"]).upper()
        places = currencies.exponent(code) or 0
        amount = Decimal(int(row["amount"]) if minor is None else minor).scaleb(-places)
        return Moved(
            id=self.MARK.format(kind=kind[:3], id=row["id"]),
            payment=payment,
            ours=str((row.get("metadata") or {}).get("id", "")),
            kind=kind,
            amount=amount if plus else -amount,
            currency=code,
            at=moment(row[self.WHEN]),
            fee=fee_of(amount, places) if kind == "payment" else Decimal(0),
        )
