"""Money out: payouts to a card the payer used before, or to the account's default destination."""

from typing import TYPE_CHECKING

from sandbox.alpha import amounts, params
from sandbox.alpha.errors import error, invalid, no_such
from sandbox.common.book import Row, fresh
from sandbox.common.wire import Refused

if TYPE_CHECKING:
    from sandbox.alpha.api import Alpha

KNOWN = frozenset(
    """
    amount currency description destination expand metadata method payout_method source_type
    statement_descriptor
    """.split()
)
DAY_S = 86_400
REASONS = {
    "declined": "The card issuer has declined the payout.",
    "could_not_process": "The payout could not be processed.",
    "unsupported_card": "This card does not support payouts.",
    "account_closed": "The account has been closed.",
}


class Payouts:
    def __init__(self, alpha: "Alpha") -> None:
        self._of = alpha

    def create(self, merchant: Row, given: params.Params, key: str) -> Row:
        """Send money; it arrives, or comes back, a moment later.

        `destination` is the `pm_...` of an earlier payment (the card is credited), or any other id.
        """
        params.only(given, KNOWN)
        code = amounts.currency(params.need(given, "currency"))
        amount = amounts.check(
            params.whole(params.need(given, "amount"), "amount"), code, least=False, payout=True
        )
        method = params.text(given, "method") or "standard"
        if method not in ("standard", "instant"):
            raise invalid("Invalid method: must be one of instant or standard", param="method")
        destination = params.text(given, "destination", 255)
        card = self._card(merchant, destination)
        self._refuse_if_told(merchant, amount, code)
        now = self._of.clock.unix()
        row: Row = {
            "id": fresh("po_1"),
            "object": "payout",
            "amount": amount,
            "arrival_date": now + (0 if method == "instant" else 2 * DAY_S),
            "automatic": False,
            "balance_transaction": fresh("txn_1"),
            "created": now,
            "currency": code,
            "description": params.text(given, "description"),
            "destination": destination or fresh("card_1"),
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": params.metadata(given),
            "method": method,
            "original_payout": None,
            "reversed_by": None,
            "source_type": params.text(given, "source_type") or "card",
            "statement_descriptor": params.text(given, "statement_descriptor", 22),
            "status": "pending",
            "type": "card",
            "_merchant": merchant["id"],
            "_key": key,
            "_fails": self._outcome(merchant, card),
        }
        self._of.book.put("payout.created", "payouts", row)
        self._of.event("payout.created", row)
        self._of.later.after(self._of.options.settle_s, "payout", row["id"])
        return row

    def find(self, merchant: Row, key: str) -> Row:
        row = self._of.book.get("payouts", key)
        if row is None or row["_merchant"] != merchant["id"]:
            raise no_such("payout", key, param="payout")
        return row

    def cancel(self, row: Row) -> Row:
        if row["status"] != "pending":
            message = f"Payouts can only be canceled while pending; this one is {row['status']}."
            raise invalid(message, param="payout")
        return self._of.book.change("payout.canceled", "payouts", row["id"], status="canceled")

    def settle(self, key: str) -> None:
        """The bank's word on a pending payout."""
        row = self._of.book.get("payouts", key)
        if row is None or row["status"] != "pending":
            return
        if row["_fails"]:
            self.fail(row, row["_fails"])
            return
        paid = self._of.book.change("payout.paid", "payouts", key, status="paid")
        self._of.event("payout.paid", paid)

    def fail(self, row: Row, reason: str) -> Row:
        """Send the money back, also after it was called paid."""
        failed = self._of.book.change(
            "payout.failed",
            "payouts",
            row["id"],
            status="failed",
            failure_code=reason,
            failure_message=REASONS.get(reason, "The payout failed."),
            failure_balance_transaction=fresh("txn_1"),
        )
        self._of.event("payout.failed", failed)
        return failed

    def _card(self, merchant: Row, destination: str | None) -> Row | None:
        if destination is None or not destination.startswith("pm_"):
            return None
        method = self._of.book.get("payment_methods", destination)
        if method is None or method["_merchant"] != merchant["id"]:
            raise no_such("payment_method", destination, param="destination", status=400)
        return method

    def _outcome(self, merchant: Row, card: Row | None) -> str:
        about = {"on": "payouts.create", "merchant": merchant["id"]}
        if self._of.faults.strike("decline_hard", **about):
            return "declined"
        if self._of.faults.strike("decline_technical", **about):
            return "could_not_process"
        return "declined" if card is not None and card["_after"] == "payout_fails" else ""

    def _refuse_if_told(self, merchant: Row, amount: int, code: str) -> None:
        about = {"on": "payouts.create", "merchant": merchant["id"]}
        if self._of.faults.strike("balance_insufficient", **about):
            message = (
                f"You have insufficient funds in your account for this payout of "
                f"{amounts.show(amount, code)}."
            )
            kind = "invalid_request_error"
            raise Refused(error(400, kind, message, code="balance_insufficient"))
