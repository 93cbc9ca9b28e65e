"""Alpha's settlement file, in the columns of an itemised balance report."""

from collections.abc import Sequence
from typing import ClassVar, Final

from sandbox.common import settling
from sandbox.common.settling import Moved

WORDS: Final = {"payment": "charge", "chargeback": "dispute", "transfer": "settlement"}


class Settling(settling.Settling):
    HEADER: ClassVar[Sequence[str]] = (
        *("balance_transaction_id", "created", "reporting_category", "gross", "fee", "net"),
        *("currency", "payment_intent_id", "payment_metadata[id]"),
    )
    SEPARATOR: ClassVar[str] = ","
    MERCHANT: ClassVar[str] = "_merchant"
    WHEN: ClassVar[str] = "created"
    MARK: ClassVar[str] = "txn_{kind}_{id}"

    def line(self, one: Moved) -> Sequence[object]:
        return (
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

    def moved(self, merchant: str) -> list[Moved]:
        found: list[Moved] = []
        for row in self.rows("charges", merchant):
            if row["status"] == "succeeded":
                found.append(self.of(row, "payment", row["payment_intent"], plus=True))
        for row in self.rows("refunds", merchant):
            if row["status"] in {"succeeded", "pending"}:
                found.append(self.of(row, "refund", row.get("payment_intent") or ""))
        for row in self.rows("payouts", merchant):
            if row["status"] in {"paid", "failed"}:
                found.append(self.of(row, "payout", row["id"]))
            if row["status"] == "failed":
                found.append(self.of(row, "reversal", row["id"], plus=True))
        for row in self.rows("disputes", merchant):
            if row["status"] not in {"won", "warning_needs_response", "warning_closed"}:
                found.append(self.of(row, "chargeback", row.get("payment_intent") or ""))
        transfers = self.rows("settlements", merchant)
        return found + [self.of(row, "transfer", row["id"]) for row in transfers]
