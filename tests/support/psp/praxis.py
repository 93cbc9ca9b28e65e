"""Praxis Cashier API 1.3: cashier, find-order, notification and validation, as its wiki has them."""

import hashlib
import json
import time
from typing import Any

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider

MERCHANT, APPLICATION, SECRET = "API-Northlight", "Northlight.example", "merchant-secret"


def sign(*fields: Any) -> str:
    words = "".join("" if one is None else str(one) for one in fields)
    return hashlib.sha384((words + SECRET).encode()).hexdigest()


class Standin(Provider):
    def error(self, status: int, code: str, why: str = "") -> Told:
        if status >= 429:
            return Told(status, raw=b"<html>")
        return self._said({"status": 1, "description": why or code}, ("status", "timestamp"))

    def _said(self, body: dict[str, Any], names: tuple[str, ...]) -> Told:
        body |= {"version": "1.3", "timestamp": int(time.time())}
        fields = [body.get(name) for name in names]
        if "redirect_url" in body:
            fields.append(body["customer"]["customer_token"])
        return Told(json=body, headers={"Gt-Authentication": sign(*fields)})

    def handle(self, asked: Asked) -> Told:
        self.must(asked.method == "POST", 405, "", "method")
        kind = asked.headers.get("content-type", "")
        self.must(kind == "application/json; charset=utf-8", 400, "", "Content-Type")
        body = asked.json()
        cashier = asked.path == "/cashier/cashier"
        self.must(cashier or asked.path == "/agent/find-order", 404, "", asked.path)
        names = ["merchant_id", "application_key", "timestamp"]
        names += ["intent", "cid", "order_id"] if cashier else ["order_id"]
        due = sign(*(body.get(name) for name in names))
        self.must(asked.headers.get("gt-authentication") == due, 400, "", "Invalid signature")
        self.must(body["merchant_id"] == MERCHANT, 400, "", "Unknown merchant")
        self.must(abs(body["timestamp"] - time.time()) < 60, 400, "", "Too late")
        return self._cashier(body) if cashier else self._find(body)

    def _cashier(self, body: Any) -> Told:
        need = dict.fromkeys(
            "merchant_id application_key intent currency cid locale notification_url return_url "
            "order_id version".split(),
            str,
        )
        self.fields(
            body,
            need=need | {"timestamp": int, "customer_data": dict},
            may={
                "amount": int,
                "gateway": (str, type(None)),
                "validation_url": str,
                "variable1": str,
                "customer_token": str,
            },
        )
        self.must(body["version"] == "1.3", 400, "", "version")
        self.must(body["intent"] in {"payment", "withdrawal", "authorization"}, 400, "", "intent")
        self.must(len(body["order_id"]) <= 50, 400, "", "order_id")
        for name in ("notification_url", "return_url"):
            self.address(body[name], 400, "", name)
        self.deposits.setdefault(body["order_id"], body | {"transaction": None})
        return self._said(
            {
                "status": 0,
                "description": "Ok",
                "redirect_url": f"https://pci-gw.praxisgate.com/{body['order_id'][:8]}",
                "customer": {"customer_token": "tok", "country": "CY"},
                "session": {"auth_token": "a", "order_id": body["order_id"]},
            },
            ("status", "timestamp", "redirect_url"),
        )

    def _session(self, one: dict[str, Any]) -> dict[str, Any]:
        told = {"order_id": one["order_id"], "currency": one["currency"], "amount": one["amount"]}
        return told | {"session_status": "open", "intent": "payment"}

    def _find(self, body: Any) -> Told:
        one = self.deposits.get(body["order_id"])
        if one is None:
            said = {"status": 1, "description": "Transaction not found"}
            return self._said(said, ("status", "timestamp"))
        transaction = one["transaction"]
        if self.odd:
            transaction = (transaction or {}) | {"transaction_status": self.odd}
        said = {
            "status": 0,
            "description": "Ok",
            "customer": {"customer_token": "tok"},
            "session": self._session(one),
            "transaction": transaction,
        }
        return self._said(said, ("status", "timestamp"))

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        one = self.deposits[reference]
        states = {
            "paid": "approved",
            "declined-hard": "rejected",
            "declined-technical": "error",
            "expired": "cancelled",
        }
        card = {"card_token": "ct", "card_type": "VISA", "card_number": "424242******4242"}
        one["transaction"] = {
            "transaction_type": "sale",
            "transaction_status": states[how],
            "tid": 8,
            "transaction_id": "x",
            "currency": one["currency"],
            "amount": one["amount"],
            "conversion_rate": 1.0,
            "processed_currency": currency or one["currency"],
            "processed_amount": int(amount) if amount else one["amount"],
            "card": card,
            "status_code": "SC-002",
        }
        return [self._notice(one)]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        return []

    def _notice(self, one: dict[str, Any]) -> Callback:
        at, done = int(time.time()), one["transaction"]
        body = {
            "merchant_id": MERCHANT,
            "application_key": APPLICATION,
            "customer": {"customer_token": "tok"},
            "session": self._session(one),
            "transaction": done,
            "version": "1.3",
            "timestamp": at,
        }
        proof = sign(
            MERCHANT,
            APPLICATION,
            at,
            "tok",
            one["order_id"],
            done["tid"],
            done["currency"],
            done["amount"],
            1,
            done["processed_currency"],
            done["processed_amount"],
        )
        raw = json.dumps(body).replace('"conversion_rate": 1.0', '"conversion_rate": 1').encode()
        return Callback(raw, [("Gt-Authentication", proof)])
