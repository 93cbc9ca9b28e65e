"""Beta's settlement file: semicolons, decimal commas and days first, as some providers write."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sandbox.common import currencies, settling
from sandbox.common.book import Row, fresh
from sandbox.common.settling import Moved
from sandbox.common.wire import Answer, Asked, as_json

if TYPE_CHECKING:
    from sandbox.beta.api import Beta

HEADER: Final = (
    "Movement",
    "Date",
    "Type",
    "Amount",
    "Fee",
    "Currency",
    "Payment",
    "Your reference",
)
WORDS: Final = {
    "payment": "Sale",
    "refund": "Refund",
    "payout": "Payout",
    "reversal": "Payout returned",
    "chargeback": "Chargeback",
    "transfer": "Settlement",
}


class Settling:
    def __init__(self, beta: "Beta") -> None:
        self._of = beta
        beta.on("GET", "/_sandbox/settlement", self.file)
        beta.on("POST", "/_sandbox/settlement", self.send)

    def file(self, asked: Asked) -> Answer:
        """One merchant's movements as CSV: {merchant, since, until, omit, extra}.

        Without `merchant` it is the one whose key the call carries.
        """
        named = asked.query.get("merchant")
        moved = self._moved(named or str(self._of.merchant_of(asked)["id"]))
        rows = [
            (
                one.id,
                f"{one.at:%d.%m.%Y %H:%M:%S}",
                WORDS[one.kind],
                _comma(one.amount),
                _comma(one.fee),
                one.currency,
                one.payment,
                one.ours,
            )
            for one in settling.wanted(asked, moved)
        ]
        return settling.as_csv(HEADER, rows, ";")

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
            "_at": moment.timestamp(),
            "merchant_id": self._of.merchant_of(asked)["id"],
        }
        return as_json(self._of.book.put("settlement.sent", "settlements", row))

    def _moved(self, merchant: str) -> list[Moved]:
        found: list[Moved] = []
        for row in self._rows("payments", merchant):
            if row["amount_received"]:
                minor = int(row["amount_received"])
                found.append(self._of_row(row, "payment", row["id"], minor, plus=True))
        for row in self._rows("refunds", merchant):
            if row["status"] in {"succeeded", "pending"}:
                found.append(self._of_row(row, "refund", row["payment_id"], int(row["amount"])))
        for row in self._rows("payouts", merchant):
            if row["status"] in {"success", "reversed", "failed"}:
                found.append(self._of_row(row, "payout", row["id"], int(row["amount"])))
            if row["status"] in {"reversed", "failed"}:
                minor = int(row["amount"])
                found.append(self._of_row(row, "reversal", row["id"], minor, plus=True))
        for row in self._rows("settlements", merchant):
            found.append(self._of_row(row, "transfer", row["id"], int(row["amount"])))
        return found

    def _rows(self, table: str, merchant: str) -> list[Row]:
        rows = self._of.book.table(table).values()
        return [row for row in rows if merchant in ("", row["merchant_id"])]

    def _of_row(
        self, row: Row, kind: str, payment: str, minor: int, *, plus: bool = False
    ) -> Moved:
        places = currencies.exponent(row["currency"]) or 0
        amount = Decimal(minor).scaleb(-places)
        fee = settling.fee_of(amount, places) if kind == "payment" else Decimal(0)
        return Moved(
            id=f"{kind[:3]}-{row['id']}",
            payment=payment,
            ours=str((row.get("metadata") or {}).get("id", "")),
            kind=kind,
            amount=amount if plus else -amount,
            currency=row["currency"],
            at=settling.moment(row["_at"]),
            fee=fee,
        )


def _comma(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",")
