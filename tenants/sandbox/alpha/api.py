"""Alpha: the API and its events."""

import hashlib
import hmac
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from sandbox.alpha import amounts, errors, params
from sandbox.alpha.checkout import Checkout
from sandbox.alpha.controls import Controls, recent, truth
from sandbox.alpha.idempotency import Once
from sandbox.alpha.paying import Paying
from sandbox.alpha.payouts import Payouts
from sandbox.alpha.returns import Returns
from sandbox.alpha.sessions import Sessions
from sandbox.alpha.settling import Settling
from sandbox.alpha.shapes import listed, shown
from sandbox.alpha.telling import DEFAULT_EVENTS, bent, envelope
from sandbox.common.book import Row, fresh
from sandbox.common.faults import Kind
from sandbox.common.provider import Provider
from sandbox.common.site import Options
from sandbox.common.wire import Answer, Asked, Refused, as_json

API_VERSION = "2025-03-31.basil"
Finder = Callable[[Row, str], Row]
Maker = Callable[[Row, params.Params, str], Row]


class Alpha(Provider):
    name: ClassVar[str] = "alpha"
    title: ClassVar[str] = "Alpha Pay"
    about: ClassVar[str] = "A card payment provider that speaks a part of Stripe's API."
    accent: ClassVar[str] = "#5b4be0"
    templates: ClassVar[Path] = Path(__file__).parent / "templates"
    own_kinds: ClassVar[tuple[Kind, ...]] = (
        Kind(
            "decline_technical", "Sessions, cards, payouts and refunds fail for a technical reason"
        ),
        Kind("decline_hard", "Cards and payouts are refused for good"),
        Kind("balance_insufficient", "Payouts are refused: the merchant's balance is too low"),
    )

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.pages.filter("money", amounts.show)
        self.open_sessions: dict[str, int] = {}
        self.book.watch("sessions", self._follow)
        self.once = Once(self.book)
        self.sessions, self.paying = Sessions(self), Paying(self)
        self.payouts, self.returns = Payouts(self), Returns(self)
        self.later.names("payout", self.payouts.settle)
        self.later.names("refund", self.returns.settle)
        self.later.names("dispute", lambda key: void(self.returns.dispute(key)))
        # Of the call being answered; calls are applied one at a time.
        self._request = self._key = self._base = ""
        Checkout(self)
        Controls(self)
        Settling(self)
        self._serve()

    def _serve(self) -> None:
        find = self.sessions.find
        self._post("/v1/checkout/sessions", "sessions.create", self._create_session)
        self._read("/v1/checkout/sessions", "sessions", find)
        self.on("GET", "/v1/checkout/sessions/{id}/line_items", self._lines, "read")
        self._act(
            "/v1/checkout/sessions/{id}/expire", "sessions.expire", find, self.sessions.expire
        )
        self._read("/v1/payment_intents", "payment_intents", self._finder("payment_intents"))
        self._read("/v1/charges", "charges", self._finder("charges"))
        self._read("/v1/disputes", "disputes", self._finder("disputes"))
        self._read("/v1/payment_methods", "payment_methods", self._finder("payment_methods"))
        self._post("/v1/refunds", "refunds.create", self.returns.refund)
        self._read("/v1/refunds", "refunds", self.returns.find)
        self._post("/v1/payouts", "payouts.create", self.payouts.create)
        self._read("/v1/payouts", "payouts", self.payouts.find)
        cancel = self.payouts.cancel
        self._act("/v1/payouts/{id}/cancel", "payouts.cancel", self.payouts.find, cancel)
        self.on("GET", "/v1/events", self._events, "read")
        self.on("GET", "/v1/events/{id}", self._event, "read")

    async def sweep(self) -> None:
        await self.every(0.5, self.sessions.expire_due)

    # What a provider says of itself.

    def sign(self, merchant: Row, raw: bytes, at: int) -> dict[str, str]:
        """`t=..,v1=..`: hex HMAC-SHA256 of `t.raw` under the endpoint's secret."""
        secret = str(merchant["webhook_secret"]).encode()
        mark = hmac.new(secret, f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
        return {"stripe-signature": f"t={at},v1={mark}"}

    def bend(self, document: Row, what: str) -> Row:
        return bent(self.book, document, what)

    def merchant_of(self, asked: Asked) -> Row:
        kind, _, given = asked.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not given.strip():
            raise errors.unauthorised("You did not provide an API key.")
        row = self.book.get("merchants", _account(given.strip()))
        if row is None:
            raise errors.unauthorised(f"Invalid API Key provided: {given[:8]}***{given[-4:]}")
        return row

    def merchant_row(self, given: Row) -> Row:
        key = str(given["secret_key"])
        return {
            "id": _account(key),
            "name": str(given.get("name") or "Merchant"),
            "secret_key": key,
            "webhook_url": str(given.get("webhook_url") or ""),
            "webhook_secret": str(given.get("webhook_secret") or ""),
            "enabled_events": list(given.get("enabled_events") or DEFAULT_EVENTS),
        }

    def failure(self, status: int, message: str) -> Answer:
        kind = "api_error" if status >= 500 else "invalid_request_error"
        return errors.error(status, kind, message)

    def truth(self, merchant: str) -> Row:
        return truth(self, merchant)

    def recent(self, count: int) -> list[Row]:
        return recent(self, count)

    def event(self, kind: str, row: Row) -> None:
        """Tell the merchant whose object this is, if it listens to this kind."""
        merchant = self.book.table("merchants")[row["_merchant"]]
        wanted = merchant["enabled_events"]
        if kind in wanted or "*" in wanted:
            told = envelope(fresh("evt_1"), kind, shown(row), self.clock.unix(), API_VERSION)
            told["request"] = {"id": self._request or None, "idempotency_key": self._key or None}
            self.hooks.tell(merchant["id"], told["id"], kind, told, row["id"])

    # The kinds of calls.

    def _post(self, path: str, op: str, make: Maker) -> None:
        def handler(asked: Asked) -> Answer:
            merchant = self.merchant_of(asked)

            def act() -> Answer:
                given = params.nested(asked.form_pairs())
                row = make(merchant, given, asked.headers.get("idempotency-key", ""))
                return as_json(shown(row, self.book, given.get("expand")))

            return self._known(asked, lambda: self.once.run(merchant["id"], asked, act))

        self.on("POST", path, handler, op)

    def _act(self, path: str, op: str, find: Finder, change: Callable[[Row], Row]) -> None:
        def handler(asked: Asked) -> Answer:
            merchant = self.merchant_of(asked)

            def act() -> Answer:
                return as_json(shown(change(find(merchant, asked.params["id"]))))

            return self._known(asked, lambda: self.once.run(merchant["id"], asked, act))

        self.on("POST", path, handler, op)

    def _read(self, path: str, table: str, find: Finder) -> None:
        def one(asked: Asked) -> Answer:
            given = params.nested(asked.query_pairs)
            row = find(self.merchant_of(asked), asked.params["id"])
            return as_json(shown(row, self.book, given.get("expand")))

        def many(asked: Asked) -> Answer:
            merchant = self.merchant_of(asked)["id"]
            rows = [row for row in self.book.table(table).values() if row["_merchant"] == merchant]
            return self._page(asked, path, [shown(row) for row in rows])

        self.on("GET", path, many, "read")
        self.on("GET", path + "/{id}", one, "read")

    def _known(self, asked: Asked, act: Callable[[], Answer]) -> Answer:
        """Give the call a request id, which its events carry too."""
        self._request = fresh("req_", 14)
        self._base = self.base_url(asked)
        self._key = asked.headers.get("idempotency-key", "")
        try:
            answer = act()
        finally:
            request, self._request, self._key = self._request, "", ""
        return Answer(answer.status, answer.content, (*answer.headers, ("request-id", request)))

    def _finder(self, table: str) -> Finder:
        def find(merchant: Row, key: str) -> Row:
            row = self.book.get(table, key)
            if row is None or row["_merchant"] != merchant["id"]:
                raise errors.no_such(table.removesuffix("s"), key)
            return row

        return find

    def _create_session(self, merchant: Row, given: params.Params, key: str) -> Row:
        del key
        about: dict[str, Any] = {"on": "sessions.create", "merchant": merchant["id"]}
        if self.faults.strike("decline_technical", **about):
            message = "The card network is not available at the moment."
            raise Refused(errors.error(503, "api_error", message, code="processing_error"))
        return self.sessions.create(merchant, given, self._base)

    def _page(self, asked: Asked, url: str, rows: list[Row]) -> Answer:
        """Newest first, `limit` at a time, after the id in `starting_after`."""
        query = asked.query
        limit = params.whole(query.get("limit", "10"), "limit")
        if not 1 <= limit <= 100:
            raise errors.invalid("limit must be from 1 to 100", param="limit")
        for name in ("payment_intent", "status", "type", "charge", "destination"):
            if name in query:
                rows = [row for row in rows if row.get(name) == query[name]]
        for name, edge in query.items():
            if match := re.fullmatch(r"created\[(gte?|lte?)\]", name):
                bound = params.whole(edge, name)
                rows = [row for row in rows if _within(row["created"], match[1], bound)]
        rows.reverse()
        if after := query.get("starting_after"):
            at = next((place for place, row in enumerate(rows) if row["id"] == after), None)
            if at is None:
                raise errors.no_such("object", after, param="starting_after", status=400)
            rows = rows[at + 1 :]
        return as_json(listed(rows[:limit], url, more=len(rows) > limit))

    def _lines(self, asked: Asked) -> Answer:
        row = self.sessions.find(self.merchant_of(asked), asked.params["id"])
        return as_json(listed(row["_lines"], asked.path))

    def _events(self, asked: Asked) -> Answer:
        merchant = self.merchant_of(asked)["id"]
        rows = [row for row in self.book.table("events").values() if row["merchant"] == merchant]
        return self._page(asked, "/v1/events", [msgspec.json.decode(row["body"]) for row in rows])

    def _event(self, asked: Asked) -> Answer:
        row = self.book.get("events", asked.params["id"])
        if row is None or row["merchant"] != self.merchant_of(asked)["id"]:
            raise errors.no_such("event", asked.params["id"])
        return as_json(msgspec.json.decode(row["body"]))

    def _follow(self, row: Row) -> None:
        """Keep the sessions that may still expire."""
        if row["status"] == "open":
            self.open_sessions[row["id"]] = row["expires_at"]
        else:
            self.open_sessions.pop(row["id"], None)


def void(_: object) -> None:
    """Let a result go."""


def _account(key: str) -> str:
    return "acct_" + hashlib.sha256(key.encode()).hexdigest()[:16]


def _within(moment: int, how: str, bound: int) -> bool:
    above, below = moment >= bound, moment <= bound
    return {"gte": above, "gt": moment > bound, "lte": below, "lt": moment < bound}[how]
