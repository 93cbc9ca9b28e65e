"""Alpha's own controls: disputes, returned payouts, and the truth for tests."""

from typing import TYPE_CHECKING

from sandbox.alpha import amounts
from sandbox.alpha.shapes import shown
from sandbox.common.book import Row
from sandbox.common.wire import Answer, Asked, as_json, done

if TYPE_CHECKING:
    from sandbox.alpha.api import Alpha

SENT = (
    *("id", "amount", "currency", "status", "metadata", "destination", "charge", "created"),
    *("payment_intent", "failure_code", "failure_reason", "reason"),
)


class Controls:
    def __init__(self, alpha: "Alpha") -> None:
        self._of = alpha
        for method, path, handler in (
            ("POST", "/_sandbox/dispute", self.dispute),
            ("POST", "/_sandbox/disputes/{id}/close", self.close_dispute),
            ("POST", "/_sandbox/payouts/{id}/fail", self.fail_payout),
        ):
            alpha.on(method, path, handler)

    def dispute(self, asked: Asked) -> Answer:
        """Charge back {charge | payment_intent | session, reason?, amount?, inquiry?}."""
        given = asked.document()
        session = self._of.book.get("sessions", given.get("session")) or {}
        paying_id = given.get("payment_intent") or session.get("payment_intent")
        paying = self._of.book.get("payment_intents", paying_id) or {}
        key = str(given.get("charge") or paying.get("latest_charge") or "")
        amount = given.get("amount")
        row = self._of.returns.dispute(
            key,
            reason=str(given.get("reason") or "fraudulent"),
            amount=int(amount) if amount else None,
            inquiry=bool(given.get("inquiry")),
        )
        if row is None:
            return as_json({"error": "no charge there that can be disputed"}, 404)
        return done(asked, "Disputed", shown(row))

    def close_dispute(self, asked: Asked) -> Answer:
        row = self._of.book.get("disputes", asked.params["id"])
        if row is None or not row["status"].endswith("needs_response"):
            return as_json({"error": "no open dispute there"}, 404)
        won = asked.document().get("status") == "won"
        return as_json(shown(self._of.returns.close_dispute(row, won=won)))

    def fail_payout(self, asked: Asked) -> Answer:
        """Return a payout, also one that was paid: {failure_code?}."""
        row = self._of.book.get("payouts", asked.params["id"])
        if row is None or row["status"] not in ("pending", "paid"):
            return as_json({"error": "no payout there that can fail"}, 404)
        reason = str(asked.document().get("failure_code") or "account_closed")
        return done(asked, "Returned", shown(self._of.payouts.fail(row, reason)))


def truth(alpha: "Alpha", merchant: str) -> Row:
    """Every payment, refund, payout and dispute that really happened, amounts in minor units."""

    def rows(table: str) -> list[Row]:
        found = alpha.book.table(table).values()
        return [row for row in found if merchant in ("", row["_merchant"])]

    charges = alpha.book.table("charges")
    payments: list[Row] = []
    for row in rows("sessions"):
        paying = alpha.book.get("payment_intents", row["payment_intent"]) or {}
        charge = charges.get(str(paying.get("latest_charge")), {})
        payments.append(
            {
                "id": row["id"],
                "merchant": row["_merchant"],
                "reference": row["client_reference_id"],
                "metadata": row["metadata"],
                "amount": row["amount_total"],
                "currency": row["currency"],
                "status": row["status"],
                "paid": row["payment_status"] == "paid",
                "amount_received": paying.get("amount_received", 0),
                "amount_refunded": charge.get("amount_refunded", 0),
                "disputed": charge.get("disputed", False),
                "payment_intent": row["payment_intent"],
            }
        )
    return {
        "payments": payments,
        "payouts": [_sent(row) for row in rows("payouts")],
        "refunds": [_sent(row) for row in rows("refunds")],
        "disputes": [_sent(row) for row in rows("disputes")],
    }


def recent(alpha: "Alpha", count: int) -> list[Row]:
    latest: list[Row] = []
    for table, what in (("sessions", "Payment"), ("payouts", "Payout"), ("refunds", "Refund")):
        for row in list(alpha.book.table(table).values())[-count:]:
            amount = amounts.show(int(row.get("amount") or row["amount_total"]), row["currency"])
            paid = row.get("payment_status") == "paid"
            link = f"/c/pay/{row['id']}" if row["status"] == "open" else ""
            status = "paid" if paid else row["status"]
            shown_row = {"at": row["created"], "what": what, "id": row["id"], "amount": amount}
            more = {"status": status, "link": link, "acts": _acts(row, table)}
            latest.append({**shown_row, **more})
    return sorted(latest, key=lambda row: row["at"], reverse=True)[:count]


def _acts(row: Row, table: str) -> list[Row]:
    """What a person may do about it from the home page."""
    if table == "sessions" and row["payment_status"] == "paid":
        return [{"says": "Dispute", "path": "/_sandbox/dispute", "fields": {"session": row["id"]}}]
    if table == "payouts" and row["status"] in ("pending", "paid"):
        return [{"says": "Return", "path": f"/_sandbox/payouts/{row['id']}/fail", "fields": {}}]
    return []


def _sent(row: Row) -> Row:
    said: Row = {name: row[name] for name in SENT if name in row}
    return {**said, "merchant": row["_merchant"], "idempotency_key": row.get("_key", "")}
