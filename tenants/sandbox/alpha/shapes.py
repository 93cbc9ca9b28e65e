"""The objects as the API shows them. Keys that begin with `_` are ours and never leave."""

from typing import Any

from sandbox.common.book import Book, Row

EXPANDABLE = {
    "payment_intent": "payment_intents",
    "latest_charge": "charges",
    "charge": "charges",
    "payment_method": "payment_methods",
}


def shown(row: Row, book: Book | None = None, expand: list[str] | None = None) -> Row:
    """A row without what is ours, with the asked ids replaced by what they name."""
    public: Row = {name: value for name, value in row.items() if not name.startswith("_")}
    for path in expand or []:
        first, _, rest = path.partition(".")
        if first == "line_items" and "_lines" in row:
            public["line_items"] = listed(row["_lines"], "/v1/checkout/sessions/line_items")
        below = book.get(EXPANDABLE.get(first, ""), row.get(first)) if book else None
        if below is not None:
            public[first] = shown(below, book, [rest] if rest else None)
    return public


def listed(rows: list[Row], url: str, *, more: bool = False) -> Row:
    return {"object": "list", "url": url, "has_more": more, "data": rows}


def line_item(key: str, currency: str, name: str, unit: int, quantity: int) -> Row:
    total = unit * quantity
    return {
        "id": key,
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": name,
        "quantity": quantity,
    }


def intent(key: str, session: Row, created: int) -> Row:
    """A payment intent for a checkout session, before any card was tried."""
    about: dict[str, Any] = session["_intent"]
    return {
        "id": key,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "capture_method": "automatic",
        "client_secret": f"{key}_secret",
        "confirmation_method": "automatic",
        "created": created,
        "currency": session["currency"],
        "customer": None,
        "description": about.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": about.get("metadata", {}),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "receipt_email": session["customer_email"],
        "statement_descriptor": about.get("statement_descriptor"),
        "status": "requires_payment_method",
        "_merchant": session["_merchant"],
        "_session": session["id"],
    }


def charge(key: str, paying: Row, method: Row, created: int, failure: Row | None) -> Row:
    fine = failure is None
    return {
        "id": key,
        "object": "charge",
        "amount": paying["amount"],
        "amount_captured": paying["amount"] if fine else 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "captured": fine,
        "created": created,
        "currency": paying["currency"],
        "disputed": False,
        "failure_code": None if failure is None else failure["code"],
        "failure_message": None if failure is None else failure["message"],
        "livemode": False,
        "metadata": paying["metadata"],
        "outcome": {
            "network_status": "approved_by_network" if fine else "declined_by_network",
            "reason": None if failure is None else failure["decline_code"],
            "risk_level": "normal",
            "type": "authorized" if fine else "issuer_declined",
        },
        "paid": fine,
        "payment_intent": paying["id"],
        "payment_method": method["id"],
        "payment_method_details": {
            "type": "card",
            "card": {**method["card"], "network": method["card"]["brand"]},
        },
        "refunded": False,
        "status": "succeeded" if fine else "failed",
        "_merchant": paying["_merchant"],
    }
