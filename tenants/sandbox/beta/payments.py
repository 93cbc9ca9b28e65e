"""Payments: what a merchant asks for, and every state one goes through."""

from typing import TYPE_CHECKING, Any

from sandbox.beta import chain, fields
from sandbox.beta.errors import absent, duplicate, error, invalid, malformed, wrong_state
from sandbox.common.book import Row, fresh
from sandbox.common.wire import Refused

if TYPE_CHECKING:
    from sandbox.beta.api import Beta

KNOWN = frozenset(
    """
    all_keys_required allowed_payment_method_types amount amount_to_capture authentication_type billing
    browser_info capture_method client_secret confirm connector connector_metadata currency customer
    customer_acceptance customer_id description discount_amount duty_amount email
    enable_partial_authorization feature_metadata force_3ds_challenge frm_metadata
    is_stored_credential mandate_data merchant_connector_details merchant_id
    merchant_order_reference_id metadata name off_session order_date order_details order_tax_amount
    payment_channel payment_experience payment_id payment_link payment_link_config
    payment_link_config_id payment_method payment_method_data payment_method_type payment_token
    payment_type phone phone_country_code profile_id request_external_three_ds_authentication
    request_incremental_authorization return_url routing session_expiry setup_future_usage shipping
    shipping_cost statement_descriptor_name statement_descriptor_suffix surcharge_details tax_status
    """.split()
)
CARD_TYPES = frozenset({"credit", "debit"})
CRYPTO = "crypto_currency"
EXPIRY_S, LONGEST_EXPIRY_S = 900, 7_890_000
WAITING = "requires_payment_method"
OPEN = (WAITING, "requires_customer_action", "requires_confirmation")
TOLD = {
    "succeeded": "payment_succeeded",
    "failed": "payment_failed",
    "processing": "payment_processing",
    "cancelled": "payment_cancelled",
    "expired": "payment_expired",
    "requires_customer_action": "action_required",
    "requires_merchant_action": "action_required",
}


class Payments:
    def __init__(self, beta: "Beta") -> None:
        self._of = beta

    def create(self, merchant: Row, given: fields.Given, base_url: str) -> Row:
        """Ask for one payment. A `payment_id` of the merchant's own makes this repeatable safely."""
        fields.only(given, KNOWN)
        amount, currency = fields.amount(given), fields.currency(given)
        key = fields.key(given, "payment_id") or fresh("pay_", 20)
        if key in self._of.book.table("payments"):
            raise duplicate("payment", "payment_id")
        if given.get("confirm"):
            raise invalid("Payments are confirmed on the payment link here; leave confirm out")
        about: dict[str, Any] = {"on": "payments.create", "merchant": merchant["id"]}
        if self._of.faults.strike("decline_technical", **about):
            message = "The connector is not available at the moment."
            raise Refused(error(503, "HE_00", message, "api"))
        row = self._row(merchant, given, key, amount, currency)
        if given.get("payment_link"):
            if row["return_url"] is None:
                raise Refused(
                    error(
                        400,
                        "HE_03",
                        "Return URL is not configured and not passed in payments request",
                    )
                )
            link = f"{base_url}/payment_link/{merchant['id']}/{key}"
            row["payment_link"] = {
                "link": link,
                "secure_link": None,
                "payment_link_id": fresh("plink_", 20),
            }
        return self._of.book.put("payment.created", "payments", row)

    def find(self, merchant: Row, key: str) -> Row:
        row = self._of.book.get("payments", key)
        if row is None or row["merchant_id"] != merchant["id"]:
            raise absent("Payment")
        return row

    def move(self, row: Row, status: str, **new: object) -> Row:
        """Bring a payment to a state and tell its merchant."""
        now = self._of.clock.iso()
        did = f"payment.{status}"
        moved = self._of.book.change(did, "payments", row["id"], status=status, updated=now, **new)
        if status in TOLD:
            self._of.event(TOLD[status], "payment_details", moved)
        return moved

    def cancel(self, row: Row, given: fields.Given) -> Row:
        fields.only(given, ("cancellation_reason", "merchant_connector_details"))
        if row["status"] not in OPEN or self.held(row):
            raise wrong_state("cancel", "payment", row["status"])
        reason = fields.text(given, "cancellation_reason")
        return self.move(row, "cancelled", cancellation_reason=reason, amount_capturable=0)

    def expire_due(self) -> None:
        """Close what nobody paid in time; what is on its way over the chain is waited for."""
        now = self._of.clock.now()
        for key in [key for key, due in self._of.open_payments.items() if due <= now]:
            row = self._of.book.table("payments")[key]
            if row["status"] in OPEN and not self.held(row):
                self.move(row, "expired", amount_capturable=0)

    def held(self, row: Row) -> bool:
        """Whether coins have arrived for it."""
        return bool(row["_coin"] and row["_coin"]["transfers"])

    def _row(self, merchant: Row, given: fields.Given, key: str, amount: int, currency: str) -> Row:
        profile = fields.text(given, "profile_id")
        if merchant["profile_id"] and profile not in (None, merchant["profile_id"]):
            noun = f"Business profile with the given id '{profile}'"
            raise absent(noun)
        seconds = given.get("session_expiry", EXPIRY_S)
        if not isinstance(seconds, int) or not 60 <= seconds <= LONGEST_EXPIRY_S:
            raise malformed("session_expiry", f"seconds from 60 to {LONGEST_EXPIRY_S}")
        allowed = _allowed(given, currency)
        customer = given.get("customer") or {}
        now = self._of.clock.now()
        return {
            "id": key,
            "payment_id": key,
            "merchant_id": merchant["id"],
            "status": WAITING,
            "amount": amount,
            "net_amount": amount,
            "amount_capturable": amount,
            "amount_received": None,
            "connector": None,
            "client_secret": f"{key}_secret_{fresh('', 20)}",
            "created": self._of.clock.iso(),
            "updated": self._of.clock.iso(),
            "currency": currency,
            "customer_id": fields.text(given, "customer_id") or customer.get("id"),
            "description": fields.text(given, "description", 1024),
            "email": fields.text(given, "email") or customer.get("email"),
            "capture_method": given.get("capture_method") or "automatic",
            "payment_method": None,
            "payment_method_type": None,
            "payment_method_data": None,
            "payment_method_id": None,
            "return_url": fields.address(given, "return_url") or merchant["return_url"] or None,
            "next_action": None,
            "cancellation_reason": None,
            "error_code": None,
            "error_message": None,
            "allowed_payment_method_types": allowed,
            "connector_transaction_id": None,
            "connector_metadata": None,
            "metadata": fields.metadata(given),
            "merchant_order_reference_id": fields.text(given, "merchant_order_reference_id"),
            "payment_link": None,
            "profile_id": profile or merchant["profile_id"] or None,
            "attempt_count": 0,
            "expires_on": self._of.clock.iso_at(now + seconds),
            "_at": now,
            "_due": now + seconds,
            "_coin": None,
        }


def _allowed(given: fields.Given, currency: str) -> list[str]:
    asked = given.get("allowed_payment_method_types")
    if asked is None:
        known = ["credit", "debit"]
        return [*known, CRYPTO] if chain.priced(currency) else known
    if not isinstance(asked, list) or not asked:
        raise malformed("allowed_payment_method_types", "a list of payment method types")
    for kind in asked:
        if kind not in (*CARD_TYPES, CRYPTO):
            raise invalid(f"Json deserialize error: unknown variant `{kind}`")
    if asked == [CRYPTO] and not chain.priced(currency):
        raise invalid(f"No eligible connector was found for crypto_currency in {currency}")
    return asked
