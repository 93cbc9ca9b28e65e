"""Alpha's settlement file, in the columns of an itemised balance report."""

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sandbox.common import currencies, settling
from sandbox.common.book import Row
from sandbox.common.settling import Moved
from sandbox.common.wire import Answer, Asked

if TYPE_CHECKING:
    from sandbox.alpha.api import Alpha

HEADER: Final = (
    *("balance_transaction_id", "created", "reporting_category", "gross", "fee", "net"),
    *("currency", "payment_intent_id", "payment_metadata[id]"),
)
WORDS: Final = {"payment": "charge", "chargeback": "dispute"}


class Settling:
    def __init__(self, alpha: "Alpha") -> None:
        self._of = alpha
        alpha.on("GET", "/_sandbox/settlement", self.file)

    def file(self, asked: Asked) -> Answer:
        """One merchant's movements as CSV: {merchant, since, until, omit, extra}."""
        moved = self._moved(asked.query.get("merchant", ""))
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

    def _moved(self, merchant: str) -> list[Moved]:
        found: list[Moved] = []
        for row in self._rows("charges", merchant):
            if row["status"] == "succeeded":
                found.append(self._of_row(row, "payment", row["payment_intent"], plus=True))
        for row in self._rows("refunds", merchant):
            if row["status"] in {"succeeded", "pending"}:
                found.append(self._of_row(row, "refund", row.get("payment_intent") or ""))
        for row in self._rows("payouts", merchant):
            if row["status"] in {"paid", "failed"}:
                found.append(self._of_row(row, "payout", row["id"]))
            if row["status"] == "failed":
                found.append(self._of_row(row, "reversal", row["id"], plus=True))
        for row in self._rows("disputes", merchant):
            if row["status"] != "won":
                found.append(self._of_row(row, "chargeback", row.get("payment_intent") or ""))
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
