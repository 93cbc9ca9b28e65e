"""Flutterwave v3's payments, verification and transfers, from its API reference."""

import json
import secrets
from typing import Any

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider

KEY, HASH = "FLWSECK_TEST-key", "a-secret-hash"


class Standin(Provider):
    def error(self, status: int, code: str, why: str = "") -> Told:
        return Told(status, json={"status": "error", "message": why or code, "data": None})

    def fine(self, data: Any) -> Told:
        return Told(json={"status": "success", "message": "ok", "data": data})

    def handle(self, asked: Asked) -> Told:
        token = asked.headers.get("authorization")
        self.must(token == f"Bearer {KEY}", 401, "", "Invalid authorization key")
        parts = asked.path.strip("/").split("/")
        if asked.method == "POST":
            self.must(asked.headers.get("content-type") == "application/json", 415, "", "type")
        match asked.method, parts:
            case "GET", ["balances"]:
                return self.fine([{"currency": "NGN", "available_balance": 1}])
            case "POST", ["payments"]:
                return self._payment(asked.json())
            case "GET", ["transactions", "verify_by_reference"]:
                one = self.deposits.get(asked.query.get("tx_ref", ""))
                self.must(
                    one and one.get("id"), 400, "", "No transaction was found for this tx_ref"
                )
                assert one is not None
                return self.fine(one | ({"status": self.odd} if self.odd else {}))
            case "POST", ["transfers"]:
                return self._transfer(asked.json())
            case "GET", ["transfers"]:
                wanted = asked.query.get("reference")
                return self.fine([o for o in self.payouts.values() if o["reference"] == wanted])
            case "GET", ["transfers", key]:
                self.must(key in self.payouts, 404, "", "Transfer not found")
                return self.fine(self.payouts[key])
        return self.error(404, "", "route")

    def _payment(self, body: Any) -> Told:
        self.fields(
            body,
            need={
                "tx_ref": str,
                "amount": (str, int, float),
                "currency": str,
                "redirect_url": str,
                "customer": dict,
            },
            may={"payment_options": str, "customizations": dict, "meta": dict},
        )
        self.must("email" in body["customer"], 400, "", "customer.email is required")
        self.must(float(body["amount"]) > 0, 400, "", "amount")
        key = body["tx_ref"]
        self.deposits.setdefault(
            key, {"tx_ref": key, "amount": float(body["amount"]), "currency": body["currency"]}
        )
        # The page makes the transaction: here as soon as it is opened.
        self.deposits[key].setdefault("id", secrets.randbelow(10**8))
        self.deposits[key].setdefault("status", "pending")
        return self.fine({"link": f"https://checkout.flutterwave.com/v3/hosted/pay/{key[:12]}"})

    def _transfer(self, body: Any) -> Told:
        self.fields(
            body,
            need={
                "account_bank": str,
                "account_number": str,
                "amount": (int, float),
                "currency": str,
            },
            may={
                "narration": str,
                "reference": str,
                "debit_currency": str,
                "beneficiary_name": str,
                "callback_url": str,
            },
        )
        if self.declines:
            hard = "Account number is not valid"
            words = hard if self.declines == "hard" else "Insufficient funds in customer balance"
            return self.error(400, "", words)
        if any(one["reference"] == body["reference"] for one in self.payouts.values()):
            return self.error(400, "", "Transfer with this reference already exists")
        key = str(secrets.randbelow(10**7))
        self.payouts[key] = {
            "id": int(key),
            "reference": body["reference"],
            "status": "NEW",
            "amount": body["amount"],
            "currency": body["currency"],
            "complete_message": "",
        }
        return self.fine(self.payouts[key])

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        one = self.deposits[reference]
        if how != "paid":
            one |= {"status": "failed", "processor_response": "Declined"}
        else:
            one |= {"status": "successful", "card": {"type": "VISA", "last_4digits": "4081"}}
        if amount:
            one |= {"amount": float(amount), "currency": currency}
        return [self._hook("charge.completed", one)]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        one = self.payouts[reference]
        one["status"] = "SUCCESSFUL" if how == "done" else "FAILED"
        return [self._hook("transfer.completed", one)]

    def _hook(self, kind: str, data: Any) -> Callback:
        body = json.dumps({"event": kind, "data": data}).encode()
        return Callback(body, [("verif-hash", HASH)])
