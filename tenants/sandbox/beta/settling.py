"""Beta's settlement file: semicolons, decimal commas and days first, as some providers write."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Final

from sandbox.common import settling
from sandbox.common.settling import Moved

WORDS: Final = {
    "payment": "Sale",
    "refund": "Refund",
    "payout": "Payout",
    "reversal": "Payout returned",
    "chargeback": "Chargeback",
    "transfer": "Settlement",
}


class Settling(settling.Settling):
    HEADER: ClassVar[Sequence[str]] = (
        *("Movement", "Date", "Type", "Amount", "Fee", "Currency", "Payment", "Your reference"),
    )
    SEPARATOR: ClassVar[str] = ";"
    MERCHANT: ClassVar[str] = "merchant_id"
    WHEN: ClassVar[str] = "_at"
    MARK: ClassVar[str] = "{kind}-{id}"

    def line(self, one: Moved) -> Sequence[object]:
        return (
            one.id,
            f"{one.at:%d.%m.%Y %H:%M:%S}",
            WORDS[one.kind],
            _comma(one.amount),
            _comma(one.fee),
            one.currency,
            one.payment,
            one.ours,
        )

    def moved(self, merchant: str) -> list[Moved]:
        found: list[Moved] = []
        for row in self.rows("payments", merchant):
            if row["amount_received"]:
                minor = int(row["amount_received"])
                found.append(self.of(row, "payment", row["id"], minor=minor, plus=True))
        for row in self.rows("refunds", merchant):
            if row["status"] in {"succeeded", "pending"}:
                found.append(self.of(row, "refund", row["payment_id"]))
        for row in self.rows("payouts", merchant):
            if row["status"] in {"success", "reversed", "failed"}:
                found.append(self.of(row, "payout", row["id"]))
            if row["status"] in {"reversed", "failed"}:
                found.append(self.of(row, "reversal", row["id"], plus=True))
        for row in self.rows("settlements", merchant):
            found.append(self.of(row, "transfer", row["id"]))
        return found


def _comma(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",")
