"""Beta: the API and its events."""

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from sandbox.beta import errors, fields
from sandbox.beta.controls import Controls, recent, truth
from sandbox.beta.crypto import CryptoPaying
from sandbox.beta.link import Link
from sandbox.beta.paying import CardPaying
from sandbox.beta.payments import OPEN, Payments
from sandbox.beta.payouts import Payouts
from sandbox.beta.returns import Returns
from sandbox.beta.settling import Settling
from sandbox.common.book import Row, fresh
from sandbox.common.faults import Kind
from sandbox.common.provider import Provider
from sandbox.common.site import Options
from sandbox.common.wire import Answer, Asked, Refused, as_json

Finder = Callable[[Row, str], Row]
AMOUNTS = ("amount", "net_amount", "amount_received", "amount_capturable")
REFERENCES = ("metadata", "merchant_order_reference_id", "description")
TABLES = {"payment_details": "payments", "payout_details": "payouts", "refund_details": "refunds"}


class Beta(Provider):
    name: ClassVar[str] = "beta"
    title: ClassVar[str] = "Beta Payments"
    about: ClassVar[str] = "Cards and crypto; speaks a part of Hyperswitch's API."
    accent: ClassVar[str] = "#0b6e66"
    templates: ClassVar[Path] = Path(__file__).parent / "templates"
    own_kinds: ClassVar[tuple[Kind, ...]] = (
        Kind(
            "decline_technical", "Payments, cards, payouts and refunds fail for a technical reason"
        ),
        Kind("decline_hard", "Cards, payouts and refunds are refused for good"),
    )

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.open_payments: dict[str, float] = {}
        self.book.watch("payments", self._follow)
        self.payments, self.cards = Payments(self), CardPaying(self)
        self.crypto, self.payouts, self.returns = CryptoPaying(self), Payouts(self), Returns(self)
        self.later.names("payout", self.payouts.settle)
        self.later.names("refund", self.returns.settle)
        Link(self)
        Controls(self)
        Settling(self)
        self.on("POST", "/payments", self._create_payment, "payments.create")
        self.on("GET", "/payments/list", self._list_payments, "read")
        self._read("/payments/{id}", self.payments.find)
        self.on("POST", "/payments/{id}/cancel", self._cancel_payment, "payments.cancel")
        self.on("POST", "/refunds", self._make(self.returns.refund), "refunds.create")
        self._read("/refunds/{id}", self.returns.find)
        self.on("POST", "/payouts/create", self._make(self.payouts.create), "payouts.create")
        self._read("/payouts/{id}", self.payouts.find)
        for verb, act in (
            ("confirm", self.payouts.confirm),
            ("fulfill", self.payouts.fulfill),
            ("cancel", self.payouts.cancel),
        ):
            self.on("POST", f"/payouts/{{id}}/{verb}", self._on_payout(act), f"payouts.{verb}")

    async def sweep(self) -> None:
        await self.every(0.5, self.payments.expire_due)

    def sign(self, merchant: Row, raw: bytes, at: int) -> dict[str, str]:
        """Hex HMAC-SHA512 of the raw body under the profile's payment response hash key."""
        del at
        secret = str(merchant["webhook_secret"]).encode()
        return {"x-webhook-signature-512": hmac.new(secret, raw, hashlib.sha512).hexdigest()}

    def bend(self, document: Row, what: str) -> Row:
        content: dict[str, Any] = dict(document["content"])
        obj: dict[str, Any] = dict(content["object"])
        if what == "amount":
            obj |= {name: obj[name] * 100 for name in AMOUNTS if isinstance(obj.get(name), int)}
        elif what == "currency":
            obj["currency"] = "USD" if obj.get("currency") != "USD" else "JPY"
        else:
            other = self._another(TABLES.get(content["type"], "payments"), obj)
            obj |= {name: other.get(name) for name in REFERENCES if name in obj}
        return {**document, "content": {**content, "object": obj}}

    def merchant_of(self, asked: Asked) -> Row:
        key = asked.headers.get("api-key", "")
        for row in self.book.table("merchants").values():
            if key and hmac.compare_digest(key.encode(), str(row["secret_key"]).encode()):
                return row
        raise Refused(errors.error(401, "IR_01", "API key not provided or invalid API key used"))

    def merchant_row(self, given: Row) -> Row:
        key = str(given.get("api_key") or given["secret_key"])
        secret = given.get("payment_response_hash_key") or given.get("webhook_secret")
        mark = hashlib.sha256(key.encode()).hexdigest()[:12]
        return {
            "id": str(given.get("merchant_id") or f"merchant_{mark}"),
            "name": str(given.get("name") or "Merchant"),
            "secret_key": key,
            "webhook_url": str(given.get("webhook_url") or ""),
            "webhook_secret": str(secret or ""),
            "profile_id": str(given.get("profile_id") or ""),
            "return_url": str(given.get("return_url") or ""),
        }

    def failure(self, status: int, message: str) -> Answer:
        codes = {404: "IR_02", 405: "IR_03", 400: "IR_06"}
        kind = "api" if status >= 500 else "invalid_request"
        return errors.error(status, codes.get(status, "HE_00"), message, kind)

    def truth(self, merchant: str) -> Row:
        return truth(self, merchant)

    def recent(self, count: int) -> list[Row]:
        return recent(self, count)

    def event(self, kind: str, content: str, row: Row) -> None:
        told: Row = {
            "merchant_id": row["merchant_id"],
            "event_id": fresh("evt_", 20),
            "event_type": kind,
            "content": {"type": content, "object": shown(row)},
            "timestamp": self.clock.iso(),
        }
        self.hooks.tell(row["merchant_id"], told["event_id"], kind, told, row["id"])

    def _create_payment(self, asked: Asked) -> Answer:
        merchant = self.merchant_of(asked)
        base = self.base_url(asked)
        return as_json(shown(self.payments.create(merchant, asked.document(), base)))

    def _cancel_payment(self, asked: Asked) -> Answer:
        row = self.payments.find(self.merchant_of(asked), asked.params["id"])
        return as_json(shown(self.payments.cancel(row, asked.document())))

    def _list_payments(self, asked: Asked) -> Answer:
        """Newest first: `limit`, and `starting_after` a payment id."""
        merchant = self.merchant_of(asked)["id"]
        rows = [
            row for row in self.book.table("payments").values() if row["merchant_id"] == merchant
        ]
        rows.reverse()
        limit = asked.query.get("limit", "10")
        if not limit.isdigit() or not 1 <= int(limit) <= 100:
            raise errors.malformed("limit", "a number from 1 to 100")
        after = asked.query.get("starting_after")
        place = next((at + 1 for at, row in enumerate(rows) if row["id"] == after), 0)
        page = [shown(row) for row in rows[place : place + int(limit)]]
        return as_json({"size": len(page), "data": page})

    def _make(self, make: Callable[[Row, fields.Given], Row]) -> Callable[[Asked], Answer]:
        def handler(asked: Asked) -> Answer:
            return as_json(shown(make(self.merchant_of(asked), asked.document())))

        return handler

    def _on_payout(self, act: Callable[[Row], Row]) -> Callable[[Asked], Answer]:
        def handler(asked: Asked) -> Answer:
            row = self.payouts.find(self.merchant_of(asked), asked.params["id"])
            return as_json(shown(act(row)))

        return handler

    def _read(self, path: str, find: Finder) -> None:
        def handler(asked: Asked) -> Answer:
            return as_json(shown(find(self.merchant_of(asked), asked.params["id"])))

        self.on("GET", path, handler, "read")

    def _another(self, table: str, obj: Row) -> Row:
        for row in reversed(self.book.table(table).values()):
            own = row["merchant_id"] == obj.get("merchant_id")
            if own and row["id"] not in (obj.get("payment_id"), obj.get("payout_id")):
                return row
        return {"metadata": {"reference": "someone-else"}, "description": "someone else's"}

    def _follow(self, row: Row) -> None:
        """Keep the payments that may still expire."""
        if row["status"] in OPEN:
            self.open_payments[row["id"]] = row["_due"]
        else:
            self.open_payments.pop(row["id"], None)


def shown(row: Row) -> Row:
    """A row as the API shows it: without our own key and marks."""
    return {name: value for name, value in row.items() if name != "id" and name[0] != "_"}
