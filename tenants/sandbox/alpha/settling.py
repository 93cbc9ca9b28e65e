"""Alpha's settlement file, in the columns of an itemised balance report."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sandbox.common import currencies, settling
from sandbox.common.book import Row, fresh
from sandbox.common.settling import Moved
from sandbox.common.wire import Answer, Asked, as_json

if TYPE_CHECKING:
    from sandbox.alpha.api import Alpha

HEADER: Final = (
    *("balance_transaction_id", "created", "reporting_category", "gross", "fee", "net"),
    *("currency", "payment_intent_id", "payment_metadata[id]"),
)
WORDS: Final = {"payment": "charge", "chargeback": "dispute", "transfer": "settlement"}


class Settling:
    def __init__(self, alpha: "Alpha") -> None:
        self._of = alpha
        alpha.on("GET", "/_sandbox/settlement", self.file)
        alpha.on("POST", "/_sandbox/settlement", self.send)

    def file(self, asked: Asked) -> Answer:
        """One merchant's movements as CSV: {merchant, since, until, omit, extra}.

        Without `merchant` it is the one whose key the call carries.
        """
        named = asked.query.get("merchant")
        moved = self._moved(named or str(self._of.merchant_of(asked)["id"]))
        rows = [
            (
                one.id,
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                WORDS.get(one.kind, one.kind),
                one.amount,
                one.fee,
                one.amount - one.fee,
                one.currency.lower(),
                one.payment,
                one.ours,
            )
            for one in settling.wanted(asked, moved)
        ]
        return settling.as_csv(HEADER, rows, ",")

    def send(self, asked: Asked) -> Answer:
        """Send what was earned to the merchant's bank: {amount, currency, at}; its id is told."""
        given = asked.document()
        code = str(given["currency"]).upper()
        moment = datetime.fromisoformat(str(given["at"]))
        minor = Decimal(str(given["amount"])).scaleb(currencies.exponent(code) or 0)
        row: Row = {
            "id": fresh("tr_"),
            "amount": int(minor),
            "currency": code,
            "created": int(moment.timestamp()),
            "_merchant": self._of.merchant_of(asked)["id"],
        }
        return as_json(self._of.book.put("settlement.sent", "settlements", row))

    def _moved(self, merchant: str) -> list[Moved]:
        found: list[Moved] = []
        for row in self._rows("charges", merchant):
            if row["status"] == "succeeded":
                found.append(self._of_row(row, "payment", row["payment_intent"], plus=True))
        found += [
            self._of_row(row, "refund", row.get("payment_intent") or "")
            for row in self._rows("refunds", merchant)
            if row["status"] in {"succeeded", "pending"}
        ]
        for row in self._rows("payouts", merchant):
            if row["status"] in {"paid", "failed"}:
                found.append(self._of_row(row, "payout", row["id"]))
            if row["status"] == "failed":
                found.append(self._of_row(row, "reversal", row["id"], plus=True))
        for row in self._rows("disputes", merchant):
            if row["status"] != "won":
                found.append(self._of_row(row, "chargeback", row.get("payment_intent") or ""))
        found += [
            self._of_row(row, "transfer", row["id"]) for row in self._rows("settlements", merchant)
        ]
        return found

    def _rows(self, table: str, merchant: str) -> list[Row]:
        rows = self._of.book.table(table).values()
        return [row for row in rows if merchant in ("", row["_merchant"])]

    def _of_row(self, row: Row, kind: str, payment: str, *, plus: bool = False) -> Moved:
        code = str(row["currency"]).upper()
        places = currencies.exponent(code) or 0
        amount = Decimal(int(row["amount"])).scaleb(-places)
        fee = settling.fee_of(amount, places) if kind == "payment" else Decimal(0)
        return Moved(
            id=f"txn_{kind[:3]}_{row['id']}",
            payment=payment,
            ours=str((row.get("metadata") or {}).get("id", "")),
            kind=kind,
            amount=amount if plus else -amount,
            currency=code,
            at=settling.moment(row["created"]),
            fee=fee,
        )
