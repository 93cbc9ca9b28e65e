"""Money back to payers: refunds the merchant makes, disputes the payer's bank makes."""

from typing import TYPE_CHECKING, Final

from sandbox.alpha import amounts, params
from sandbox.alpha.errors import error, invalid, missing, no_such
from sandbox.common.book import Row, fresh
from sandbox.common.wire import Refused

if TYPE_CHECKING:
    from sandbox.alpha.api import Alpha

KNOWN = frozenset("amount charge currency expand metadata payment_intent reason".split())
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
ANSWER_BY_S = 7 * 86_400


DISPUTE_FEE: Final = 1500


def _taken(row: Row, sign: int) -> Row:
    """What a dispute does to the merchant's balance; the fee is kept however it ends."""
    fee = DISPUTE_FEE if sign < 0 else 0
    return {
        "id": fresh("txn_3"),
        "object": "balance_transaction",
        "amount": sign * row["amount"],
        "currency": row["currency"],
        "fee": fee,
        "net": sign * row["amount"] - fee,
        "reporting_category": "dispute" if sign < 0 else "dispute_reversal",
    }


class Returns:
    def __init__(self, alpha: "Alpha") -> None:
        self._of = alpha

    def refund(self, merchant: Row, given: params.Params, key: str) -> Row:
        """Give back all or part of a charge; never more than is left of it."""
        params.only(given, KNOWN)
        charge = self._charge_of(merchant, given)
        left = charge["amount_captured"] - charge["amount_refunded"]
        if charge["status"] != "succeeded":
            raise invalid("This PaymentIntent does not have a successful charge to refund.")
        if left == 0:
            message = f"Charge {charge['id']} has already been refunded."
            raise invalid(message, code="charge_already_refunded")
        if charge["disputed"]:
            message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
            raise invalid(message, code="charge_disputed")
        asked = given.get("amount")
        amount = left if asked in (None, "") else params.whole(asked, "amount")
        amounts.check(amount, charge["currency"], least=False)
        if amount > left:
            shown = amounts.show(left, charge["currency"])
            wanted = amounts.show(amount, charge["currency"])
            message = (
                f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({shown})"
            )
            raise invalid(message, param="amount")
        reason = params.text(given, "reason")
        if reason is not None and reason not in REASONS:
            raise invalid(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
        row: Row = {
            "id": fresh("re_3"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": fresh("txn_3"),
            "charge": charge["id"],
            "created": self._of.clock.unix(),
            "currency": charge["currency"],
            "failure_reason": None,
            "metadata": params.metadata(given),
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "receipt_number": None,
            "status": "pending",
            "_merchant": merchant["id"],
            "_key": key,
            "_fails": self._fails(merchant, charge),
        }
        self._of.book.put("refund.created", "refunds", row)
        self._shift(charge["id"], amount)
        self._of.event("refund.created", row)
        self._of.later.after(self._of.options.settle_s, "refund", row["id"])
        return row

    def find(self, merchant: Row, key: str) -> Row:
        row = self._of.book.get("refunds", key)
        if row is None or row["_merchant"] != merchant["id"]:
            raise no_such("refund", key)
        return row

    def settle(self, key: str) -> None:
        row = self._of.book.get("refunds", key)
        if row is None or row["status"] != "pending":
            return
        if row["_fails"]:
            self._shift(row["charge"], -row["amount"])
            row = self._of.book.change(
                "refund.failed", "refunds", key, status="failed", failure_reason=row["_fails"]
            )
        else:
            row = self._of.book.change("refund.succeeded", "refunds", key, status="succeeded")
        self._of.event("refund.updated", row)

    def dispute(
        self,
        key: str,
        *,
        reason: str = "fraudulent",
        amount: int | None = None,
        inquiry: bool = False,
    ) -> Row | None:
        """The payer's bank takes the money back, or only asks. Nothing when it has done so before."""
        charge = self._of.book.get("charges", key)
        if charge is None or charge["disputed"] or charge["status"] != "succeeded":
            return None
        now = self._of.clock.unix()
        row: Row = {
            "id": fresh("du_1"),
            "object": "dispute",
            "amount": amount or charge["amount"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": now,
            "currency": charge["currency"],
            "evidence_details": {
                "due_by": now + ANSWER_BY_S,
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
            "_merchant": charge["_merchant"],
        }
        if not inquiry:
            row["balance_transactions"] = [_taken(row, -1)]
        self._of.book.change("charge.disputed", "charges", charge["id"], disputed=True)
        self._of.book.put("dispute.created", "disputes", row)
        self._of.event("charge.dispute.created", row)
        return row

    def close_dispute(self, row: Row, *, won: bool) -> Row:
        status = "won" if won else "lost"
        moved = list(row["balance_transactions"])
        if row["status"].startswith("warning"):
            status = "warning_closed"
        elif won:
            moved.append(_taken(row, 1))
        closed = self._of.book.change(
            f"dispute.{status}", "disputes", row["id"], status=status, balance_transactions=moved
        )
        self._of.event("charge.dispute.closed", closed)
        return closed

    def _charge_of(self, merchant: Row, given: params.Params) -> Row:
        named = params.text(given, "charge")
        if named is None:
            paying_id = params.text(given, "payment_intent")
            if paying_id is None:
                raise missing("payment_intent")
            paying = self._of.book.get("payment_intents", paying_id)
            if paying is None or paying["_merchant"] != merchant["id"]:
                raise no_such("payment_intent", paying_id, param="payment_intent")
            named = paying["latest_charge"]
        charge = self._of.book.get("charges", named)
        if charge is None or charge["_merchant"] != merchant["id"]:
            raise no_such("charge", str(named), param="charge")
        return charge

    def _fails(self, merchant: Row, charge: Row) -> str:
        about = {"on": "refunds.create", "merchant": merchant["id"]}
        if self._of.faults.strike("decline_hard", **about):
            return "declined"
        if self._of.faults.strike("decline_technical", **about):
            message = "An error occurred while processing the refund. Try again."
            raise Refused(error(402, "api_error", message, code="processing_error"))
        method = self._of.book.get("payment_methods", charge["payment_method"])
        fails = method is not None and method["_after"] == "refund_fails"
        return "expired_or_canceled_card" if fails else ""

    def _shift(self, key: str, amount: int) -> None:
        charge = self._of.book.table("charges")[key]
        total = charge["amount_refunded"] + amount
        full = total == charge["amount_captured"]
        changed = self._of.book.change(
            "charge.refunded", "charges", key, amount_refunded=total, refunded=full
        )
        if amount > 0:
            self._of.event("charge.refunded", changed)
