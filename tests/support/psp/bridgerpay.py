"""BridgerPay's login, sessions, deposits by order, payouts and notices, from its published guides."""

import json
import secrets
from typing import Any

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider

USER, PASSWORD, API, CASHIER = "northlight", "a-password", "api-key-1", "cashier-key-1"
NOTICES, PROCESSOR = "a-long-secret-of-our-own", "BankOne"


class Standin(Provider):
    tokens: tuple[str, ...] = ()

    def error(self, status: int, code: str, why: str = "") -> Told:
        response = {"status": code, "code": status, "message": why or code}
        return Told(status, json={"response": response, "result": None})

    def fine(self, result: Any) -> Told:
        response = {"status": "OK", "code": 200, "message": "OK"}
        return Told(json={"response": response, "result": result})

    def handle(self, asked: Asked) -> Told:
        parts = asked.path.strip("/").split("/")
        if (asked.method, parts) == ("POST", ["v2", "auth", "login"]):
            return self._login(asked.json())
        held = asked.headers.get("authorization", "").removeprefix("Bearer ")
        self.must(held in self.tokens, 401, "Unauthorized", "token")
        if asked.method == "POST":
            self.must(asked.headers.get("content-type") == "application/json", 415, "type", "type")
        match asked.method, parts:
            case "POST", ["v2", "cashier", "session", "create", key]:
                self.must(key == API, 401, "Unauthorized", "merchant api key is invalid")
                return self._session(asked.json())
            case "GET", ["v2", "merchant", key, "deposits", order]:
                self.must(key == API, 401, "Unauthorized", "merchant api key is invalid")
                one = self.deposits.get(order)
                self.must(one and "status" in one, 404, "NotFound", "no such order")
                assert one is not None
                shown = {name: value for name, value in one.items() if name != "payload"}
                return self.fine({"deposit": shown | ({"status": self.odd} if self.odd else {})})
            case "POST", ["v2", key, "payouts"]:
                self.must(key == API, 401, "Unauthorized", "merchant api key is invalid")
                return self._payout(asked.json())
            case "GET", ["v2", _, "payouts"]:
                wanted = asked.query.get("merchantOrderId")
                found = [o for o in self.payouts.values() if o["merchant_order_id"] == wanted]
                return self.fine({"next_page_cursor": None, "records": found})
            case "GET", ["v2", _, "payouts", key, "check-status"]:
                self.must(key in self.payouts, 404, "NotFound", key)
                return self.fine(self.payouts[key])
        return self.error(404, "NotFound", "route")

    def _login(self, body: Any) -> Told:
        told = self.fields(body, need={"user_name": str, "password": str})
        right = (told["user_name"], told["password"]) == (USER, PASSWORD)
        self.must(right, 403, "Forbidden", "login_failure")
        token = secrets.token_hex(12)
        self.tokens = (*self.tokens, token)
        return self.fine({"access_token": {"token": token, "expires_in": 7200}})

    def _session(self, body: Any) -> Told:
        told = self.fields(
            body,
            need={"cashier_key": str, "order_id": str, "currency": str, "country": str},
            may={
                "amount": (int, float),
                "currency_lock": bool,
                "amount_lock": bool,
                "first_name": str,
                "last_name": str,
                "email": str,
                "phone": str,
                "language": str,
                "payload": str,
                "tracking_id": str,
            },
        )
        self.must(told["cashier_key"] == CASHIER, 400, "BadRequest", "cashier_key")
        self.deposits.setdefault(
            told["order_id"],
            {
                "id": secrets.token_hex(6),
                "merchant_order_id": told["order_id"],
                "amount": f"{told['amount']:.2f}",
                "currency": told["currency"],
                "status": "init",
                "payload": told.get("payload"),
            },
        )
        return self.fine({"cashier_token": secrets.token_hex(8)})

    def _payout(self, body: Any) -> Told:
        told = self.fields(
            body,
            need={
                "order_id": str,
                "provider": str,
                "country": str,
                "currency": str,
                "amount": (int, float),
                "payout_method_type": str,
                "metadata": dict,
            },
        )
        self.must(told["provider"] == PROCESSOR, 400, "BadRequest", "provider")
        self.must(told["metadata"].get("bankAccountNumber"), 400, "BadRequest", "bankAccountNumber")
        if self.declines:
            hard = "bank account is not valid"
            words = hard if self.declines == "hard" else "Insufficient funds at the provider"
            return self.error(400, "BadRequest", words)
        key = secrets.token_hex(4)
        self.payouts[key] = {
            "id": key,
            "merchant_order_id": told["order_id"],
            "amount": float(told["amount"]),
            "currency": told["currency"],
            "status": "Pending",
        }
        return self.fine(self.payouts[key])

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        one = self.deposits[reference]
        if how == "paid":
            one |= {"status": "approved", "card_type": "VISA", "last_four_digits": "1881"}
        else:
            one |= {"status": "declined", "decline_reason": "Do not honour"}
        if amount:
            one |= {"amount": f"{float(amount):.2f}", "currency": currency}
        return [self._hook(one)]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        self.payouts[reference]["status"] = "Approved" if how == "done" else "Declined"
        return []

    def _hook(self, one: dict[str, Any]) -> Callback:
        attributes = {
            "status": one["status"],
            "amount": float(one["amount"]),
            "currency": one["currency"],
            "payment_method": "credit_card",
            "decline_reason": one.get("decline_reason"),
            "created_at": 1609147030,
        }
        charge = {"id": one["id"], "type": one["status"], "attributes": attributes}
        data = {
            "order_id": one["merchant_order_id"],
            "psp_name": "one",
            "payload": one["payload"],
            "charge": charge,
        }
        return Callback(json.dumps({"webhook": {"type": one["status"]}, "data": data}).encode(), [])
