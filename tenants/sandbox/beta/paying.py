"""A payer's card: paid, failed for good, or asked by the bank first."""

from typing import TYPE_CHECKING

from sandbox.beta.payments import OPEN
from sandbox.common import cards
from sandbox.common.book import Row, fresh
from sandbox.common.cards import CHALLENGE, DECLINED, Card, Entered

if TYPE_CHECKING:
    from sandbox.beta.api import Beta


class CardPaying:
    def __init__(self, beta: "Beta") -> None:
        self._of = beta

    def attempt(self, row: Row, entered: Entered) -> Row:
        """Try a card. A declined payment is over: the merchant has to ask anew."""
        if row["status"] not in OPEN:
            return row
        card = self._card(row, entered.number)
        method: Row = {
            "id": fresh("pm_", 20),
            "merchant": row["merchant_id"],
            "fingerprint": cards.fingerprint(row["merchant_id"], entered.number),
            "after": card.after,
        }
        self._of.book.put("payment_method.seen", "methods", method)
        about: Row = {
            "payment_method": "card",
            "payment_method_type": card.funding,
            "payment_method_data": {"card": _shown(card, entered), "billing": None},
            "connector": "beta_cards",
            "attempt_count": row["attempt_count"] + 1,
            "payment_method_id": method["id"],
        }
        if card.outcome == CHALLENGE:
            step = {"type": "redirect_to_url", "redirect_to_url": _bank(row)}
            return self._of.payments.move(
                row, "requires_customer_action", next_action=step, **about
            )
        if card.outcome == DECLINED:
            return self._fail(row, card, about)
        return self._take(row, about)

    def answer_bank(self, row: Row, *, agreed: bool) -> Row:
        """The holder confirmed at the bank, or did not."""
        method = self._of.book.get("methods", row["payment_method_id"])
        if row["status"] != "requires_customer_action" or method is None:
            return row
        if not agreed:
            refusal = Card(decline_code="authentication_failed", message="Authentication failed")
            return self._fail(row, refusal, {})
        if method["after"] == "declines":
            return self._fail(row, Card(), {})
        return self._take(row, {})

    def _card(self, row: Row, number: str) -> Card:
        about = {"on": "pay", "merchant": row["merchant_id"]}
        if self._of.faults.strike("decline_hard", **about):
            return Card(outcome=DECLINED, decline_code="do_not_honor")
        if self._of.faults.strike("decline_technical", **about):
            return cards.CARDS["4000000000000119"]
        return cards.known(number)

    def _take(self, row: Row, about: Row) -> Row:
        return self._of.payments.move(
            row,
            "succeeded",
            amount_received=row["amount"],
            amount_capturable=0,
            connector_transaction_id=fresh("txn_", 20),
            next_action=None,
            **about,
        )

    def _fail(self, row: Row, card: Card, about: Row) -> Row:
        return self._of.payments.move(
            row,
            "failed",
            error_code=card.decline_code,
            error_message=card.message,
            amount_capturable=0,
            next_action=None,
            **about,
        )


def _shown(card: Card, entered: Entered) -> Row:
    return {
        "last4": entered.number[-4:],
        "card_type": card.funding.upper(),
        "card_network": card.brand.title(),
        "card_issuer": "Example Bank",
        "card_issuing_country": card.country,
        "card_isin": entered.number[:6],
        "card_exp_month": f"{entered.month:02}",
        "card_exp_year": str(entered.year),
        "card_holder_name": entered.name or None,
    }


def _bank(row: Row) -> str:
    """Where the holder confirms, on the same host as the payment link."""
    link = row["payment_link"]["link"] if row["payment_link"] else ""
    return f"{link.partition('/payment_link/')[0]}/3ds/{row['id']}"
