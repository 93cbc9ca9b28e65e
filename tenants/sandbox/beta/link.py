"""The hosted payment link: card or coins, and the way back to the merchant."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

import segno

from sandbox.beta import chain
from sandbox.beta.chain import COINS
from sandbox.beta.crypto import BadTransfer
from sandbox.beta.payments import CARD_TYPES, CRYPTO, OPEN
from sandbox.common import cards, currencies
from sandbox.common.book import Row
from sandbox.common.wire import Answer, Asked, Refused, as_json, see_other

if TYPE_CHECKING:
    from sandbox.beta.api import Beta

BASE = "/payment_link/{merchant}/{payment}"
ENDED = ("succeeded", "failed", "cancelled", "expired", "requires_merchant_action")

# The states in a payer's words.
SAID = {
    "requires_customer_action": "waiting for your payment",
    "processing": "arriving",
    "requires_merchant_action": "with the merchant",
    "succeeded": "paid",
}


class Link:
    def __init__(self, beta: "Beta") -> None:
        self._of = beta
        for method, path, handler in (
            ("GET", BASE, self.page),
            ("GET", BASE + "/state", self.state),
            ("POST", BASE + "/card", self.pay_by_card),
            ("POST", BASE + "/coin", self.choose_coin),
            ("POST", BASE + "/transfer", self.simulate),
            ("POST", BASE + "/cancel", self.cancel),
            ("GET", "/3ds/{payment}", self.bank),
            ("POST", "/3ds/{payment}", self.bank_says),
        ):
            beta.on(method, path, handler)

    def page(self, asked: Asked) -> Answer:
        row = self._payment(asked)
        if row["status"] in ENDED and not self._of.payments.held(row):
            return self._over(row)
        return self._show(row, tab=asked.query.get("method", ""))

    def state(self, asked: Asked) -> Answer:
        """What the page asks every second while coins are on their way."""
        row = self._payment(asked)
        transfers = row["_coin"]["transfers"] if row["_coin"] else []
        return as_json(
            {"status": row["status"], "transfers": transfers, "back": back(row)},
            200,
            ("cache-control", "no-store"),
        )

    def pay_by_card(self, asked: Asked) -> Answer:
        row = self._payment(asked)
        if row["status"] not in OPEN or not self._takes(row, card=True):
            return see_other(back(row))
        given = dict(asked.form_pairs())
        entered = cards.entered(given)
        wrong = cards.wrong(entered, self._of.clock.moment())
        if wrong:
            holder = given.get("name", "")
            return self._show(row, tab="card", wrong=wrong, holder=holder, status=422)
        row = self._of.cards.attempt(row, entered)
        if row["status"] == "requires_customer_action":
            return see_other(f"/3ds/{row['id']}")
        return see_other(back(row))

    def choose_coin(self, asked: Asked) -> Answer:
        row = self._payment(asked)
        if self._takes(row, card=False):
            self._of.crypto.choose(row, dict(asked.form_pairs()).get("coin", ""))
        return see_other(f"{_path(row)}?method=crypto")

    def simulate(self, asked: Asked) -> Answer:
        row = self._payment(asked)
        given = dict(asked.form_pairs())
        try:
            self._of.crypto.transfer(row, given.get("how", "exact"), given.get("amount", ""))
        except BadTransfer as why:
            return self._show(row, tab="crypto", problem=str(why), status=422)
        return see_other(f"{_path(row)}?method=crypto")

    def cancel(self, asked: Asked) -> Answer:
        row = self._payment(asked)
        if row["status"] in OPEN and not self._of.payments.held(row):
            reason = "Cancelled by the payer"
            row = self._of.payments.cancel(row, {"cancellation_reason": reason})
        return see_other(back(row))

    def bank(self, asked: Asked) -> Answer:
        row = self._payment(asked)
        if row["status"] != "requires_customer_action" or row["payment_method"] != "card":
            return see_other(back(row))
        amount = currencies.show(row["amount"], row["currency"])
        action = f"/3ds/{row['id']}"
        return self._of.pages.page(
            "bank.html", amount=amount, merchant=self._name(row), action=action
        )

    def bank_says(self, asked: Asked) -> Answer:
        row = self._payment(asked)
        agreed = dict(asked.form_pairs()).get("answer") == "agree"
        return see_other(back(self._of.cards.answer_bank(row, agreed=agreed)))

    def _payment(self, asked: Asked) -> Row:
        row = self._of.book.get("payments", asked.params["payment"])
        merchant = asked.params.get("merchant")
        if row is None or row["payment_link"] is None or merchant not in (None, row["merchant_id"]):
            raise Refused(self._of.pages.page("gone.html", 404, why="unknown"))
        return row

    def _takes(self, row: Row, *, card: bool) -> bool:
        allowed = set(row["allowed_payment_method_types"])
        return bool(allowed & CARD_TYPES) if card else CRYPTO in allowed

    def _over(self, row: Row) -> Answer:
        why = {"succeeded": "complete", "expired": "expired"}.get(row["status"], "closed")
        return self._of.pages.page("gone.html", why=why, back=back(row))

    def _show(self, row: Row, *, tab: str, status: int = 200, **more: object) -> Answer:
        by_card, by_coin = self._takes(row, card=True), self._takes(row, card=False)
        if (
            row["_coin"]
            and row["payment_method"] == "crypto"
            and (self._of.payments.held(row) or not tab)
        ):
            tab = "crypto"
        quote = row["_coin"]
        coin = COINS[quote["coin"]] if quote else None
        square = ""
        if quote and coin:
            asked = chain.due(coin, row["amount"], row["currency"])
            text = chain.scannable(coin, quote["address"], asked)
            square = segno.make(text, error="m").svg_inline(scale=5, border=3, light="#fff")
        given = {"wrong": {}, "holder": "", "problem": "", **more}
        return self._of.pages.page(
            "link.html",
            status,
            row=row,
            path=_path(row),
            merchant=self._name(row),
            by_card=by_card,
            by_coin=by_coin,
            tab="crypto" if by_coin and (tab == "crypto" or not by_card) else "card",
            quote=quote,
            coin=coin,
            coins=COINS.values(),
            square=square,
            said=SAID.get(row["status"], row["status"]),
            ended=row["status"] in ENDED,
            moving=row["status"] not in ENDED or _arriving(row),
            back=back(row),
            try_these=cards.TRY_THESE,
            **given,
        )

    def _name(self, row: Row) -> str:
        merchant = self._of.book.get("merchants", row["merchant_id"])
        return str(merchant["name"]) if merchant else ""


def back(row: Row) -> str:
    """The merchant's return address, with the payment's id and state for it to check."""
    parts = urlsplit(str(row["return_url"]))
    told = urlencode({"payment_id": row["payment_id"], "status": row["status"]})
    return urlunsplit(parts._replace(query=f"{parts.query}&{told}".lstrip("&")))


def _path(row: Row) -> str:
    return f"/payment_link/{row['merchant_id']}/{row['payment_id']}"


def _arriving(row: Row) -> bool:
    """Whether a transfer still waits for blocks."""
    quote = row["_coin"]
    needed = COINS[quote["coin"]].confirmations if quote else 0
    return bool(quote) and any(one["confirmations"] < needed for one in quote["transfers"])
