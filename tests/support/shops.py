"""Merchants that speak each payment provider's API, for tests of the stand-ins."""

from dataclasses import dataclass
from typing import Any

import httpx2

from support.standins import Document, Shop


@dataclass
class AlphaShop(Shop):
    async def call(
        self, method: str, path: str, form: dict[str, Any] | None = None, *, once: str = ""
    ) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.key}"}
        if once:
            headers["idempotency-key"] = once
        return await self.at.http.request(method, path, data=form, headers=headers)

    async def session(self, amount: int = 50_000, currency: str = "usd", **more: Any) -> Document:
        answer = await self.ask(amount, currency, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ask(
        self, amount: int = 50_000, currency: str = "usd", once: str = "", **more: Any
    ) -> httpx2.Response:
        item = "line_items[0]"
        form = {
            "mode": "payment",
            "client_reference_id": "DEP-1",
            f"{item}[quantity]": 1,
            f"{item}[price_data][currency]": currency,
            f"{item}[price_data][unit_amount]": amount,
            f"{item}[price_data][product_data][name]": "Deposit",
            "success_url": "http://shop.example/back?s={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://shop.example/cancel",
            "metadata[id]": "our-1",
            "payment_intent_data[metadata][id]": "our-1",
            **more,
        }
        return await self.call("POST", "/v1/checkout/sessions", form, once=once)

    async def pay(self, session: str, **how: Any) -> Document:
        answer = await self.at.http.post("/_sandbox/pay", json={"session": session, **how})
        return answer.json()

    async def paid(self, amount: int = 50_000, currency: str = "usd", **how: Any) -> Document:
        """A session that was paid, with its payment intent expanded."""
        session = await self.session(amount, currency)
        assert (await self.pay(session["id"], **how))["status"] == "paid"
        path = f"/v1/checkout/sessions/{session['id']}?expand[]=payment_intent.latest_charge"
        return (await self.call("GET", path)).json()

    async def pay_out(self, amount: int = 20_000, once: str = "", **more: Any) -> httpx2.Response:
        form = {"amount": amount, "currency": "usd", "metadata[id]": "w-1", **more}
        return await self.call("POST", "/v1/payouts", form, once=once)


@dataclass
class BetaShop(Shop):
    async def call(
        self, method: str, path: str, document: Document | None = None
    ) -> httpx2.Response:
        headers = {"api-key": self.key}
        return await self.at.http.request(method, path, json=document, headers=headers)

    async def ask(
        self, amount: object = 50_000, currency: str = "EUR", **more: Any
    ) -> httpx2.Response:
        document = {
            "amount": amount,
            "currency": currency,
            "payment_link": True,
            "return_url": "http://shop.example/back?tab=1",
            "metadata": {"id": "our-1"},
            "merchant_order_reference_id": "DEP-1",
            **more,
        }
        return await self.call("POST", "/payments", document)

    async def payment(self, amount: int = 50_000, currency: str = "EUR", **more: Any) -> Document:
        answer = await self.ask(amount, currency, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def read(self, payment: str) -> Document:
        return (await self.call("GET", f"/payments/{payment}?force_sync=true")).json()

    async def pay(self, payment: str, **how: Any) -> Document:
        answer = await self.at.http.post("/_sandbox/pay", json={"payment_id": payment, **how})
        return answer.json()

    async def pay_out(self, **more: Any) -> httpx2.Response:
        document = {
            "amount": 20_000,
            "currency": "EUR",
            "confirm": True,
            "auto_fulfill": True,
            "payout_type": "bank",
            "payout_method_data": {"bank": {"iban": "DE89370400440532013000"}},
            "metadata": {"id": "w-1"},
            **more,
        }
        return await self.call("POST", "/payouts/create", document)
