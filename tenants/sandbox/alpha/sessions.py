"""Checkout sessions: what a merchant asks a payer for."""

from typing import TYPE_CHECKING, Any

from sandbox.alpha import amounts, params
from sandbox.alpha.errors import invalid, missing, no_such
from sandbox.alpha.shapes import line_item
from sandbox.common.book import Row, fresh

if TYPE_CHECKING:
    from sandbox.alpha.api import Alpha

LONGEST_S, SHORTEST_S = 86_400, 1_800
KNOWN = frozenset(
    """
    after_expiration allow_promotion_codes automatic_tax billing_address_collection branding_settings
    cancel_url client_reference_id consent_collection currency custom_fields custom_text customer
    customer_creation customer_email expand expires_at invoice_creation line_items locale metadata
    mode origin_context payment_intent_data payment_method_collection payment_method_options
    payment_method_types phone_number_collection return_url saved_payment_method_options
    shipping_address_collection submit_type success_url tax_id_collection ui_mode
    wallet_options
    """.split()
)
KNOWN_OF_INTENT = frozenset(
    """
    capture_method description metadata receipt_email setup_future_usage statement_descriptor
    statement_descriptor_suffix
    """.split()
)


class Sessions:
    def __init__(self, alpha: "Alpha") -> None:
        self._of = alpha

    def create(self, merchant: Row, given: params.Params, base_url: str) -> Row:
        """Open a session for one payment by card; its page is at `url`."""
        params.only(given, KNOWN)
        mode = params.need(given, "mode")
        if mode != "payment":
            raise invalid(f"Invalid mode: must be payment here, not {mode}", param="mode")
        if given.get("ui_mode", "hosted") not in ("hosted", "hosted_page"):
            raise invalid("Invalid ui_mode: only hosted pages are offered here", param="ui_mode")
        methods = given.get("payment_method_types") or ["card"]
        if methods != ["card"]:
            raise invalid(
                "The payment method type provided is invalid.", param="payment_method_types"
            )
        success = params.address(given, "success_url", needed=True)
        cancel = params.address(given, "cancel_url")
        key = fresh("cs_test_", 58)
        currency, lines = _lines(given)
        total = sum(int(line["amount_total"]) for line in lines)
        amounts.check(total, currency, param="line_items")
        about = given.get("payment_intent_data") or {}
        params.only(about, KNOWN_OF_INTENT)
        now = self._of.clock.unix()
        row: Row = {
            "id": key,
            "object": "checkout.session",
            "amount_subtotal": total,
            "amount_total": total,
            "cancel_url": cancel,
            "client_reference_id": params.text(given, "client_reference_id", 200),
            "created": now,
            "currency": currency,
            "customer": params.text(given, "customer"),
            "customer_details": None,
            "customer_email": params.text(given, "customer_email", 512),
            "expires_at": _expiry(given, now),
            "livemode": False,
            "locale": params.text(given, "locale"),
            "metadata": params.metadata(given),
            "mode": mode,
            "payment_intent": None,
            "payment_method_types": ["card"],
            "payment_status": "unpaid",
            "status": "open",
            "submit_type": params.text(given, "submit_type"),
            "success_url": success,
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted",
            "url": f"{base_url}/c/pay/{key}",
            "_merchant": merchant["id"],
            "_lines": lines,
            "_intent": {**about, "metadata": params.metadata(about)},
        }
        return self._of.book.put("session.created", "sessions", row)

    def find(self, merchant: Row, key: str) -> Row:
        row = self._of.book.get("sessions", key)
        if row is None or row["_merchant"] != merchant["id"]:
            raise no_such("checkout.session", key, param="session")
        return row

    def expire(self, row: Row) -> Row:
        """Close an open session unpaid.

        Raises:
            Refused: it is complete or expired already.
        """
        if row["status"] != "open":
            message = (
                "Only Checkout Sessions with a status in [open] can be expired. This Checkout "
                f"Session has a status of {row['status']}."
            )
            raise invalid(message, param="session")
        closed = self._of.book.change(
            "session.expired", "sessions", row["id"], status="expired", url=None
        )
        self._of.event("checkout.session.expired", closed)
        return closed

    def expire_due(self) -> None:
        """Close what is open past its time by the provider's clock."""
        now = self._of.clock.unix()
        for key in [key for key, due in self._of.open_sessions.items() if due <= now]:
            self.expire(self._of.book.table("sessions")[key])


def _lines(given: params.Params) -> tuple[str, list[Row]]:
    items: Any = given.get("line_items")
    if not items:
        raise missing("line_items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise invalid("Invalid array: line_items", param="line_items")
    currency = ""
    lines: list[Row] = []
    for place, item in enumerate(items):
        at = f"line_items[{place}]"
        price = item.get("price_data")
        if not isinstance(price, dict):
            raise missing(f"{at}[price_data]")
        code = amounts.currency(params.need(price, "currency"), f"{at}[price_data][currency]")
        if currency and code != currency:
            raise invalid("All line items must have the same currency.", param="line_items")
        currency = code
        product = price.get("product_data")
        if not isinstance(product, dict) or not product.get("name"):
            raise missing(f"{at}[price_data][product_data][name]")
        if price.get("unit_amount") in (None, ""):
            raise missing(f"{at}[price_data][unit_amount]")
        unit = params.whole(price["unit_amount"], f"{at}[price_data][unit_amount]")
        amounts.check(unit, code, param=f"{at}[price_data][unit_amount]", least=False)
        quantity = params.whole(item.get("quantity", "1"), f"{at}[quantity]")
        if quantity < 1:
            raise invalid("This value must be greater than or equal to 1.", param=f"{at}[quantity]")
        lines.append(line_item(fresh("li_"), code, str(product["name"]), unit, quantity))
    return currency, lines


def _expiry(given: params.Params, now: int) -> int:
    if given.get("expires_at") in (None, ""):
        return now + LONGEST_S
    due = params.whole(given["expires_at"], "expires_at")
    if not now + SHORTEST_S <= due <= now + LONGEST_S + 60:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from "
            "Checkout Session creation.",
            param="expires_at",
        )
    return due
