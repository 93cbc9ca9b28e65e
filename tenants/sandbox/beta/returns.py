"""Money back to payers: refunds the merchant makes, disputes the payer's bank makes."""

from typing import TYPE_CHECKING

from sandbox.beta import fields
from sandbox.beta.errors import absent, error, missing
from sandbox.common.book import Row, fresh
from sandbox.common.wire import Refused

if TYPE_CHECKING:
    from sandbox.beta.api import Beta

KNOWN = frozenset(
    """
    amount charges merchant_connector_details merchant_id metadata payment_id reason refund_id
    refund_type split_refunds
    """.split()
)
REFUNDABLE = ("succeeded", "requires_merchant_action")


class Returns:
    def __init__(self, beta: "Beta") -> None:
        self._of = beta

    def refund(self, merchant: Row, given: fields.Given) -> Row:
        """Give back all or part of what was received; a `refund_id` makes it happen once."""
        fields.only(given, KNOWN)
        payment_id = fields.key(given, "payment_id")
        if payment_id is None:
            raise missing("payment_id")
        payment = self._of.payments.find(merchant, payment_id)
        key = fields.key(given, "refund_id") or fresh("ref_", 20)
        if key in self._of.book.table("refunds"):
            said = "Duplicate refund request. Refund already attempted with the refund ID"
            raise Refused(error(400, "HE_01", said))
        if payment["status"] not in REFUNDABLE or not payment["amount_received"]:
            said = (
                "This Payment could not be refund because it has a status of "
                f"{payment['status']}. The expected state is succeeded, partially_captured"
            )
            raise Refused(error(400, "IR_14", said))
        left = payment["amount_received"] - self.refunded(payment_id)
        amount = fields.amount(given, needed=False) or left
        if amount > left or left == 0:
            raise Refused(error(400, "IR_13", "The refund amount exceeds the amount captured"))
        now = self._of.clock.iso()
        row: Row = {
            "id": key,
            "refund_id": key,
            "payment_id": payment_id,
            "amount": amount,
            "currency": payment["currency"],
            "status": "pending",
            "reason": fields.text(given, "reason"),
            "metadata": fields.metadata(given),
            "error_message": None,
            "error_code": None,
            "created_at": now,
            "updated_at": now,
            "connector": payment["connector"],
            "profile_id": payment["profile_id"],
            "merchant_connector_id": None,
            "merchant_id": merchant["id"],
            "_fails": self._fails(merchant, payment),
            "_at": self._of.clock.now(),
        }
        self._of.book.put("refund.created", "refunds", row)
        self._of.later.after(self._of.options.settle_s, "refund", key)
        return row

    def find(self, merchant: Row, key: str) -> Row:
        row = self._of.book.get("refunds", key)
        if row is None or row["merchant_id"] != merchant["id"]:
            raise absent("Refund")
        return row

    def refunded(self, payment: str) -> int:
        """What was given back, or is on its way back, of a payment."""
        rows = self._of.book.table("refunds").values()
        live = (row for row in rows if row["payment_id"] == payment and row["status"] != "failed")
        return sum(int(row["amount"]) for row in live)

    def settle(self, key: str) -> None:
        row = self._of.book.get("refunds", key)
        if row is None or row["status"] != "pending":
            return
        status = "failed" if row["_fails"] else "succeeded"
        message = "The card issuer declined the refund" if row["_fails"] else None
        settled = self._of.book.change(
            f"refund.{status}",
            "refunds",
            key,
            status=status,
            error_code=row["_fails"] or None,
            error_message=message,
            updated_at=self._of.clock.iso(),
        )
        self._of.event(f"refund_{status}", "refund_details", settled)

    def dispute(self, payment: Row, reason: str) -> Row:
        """The payer's bank takes the money back. Amounts are text here, as in the real API."""
        now = self._of.clock.iso()
        row: Row = {
            "id": fresh("dp_", 20),
            "payment_id": payment["payment_id"],
            "attempt_id": f"{payment['payment_id']}_1",
            "amount": str(payment["amount_received"]),
            "currency": payment["currency"],
            "dispute_stage": "dispute",
            "dispute_status": "dispute_opened",
            "connector": payment["connector"],
            "connector_status": "needs_response",
            "connector_dispute_id": fresh("du_", 20),
            "connector_reason": reason,
            "connector_reason_code": None,
            "challenge_required_by": None,
            "connector_created_at": now,
            "connector_updated_at": None,
            "created_at": now,
            "profile_id": payment["profile_id"],
            "merchant_connector_id": None,
            "merchant_id": payment["merchant_id"],
            "_at": self._of.clock.now(),
        }
        row["dispute_id"] = row["id"]
        self._of.book.put("dispute.opened", "disputes", row)
        self._of.event("dispute_opened", "dispute_details", row)
        return row

    def _fails(self, merchant: Row, payment: Row) -> str:
        about = {"on": "refunds.create", "merchant": merchant["id"]}
        if self._of.faults.strike("decline_hard", **about):
            return "declined"
        if self._of.faults.strike("decline_technical", **about):
            raise Refused(error(503, "HE_00", "The connector is not available.", "api"))
        method = self._of.book.get("methods", payment["payment_method_id"])
        return "declined" if method is not None and method["after"] == "refund_fails" else ""
