"""Beta's own controls: a payer to drive, disputes, returned payouts, and the truth for tests."""

from typing import TYPE_CHECKING

from sandbox.beta.crypto import BadTransfer
from sandbox.beta.link import back
from sandbox.common import cards, currencies
from sandbox.common.book import Row
from sandbox.common.wire import Answer, Asked, as_json, done

if TYPE_CHECKING:
    from sandbox.beta.api import Beta

PAID = (
    *("id", "amount", "currency", "status", "amount_received", "metadata", "error_code"),
    *("merchant_order_reference_id", "payment_method", "connector_metadata"),
)
SENT = (
    *("id", "amount", "currency", "status", "metadata", "payment_id", "error_code"),
    *("payout_type", "payout_method_data", "merchant_order_reference_id", "dispute_status"),
)


class Controls:
    def __init__(self, beta: "Beta") -> None:
        self._of = beta
        for method, path, handler in (
            ("POST", "/_sandbox/pay", self.drive),
            ("POST", "/_sandbox/dispute", self.dispute),
            ("POST", "/_sandbox/payouts/{id}/fail", self.fail_payout),
        ):
            beta.on(method, path, handler)

    def drive(self, asked: Asked) -> Answer:
        """Pay as a payer would, for tests.

        {payment_id, card, three_ds: "pass" or "fail"}, or {payment_id, coin: "usdt-tron",
        paid: "exact", "under", "over", "late" or an amount of the coin}.
        """
        given = asked.document()
        key = str(given.get("payment_id", "")).rstrip("/").rpartition("/")[2]
        row = self._of.book.get("payments", key)
        if row is None:
            return as_json({"error": "no such payment"}, 404)
        if "coin" in given or "paid" in given:
            if row["_coin"] is None or "coin" in given:
                row = self._of.crypto.choose(row, str(given.get("coin", "usdt-tron")))
            try:
                row = self._of.crypto.transfer(row, str(given.get("paid", "exact")))
            except BadTransfer as why:
                return as_json({"error": str(why)}, 400)
        else:
            card = cards.by_name(given.get("card", "4242424242424242"), self._of.clock.moment())
            row = self._of.cards.attempt(row, card)
            if row["status"] == "requires_customer_action" and "three_ds" in given:
                row = self._of.cards.answer_bank(row, agreed=given["three_ds"] == "pass")
        said = {"payment_id": key, "status": row["status"], "error_code": row["error_code"]}
        return as_json({**said, "redirect": back(row) if row["return_url"] else None})

    def dispute(self, asked: Asked) -> Answer:
        given = asked.document()
        row = self._of.book.get("payments", given.get("payment_id"))
        if row is None or row["status"] != "succeeded":
            return as_json({"error": "no payment there that can be disputed"}, 404)
        made = self._of.returns.dispute(row, str(given.get("reason") or "fraudulent"))
        public = {name: value for name, value in made.items() if name[0] != "_"}
        return done(asked, "Disputed", public)

    def fail_payout(self, asked: Asked) -> Answer:
        """Return a payout, also one that was paid: {reason?}."""
        row = self._of.book.get("payouts", asked.params["id"])
        if row is None or row["status"] not in ("initiated", "success"):
            return as_json({"error": "no payout there that can fail"}, 404)
        reason = str(asked.document().get("reason") or "returned")
        moved = self._of.payouts.fail(row, reason)
        return done(asked, "Returned", {"payout_id": moved["id"], "status": moved["status"]})


def truth(beta: "Beta", merchant: str) -> Row:
    """Every payment, refund, payout and dispute that really happened, amounts in minor units."""

    def rows(table: str, kept: tuple[str, ...]) -> list[Row]:
        found = beta.book.table(table).values()
        return [
            {**{name: row[name] for name in kept if name in row}, "merchant": row["merchant_id"]}
            for row in found
            if merchant in ("", row["merchant_id"])
        ]

    payments = rows("payments", PAID)
    for payment in payments:
        payment["paid"] = payment["status"] == "succeeded"
        payment["amount_received"] = payment["amount_received"] or 0
        payment["amount_refunded"] = beta.returns.refunded(payment["id"])
    return {
        "payments": payments,
        "payouts": rows("payouts", SENT),
        "refunds": rows("refunds", SENT),
        "disputes": rows("disputes", SENT),
    }


def recent(beta: "Beta", count: int) -> list[Row]:
    latest: list[Row] = []
    for table, what in (("payments", "Payment"), ("payouts", "Payout"), ("refunds", "Refund")):
        for row in list(beta.book.table(table).values())[-count:]:
            open_link = row.get("payment_link") if row["status"].startswith("requires_") else None
            link = f"/payment_link/{row['merchant_id']}/{row['id']}" if open_link else ""
            amount = currencies.show(row["amount"], row["currency"])
            shown = {"at": row["_at"], "what": what, "id": row["id"], "amount": amount}
            more = {"status": row["status"], "link": link, "acts": _acts(row, table)}
            latest.append({**shown, **more})
    return sorted(latest, key=lambda row: row["at"], reverse=True)[:count]


def _acts(row: Row, table: str) -> list[Row]:
    """What a person may do about it from the home page."""
    if table == "payments" and row["status"] == "succeeded":
        fields = {"payment_id": row["id"]}
        return [{"says": "Dispute", "path": "/_sandbox/dispute", "fields": fields}]
    if table == "payouts" and row["status"] in ("initiated", "success"):
        return [{"says": "Return", "path": f"/_sandbox/payouts/{row['id']}/fail", "fields": {}}]
    return []
