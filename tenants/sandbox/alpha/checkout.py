"""The hosted payment page: the payer's side of a session."""

from typing import TYPE_CHECKING

from sandbox.alpha import amounts
from sandbox.common import cards
from sandbox.common.book import Row
from sandbox.common.cards import CHALLENGE, DECLINED, PAID
from sandbox.common.wire import Answer, Asked, Refused, as_json, see_other

if TYPE_CHECKING:
    from sandbox.alpha.api import Alpha

OUTCOMES = {PAID: "paid", DECLINED: "declined", CHALLENGE: "requires_action"}


class Checkout:
    def __init__(self, alpha: "Alpha") -> None:
        self._of = alpha
        for method, path, handler in (
            ("GET", "/c/pay/{session}", self.page),
            ("POST", "/c/pay/{session}", self.pay),
            ("GET", "/c/3ds/{session}", self.bank),
            ("POST", "/c/3ds/{session}", self.bank_says),
            ("POST", "/c/cancel/{session}", self.cancel),
            ("POST", "/_sandbox/pay", self.drive),
        ):
            alpha.on(method, path, handler)

    def page(self, asked: Asked) -> Answer:
        session = self._session(asked.params["session"])
        return self._form(session) if session["status"] == "open" else self._over(session)

    def pay(self, asked: Asked) -> Answer:
        session = self._session(asked.params["session"])
        if session["status"] != "open":
            return self._onward(session)
        given = dict(asked.form_pairs())
        entered = cards.entered(given)
        wrong = cards.wrong(entered, self._of.clock.moment())
        if wrong:
            return self._form(session, wrong=wrong, given=given, status=422)
        outcome, error = self._of.paying.attempt(session, entered)
        if outcome == CHALLENGE:
            return see_other(f"/c/3ds/{session['id']}")
        if error is not None:
            return self._form(session, error=error, given=given, status=402)
        return self._onward(self._session(session["id"]))

    def bank(self, asked: Asked) -> Answer:
        session = self._session(asked.params["session"])
        paying = self._of.book.get("payment_intents", session["payment_intent"])
        if session["status"] != "open" or paying is None or paying["status"] != "requires_action":
            return see_other(f"/c/pay/{session['id']}")
        return self._of.pages.page(
            "bank.html",
            amount=amounts.show(session["amount_total"], session["currency"]),
            merchant=self._name(session),
            action=f"/c/3ds/{session['id']}",
        )

    def bank_says(self, asked: Asked) -> Answer:
        session = self._session(asked.params["session"])
        agreed = dict(asked.form_pairs()).get("answer") == "agree"
        _, error = self._of.paying.answer_bank(session, agreed=agreed)
        session = self._session(session["id"])
        if error is not None:
            return self._form(session, error=error, status=402)
        return self._onward(session) if session["status"] != "open" else self._form(session)

    def cancel(self, asked: Asked) -> Answer:
        """Back to the merchant unpaid; the session stays open until it expires."""
        session = self._session(asked.params["session"])
        return see_other(session["cancel_url"] or session["success_url"])

    def drive(self, asked: Asked) -> Answer:
        """Pay as a payer would, for tests: {session, card, three_ds: "pass" or "fail"}."""
        given = asked.document()
        key = str(given.get("session", "")).rstrip("/").rpartition("/")[2]
        session = self._session(key)
        if session["status"] != "open":
            return as_json({"status": session["status"], "session": key}, 409)
        card = cards.by_name(given.get("card", "4242424242424242"), self._of.clock.moment())
        outcome, error = self._of.paying.attempt(session, card)
        if outcome == CHALLENGE and given.get("three_ds") in ("pass", "fail"):
            agreed = given["three_ds"] == "pass"
            outcome, error = self._of.paying.answer_bank(self._session(key), agreed=agreed)
        session = self._session(key)
        said: Row = {
            "status": OUTCOMES[outcome],
            "session": key,
            "payment_intent": session["payment_intent"],
            "error": error,
            "redirect": _success(session) if outcome == PAID else None,
        }
        return as_json(said)

    def _session(self, key: str) -> Row:
        row = self._of.book.get("sessions", key)
        if row is None:
            raise Refused(self._of.pages.page("gone.html", 404, why="unknown"))
        return row

    def _form(
        self,
        session: Row,
        *,
        wrong: dict[str, str] | None = None,
        error: Row | None = None,
        given: dict[str, str] | None = None,
        status: int = 200,
    ) -> Answer:
        # The card number is never sent back to the page: nothing that was typed is kept.
        return self._of.pages.page(
            "pay.html",
            status,
            session=session,
            merchant=self._name(session),
            wrong=wrong or {},
            error=error,
            holder=(given or {}).get("name", ""),
            try_these=cards.TRY_THESE,
        )

    def _over(self, session: Row) -> Answer:
        if session["status"] == "complete":
            return self._of.pages.page("gone.html", why="complete", back=_success(session))
        return self._of.pages.page("gone.html", 410, why="expired", back=session["cancel_url"])

    def _onward(self, session: Row) -> Answer:
        """Where a payer goes when the session is over; pressing twice leads to the same place."""
        return (
            see_other(_success(session)) if session["status"] == "complete" else self._over(session)
        )

    def _name(self, session: Row) -> str:
        merchant = self._of.book.get("merchants", session["_merchant"])
        return str(merchant["name"]) if merchant else ""


def _success(session: Row) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])
