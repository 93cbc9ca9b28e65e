"""Money out to cards, bank accounts and crypto addresses."""

from typing import TYPE_CHECKING, Any

from sandbox.beta import fields
from sandbox.beta.errors import absent, duplicate, malformed, missing, wrong_state
from sandbox.common import cards
from sandbox.common.book import Row, fresh

if TYPE_CHECKING:
    from sandbox.beta.api import Beta

KNOWN = frozenset(
    """
    amount auto_fulfill billing browser_info business_country business_label client_secret confirm
    connector currency customer customer_id description email entity_type merchant_id
    merchant_order_reference_id metadata name payout_id payout_link payout_link_config
    payout_method_data payout_method_id payout_token payout_type phone phone_country_code priority
    profile_id recurring return_url routing session_expiry source_balance_account
    """.split()
)
# Crypto is not in the published list of payout types; the shape is that of its neighbours.
TYPES = ("card", "bank", "wallet", "bank_redirect", "crypto")
TOLD = {
    "initiated": "payout_initiated",
    "pending": "payout_processing",
    "success": "payout_success",
    "failed": "payout_failed",
    "cancelled": "payout_cancelled",
    "reversed": "payout_reversed",
}
STOPPABLE = ("requires_confirmation", "requires_fulfillment", "initiated")
REASONS = {
    "declined": "The recipient's bank declined the payout",
    "could_not_process": "The payout could not be processed by the connector",
    "returned": "The payout was returned by the recipient's bank",
}


class Payouts:
    def __init__(self, beta: "Beta") -> None:
        self._of = beta

    def create(self, merchant: Row, given: fields.Given) -> Row:
        """Send money. A `payout_id` of the merchant's own makes sure it is sent once.

        With `confirm` and `auto_fulfill` it goes out at once; else it waits for those calls.
        """
        fields.only(given, KNOWN)
        amount, currency = fields.amount(given), fields.currency(given)
        key = fields.key(given, "payout_id") or fresh("payout_", 20)
        if key in self._of.book.table("payouts"):
            raise duplicate("payout", f"payout_id '{key}'")
        kind = given.get("payout_type")
        if kind is not None and kind not in TYPES:
            raise malformed("payout_type", "one of " + ", ".join(TYPES))
        confirmed = bool(given.get("confirm"))
        method = given.get("payout_method_data")
        known = self._known(merchant, fields.text(given, "payout_token"))
        if confirmed and known is None and not (isinstance(method, dict) and method):
            raise missing("payout_method_data")
        row: Row = {
            "id": key,
            "payout_id": key,
            "merchant_id": merchant["id"],
            "amount": amount,
            "currency": currency,
            "connector": "beta_payouts",
            "payout_type": kind or "card",
            "payout_method_data": _masked(method or {}),
            "payout_token": known["id"] if known else None,
            "customer_id": fields.text(given, "customer_id"),
            "auto_fulfill": bool(given.get("auto_fulfill")),
            "email": fields.text(given, "email"),
            "name": fields.text(given, "name"),
            "return_url": fields.address(given, "return_url"),
            "description": fields.text(given, "description", 1024),
            "entity_type": given.get("entity_type") or "Individual",
            "recurring": False,
            "metadata": fields.metadata(given),
            "merchant_order_reference_id": fields.text(given, "merchant_order_reference_id"),
            "status": "requires_confirmation",
            "error_message": None,
            "error_code": None,
            "profile_id": fields.text(given, "profile_id") or merchant["profile_id"] or None,
            "created": self._of.clock.iso(),
            "connector_transaction_id": None,
            "_fails": self._outcome(merchant, method or {}, known),
            "_at": self._of.clock.now(),
        }
        self._of.book.put("payout.created", "payouts", row)
        return self.confirm(row) if confirmed else row

    def find(self, merchant: Row, key: str) -> Row:
        row = self._of.book.get("payouts", key)
        if row is None or row["merchant_id"] != merchant["id"]:
            raise absent("Payout")
        return row

    def confirm(self, row: Row) -> Row:
        if row["status"] != "requires_confirmation":
            raise wrong_state("confirm", "payout", row["status"])
        if not row["auto_fulfill"]:
            return self._move(row, "requires_fulfillment")
        return self._send(row)

    def fulfill(self, row: Row) -> Row:
        if row["status"] != "requires_fulfillment":
            raise wrong_state("fulfill", "payout", row["status"])
        return self._send(row)

    def cancel(self, row: Row) -> Row:
        if row["status"] not in STOPPABLE:
            raise wrong_state("cancel", "payout", row["status"])
        return self._move(row, "cancelled")

    def settle(self, key: str) -> None:
        """The bank's word on a payout that is under way."""
        row = self._of.book.get("payouts", key)
        if row is None or row["status"] != "initiated":
            return
        if row["_fails"]:
            self.fail(row, row["_fails"])
        else:
            self._move(row, "success")

    def fail(self, row: Row, reason: str) -> Row:
        """End a payout unpaid; one that had succeeded is reversed."""
        status = "reversed" if row["status"] == "success" else "failed"
        message = REASONS.get(reason, "The payout failed")
        return self._move(row, status, error_code=reason, error_message=message)

    def _send(self, row: Row) -> Row:
        self._of.later.after(self._of.options.settle_s, "payout", row["id"])
        return self._move(row, "initiated", connector_transaction_id=fresh("po_", 20))

    def _move(self, row: Row, status: str, **new: object) -> Row:
        did = f"payout.{status}"
        moved = self._of.book.change(did, "payouts", row["id"], status=status, **new)
        if status in TOLD:
            self._of.event(TOLD[status], "payout_details", moved)
        return moved

    def _known(self, merchant: Row, token: str | None) -> Row | None:
        """The card of an earlier payment, by the `payment_method_id` that payment told."""
        if token is None:
            return None
        method = self._of.book.get("methods", token)
        if method is None or method["merchant"] != merchant["id"]:
            raise absent("Payment method")
        return method

    def _outcome(self, merchant: Row, method: dict[str, Any], used: Row | None) -> str:
        about = {"on": "payouts.create", "merchant": merchant["id"]}
        if self._of.faults.strike("decline_hard", **about):
            return "declined"
        if self._of.faults.strike("decline_technical", **about):
            return "could_not_process"
        if used is not None and used["after"] == "payout_fails":
            return "declined"
        card = method.get("card")
        number = cards.digits(str(card.get("card_number", ""))) if isinstance(card, dict) else ""
        known = cards.CARDS.get(number)
        refuses = known is not None and (known.outcome == "declined" or known.after != "")
        return "declined" if refuses else ""


def _masked(method: dict[str, Any]) -> dict[str, Any]:
    """What may be kept of where the money goes: never a whole card number."""
    kept: dict[str, Any] = {}
    for kind, told in method.items():
        kept[kind] = told
        if kind == "card" and isinstance(told, dict):
            number = cards.digits(str(told.get("card_number", "")))
            expiry = {name: told.get(name) for name in ("expiry_month", "expiry_year")}
            kept[kind] = {"last4": number[-4:], "card_isin": number[:6], **expiry}
    return kept
