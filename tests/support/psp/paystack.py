"""Paystack's transactions, refunds, recipients and transfers, from its API reference."""

import hashlib
import hmac
import json
import re
import secrets
from typing import Any

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider

KEY = "sk_test_paystack"


class Standin(Provider):
    recipients: dict[str, Any]

    def __init__(self) -> None:
        super().__init__()
        self.recipients = {}

    def error(self, status: int, code: str, why: str = "") -> Told:
        kind = "api_error" if status >= 500 else "validation_error"
        return Told(
            status, json={"status": False, "message": why or code, "type": kind, "code": code}
        )

    def fine(self, data: Any, message: str = "ok") -> Told:
        return Told(json={"status": True, "message": message, "data": data})

    def handle(self, asked: Asked) -> Told:  # noqa: C901 - one line for each route
        self.must(asked.headers.get("authorization") == f"Bearer {KEY}", 401, "invalid_Key", "key")
        parts = asked.path.strip("/").split("/")
        if asked.method == "POST":
            self.must(asked.headers.get("content-type") == "application/json", 415, "x", "type")
        match asked.method, parts:
            case "GET", ["balance"]:
                return self.fine([{"currency": "NGN", "balance": 100}])
            case "POST", ["transaction", "initialize"]:
                return self._initialize(asked.json())
            case "GET", ["transaction", "verify", key]:
                self.must(key in self.deposits, 400, "transaction_not_found", key)
                odd = {"status": self.odd} if self.odd else {}
                return self.fine(self.deposits[key] | odd)
            case "POST", ["refund"]:
                return self._refund(asked.json())
            case "GET", ["refund"]:
                wanted = asked.query.get("transaction")
                found = [one for one in self.refunds.values() if one["transaction_ref"] == wanted]
                return self.fine(found)
            case "GET", ["refund", key]:
                self.must(key in self.refunds, 404, "not_found", key)
                return self.fine(self.refunds[key])
            case "POST", ["transferrecipient"]:
                return self._recipient(asked.json())
            case "POST", ["transfer"]:
                return self._transfer(asked.json())
            case "GET", ["transfer", "verify", key]:
                found = [one for one in self.payouts.values() if one["reference"] == key]
                self.must(found, 404, "transfer_not_found", key)
                return self.fine(found[0])
        return self.error(404, "unknown_route")

    def _initialize(self, body: Any) -> Told:
        self.fields(
            body,
            need={"email": str, "amount": int},
            may={
                "currency": str,
                "reference": str,
                "callback_url": str,
                "channels": list,
                "metadata": dict,
            },
            code="invalid_params",
        )
        key = body["reference"]
        self.must(re.fullmatch(r"[A-Za-z0-9.=-]+", key), 400, "invalid_reference", key)
        self.must(body["currency"] in {"NGN", "GHS", "ZAR", "KES", "USD", "XOF"}, 400, "x", "cur")
        if key in self.deposits:
            return self.error(400, "duplicate_reference", "Duplicate Transaction Reference")
        self.deposits[key] = {
            "id": secrets.randbelow(10**10),
            "status": "abandoned",
            "reference": key,
            "amount": body["amount"],
            "currency": body["currency"],
            "metadata": body["metadata"],
            "gateway_response": "",
            "authorization": {},
        }
        url = f"https://checkout.paystack.com/{secrets.token_hex(6)}"
        return self.fine({"authorization_url": url, "access_code": "x", "reference": key})

    def _refund(self, body: Any) -> Told:
        self.fields(
            body,
            need={"transaction": str},
            may={"amount": int, "currency": str, "merchant_note": str, "customer_note": str},
        )
        paid = self.deposits.get(body["transaction"])
        self.must(paid and paid["status"] == "success", 400, "transaction_not_found", "not paid")
        assert paid is not None
        self.must(body["amount"] <= paid["amount"], 400, "refund_too_large", "amount")
        key = str(secrets.randbelow(10**9))
        self.refunds[key] = {
            "id": int(key),
            "status": "pending",
            "amount": body["amount"],
            "currency": paid["currency"],
            "merchant_note": body["merchant_note"],
            "transaction_ref": body["transaction"],
        }
        return self.fine(self.refunds[key])

    def _recipient(self, body: Any) -> Told:
        self.fields(
            body,
            need={"type": str, "name": str, "account_number": str, "bank_code": str},
            may={"currency": str},
        )
        kinds = {"nuban", "ghipss", "mobile_money", "basa", "kepss"}
        self.must(body["type"] in kinds, 400, "invalid_params", "type")
        self.must(body["account_number"].lstrip("+").isdigit(), 400, "invalid_params", "account")
        key = f"RCP_{secrets.token_hex(6)}"
        self.recipients[key] = body
        return self.fine({"recipient_code": key})

    def _transfer(self, body: Any) -> Told:
        self.fields(
            body,
            need={"source": str, "amount": int, "recipient": str},
            may={"reason": str, "reference": str, "currency": str},
        )
        self.must(body["source"] == "balance", 400, "invalid_params", "source")
        self.must(body["recipient"] in self.recipients, 400, "recipient_not_found", "recipient")
        key = body["reference"]
        self.must(re.fullmatch(r"[a-z0-9_-]{16,50}", key), 400, "invalid_reference", key)
        if self.declines:
            hard = "transfer_not_allowed"
            return self.error(400, hard if self.declines == "hard" else "insufficient_balance")
        if any(one["reference"] == key for one in self.payouts.values()):
            return self.error(400, "duplicate_reference", "Transfer with reference exists")
        code = f"TRF_{secrets.token_hex(6)}"
        self.payouts[code] = {
            "id": secrets.randbelow(10**9),
            "transfer_code": code,
            "reference": key,
            "status": "pending",
            "amount": body["amount"],
            "currency": body["currency"],
        }
        return self.fine(self.payouts[code])

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        one = self.deposits[reference]
        if how != "paid":
            one |= {"status": "failed", "gateway_response": "Declined"}
            return []
        card = {
            "authorization_code": "AUTH_1",
            "last4": "4081",
            "brand": "visa",
            "country_code": "NG",
        }
        one |= {"status": "success", "authorization": card, "channel": "card"}
        if amount:
            one |= {"amount": int(amount), "currency": currency}
        return [self._hook("charge.success", one)]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        if kind == "refund":
            one = self.refunds[reference]
            one["status"] = "processed" if how == "done" else "failed"
            return [self._hook(f"refund.{one['status']}", one)]
        one = self.payouts[reference]
        one["status"] = "success" if how == "done" else "failed"
        return [self._hook(f"transfer.{one['status']}", one)]

    def _hook(self, kind: str, data: Any) -> Callback:
        body = json.dumps({"event": kind, "data": data}).encode()
        mac = hmac.new(KEY.encode(), body, hashlib.sha512).hexdigest()
        return Callback(body, [("x-paystack-signature", mac)])
