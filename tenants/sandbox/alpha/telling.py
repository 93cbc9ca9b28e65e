"""What alpha tells in its events, and how a fault falsifies one."""

from typing import Any

from sandbox.common.book import Book, Row

DEFAULT_EVENTS = (
    "checkout.session.completed",
    "checkout.session.expired",
    "payment_intent.payment_failed",
    "payout.paid",
    "payout.failed",
    "refund.updated",
    "charge.dispute.created",
    "charge.dispute.closed",
)
AMOUNTS = ("amount", "amount_total", "amount_subtotal", "amount_received", "amount_captured")
REFERENCES = ("client_reference_id", "metadata", "payment_intent", "id")


def envelope(key: str, kind: str, obj: Row, created: int, version: str) -> Row:
    return {
        "id": key,
        "object": "event",
        "api_version": version,
        "created": created,
        "data": {"object": obj},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def bent(book: Book, event: Row, what: str) -> Row:
    """The event with a hundred times the amount, another currency, or another order's name."""
    obj: dict[str, Any] = dict(event["data"]["object"])
    if what == "amount":
        obj |= {name: obj[name] * 100 for name in AMOUNTS if isinstance(obj.get(name), int)}
    elif what == "currency":
        obj["currency"] = "usd" if obj.get("currency") != "usd" else "jpy"
    else:
        other = _another(book, obj)
        # Only the name of the order is exchanged; the money stays that of this payment.
        names = [name for name in REFERENCES if name in obj and name in other]
        obj |= {name: other[name] for name in names if name not in ("payment_intent", "id")}
    return {**event, "data": {"object": obj}}


def _another(book: Book, obj: Row) -> Row:
    tables = {"checkout.session": "sessions", "payout": "payouts", "refund": "refunds"}
    rows = book.table(tables.get(str(obj.get("object")), "payment_intents"))
    mine = rows.get(str(obj.get("id")), {}).get("_merchant")
    for row in reversed(rows.values()):
        if row["id"] != obj.get("id") and row["_merchant"] == mine:
            return row
    return {"client_reference_id": "someone-else", "metadata": {"reference": "someone-else"}}
