"""A payer's card against a session: paid, declined, or asked by the bank first."""

from typing import TYPE_CHECKING

from sandbox.alpha import shapes
from sandbox.common import cards
from sandbox.common.book import Row, fresh
from sandbox.common.cards import CHALLENGE, DECLINED, PAID, Card, Entered

if TYPE_CHECKING:
    from sandbox.alpha.api import Alpha


class Paying:
    def __init__(self, alpha: "Alpha") -> None:
        self._of = alpha

    def attempt(self, session: Row, entered: Entered) -> tuple[str, Row | None]:
        """Try a card: "paid", "declined" with the error, or "challenge" until the bank agreed."""
        card = self._card(session, entered.number)
        method = self._method(session, entered, card)
        paying = self._intent(session)
        if card.outcome == CHALLENGE:
            self._of.book.change(
                "payment_intent.requires_action",
                "payment_intents",
                paying["id"],
                status="requires_action",
                payment_method=method["id"],
                next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {}},
            )
            return CHALLENGE, None
        if card.outcome == DECLINED:
            return DECLINED, self._decline(paying, method, card)
        self._take(session, paying, method)
        return PAID, None

    def answer_bank(self, session: Row, *, agreed: bool) -> tuple[str, Row | None]:
        """Finish a challenge: the holder confirmed at the bank, or failed to."""
        paying = self._intent(session)
        method = self._of.book.get("payment_methods", paying["payment_method"])
        if paying["status"] != "requires_action" or method is None:
            return ("paid" if session["status"] == "complete" else "open"), None
        if not agreed:
            failed = Card(
                code="payment_intent_authentication_failure",
                decline_code="",
                message="We are unable to authenticate your payment method. Please choose a "
                "different payment method and try again.",
            )
            return DECLINED, self._decline(paying, method, failed)
        if method["_after"] == "declines":
            return DECLINED, self._decline(paying, method, Card())
        self._take(session, paying, method)
        return PAID, None

    def _card(self, session: Row, number: str) -> Card:
        about = {"on": "pay", "merchant": session["_merchant"]}
        if self._of.faults.strike("decline_hard", **about):
            return Card(outcome=DECLINED, decline_code="do_not_honor")
        if self._of.faults.strike("decline_technical", **about):
            return cards.CARDS["4000000000000119"]
        return cards.known(number)

    def _intent(self, session: Row) -> Row:
        """The session's payment intent, made at the first attempt."""
        known = self._of.book.get("payment_intents", session["payment_intent"])
        if known is not None:
            return known
        row = shapes.intent(fresh("pi_3"), session, self._of.clock.unix())
        self._of.book.change(
            "session.attempted", "sessions", session["id"], payment_intent=row["id"]
        )
        return self._of.book.put("payment_intent.created", "payment_intents", row)

    def _method(self, session: Row, entered: Entered, card: Card) -> Row:
        row: Row = {
            "id": fresh("pm_1"),
            "object": "payment_method",
            "billing_details": {
                "address": None,
                "email": session["customer_email"],
                "name": entered.name or None,
                "phone": None,
            },
            "card": {
                "brand": card.brand,
                "country": card.country,
                "exp_month": entered.month,
                "exp_year": entered.year,
                "fingerprint": cards.fingerprint(session["_merchant"], entered.number),
                "funding": card.funding,
                "last4": entered.number[-4:],
            },
            "created": self._of.clock.unix(),
            "customer": None,
            "livemode": False,
            "metadata": {},
            "type": "card",
            "_merchant": session["_merchant"],
            "_after": card.after,
        }
        return self._of.book.put("payment_method.created", "payment_methods", row)

    def _decline(self, paying: Row, method: Row, card: Card) -> Row:
        error: Row = {
            "type": "card_error",
            "code": card.code,
            "decline_code": card.decline_code or None,
            "message": card.message,
        }
        charge = shapes.charge(fresh("ch_3"), paying, method, self._of.clock.unix(), error)
        self._of.book.put("charge.failed", "charges", charge)
        error = {
            **{name: value for name, value in error.items() if value},
            "charge": charge["id"],
            "payment_method": shapes.shown(method),
        }
        failed = self._of.book.change(
            "payment_intent.payment_failed",
            "payment_intents",
            paying["id"],
            status="requires_payment_method",
            last_payment_error=error,
            latest_charge=charge["id"],
            payment_method=None,
            next_action=None,
        )
        self._of.event("payment_intent.payment_failed", failed)
        return error

    def _take(self, session: Row, paying: Row, method: Row) -> None:
        book = self._of.book
        charge = shapes.charge(fresh("ch_3"), paying, method, self._of.clock.unix(), None)
        book.put("charge.succeeded", "charges", charge)
        taken = book.change(
            "payment_intent.succeeded",
            "payment_intents",
            paying["id"],
            status="succeeded",
            amount_received=paying["amount"],
            latest_charge=charge["id"],
            payment_method=method["id"],
            last_payment_error=None,
            next_action=None,
        )
        done = book.change(
            "session.completed",
            "sessions",
            session["id"],
            status="complete",
            payment_status="paid",
            payment_intent=paying["id"],
            customer_details={
                "email": session["customer_email"],
                "name": method["billing_details"]["name"],
            },
            url=None,
        )
        self._of.event("payment_intent.succeeded", taken)
        self._of.event("checkout.session.completed", done)
        if method["_after"] == "dispute":
            self._of.later.after(self._of.options.settle_s, "dispute", charge["id"])
