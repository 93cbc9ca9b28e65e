"""BTCPay Server Greenfield v1, from its published swagger."""

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider, coin_address

STORE, KEY, SECRET = "9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776", "btcpay-key", "hook-secret"
BASE = f"/api/v1/stores/{STORE}"


class Standin(Provider):
    def error(self, status: int, code: str, why: str = "") -> Told:
        if status == 422:
            return Told(status, json=[{"path": code, "message": why}])
        return Told(status, json={"code": code, "message": why})

    def handle(self, asked: Asked) -> Told:
        token = asked.headers.get("authorization")
        self.must(token == f"token {KEY}", 401, "unauthenticated", "key")
        self.must(asked.path.startswith(BASE), 404, "store-not-found", asked.path)
        parts = asked.path.removeprefix(BASE).strip("/").split("/")
        if asked.method == "POST":
            self.must(asked.headers.get("content-type") == "application/json", 415, "x", "type")
        match asked.method, parts:
            case "GET", [""]:
                return Told(json={"id": STORE, "name": "Northlight"})
            case "POST", ["invoices"]:
                return self._invoice(asked.json())
            case "GET", ["invoices", key]:
                return Told(json=self._there(key) | ({"status": self.odd} if self.odd else {}))
            case "GET", ["invoices", key, "payment-methods"]:
                one = self._there(key)
                came = one.get("came", "0")
                return Told(
                    json=[
                        {
                            "paymentMethodId": "BTC-CHAIN",
                            "currency": "BTC",
                            "paymentMethodPaid": came,
                            "destination": coin_address(key, 0),
                            "payments": list(one.get("payments", {}).values()),
                        },
                        {"paymentMethodId": "BTC-LN", "currency": "BTC", "paymentMethodPaid": "0"},
                    ]
                )
            case "POST", ["invoices", key, "status"]:
                self.must(asked.json() == {"status": "Invalid"}, 422, "status", "status")
                self._there(key)["status"] = "Invalid"
                return Told(json=self._there(key))
            case "POST", ["payouts"]:
                return self._payout(asked.json())
            case "GET", ["payouts"]:
                return Told(json=list(self.payouts.values()))
            case "GET", ["payouts", key]:
                self.must(key in self.payouts, 404, "payout-not-found", key)
                return Told(json=self.payouts[key])
        return self.error(404, "not-found")

    def _there(self, key: str) -> dict[str, Any]:
        self.must(key in self.deposits, 404, "invoice-not-found", key)
        return self.deposits[key]

    def _invoice(self, body: Any) -> Told:
        self.fields(
            body,
            need={"currency": str},
            may={"amount": str, "metadata": dict, "checkout": dict},
            status=422,
        )
        # Without an amount it is a top-up invoice: its currency is settled by what comes.
        self.must(float(body.get("amount", "1")) > 0, 422, "amount", "amount")
        checkout = self.fields(
            body["checkout"],
            need={},
            may={
                "speedPolicy": str,
                "expirationMinutes": int,
                "monitoringMinutes": int,
                "paymentMethods": list,
                "redirectURL": str,
                "redirectAutomatically": bool,
                "defaultLanguage": str,
            },
            status=422,
        )
        speeds = {"HighSpeed", "MediumSpeed", "LowMediumSpeed", "LowSpeed"}
        self.must(checkout["speedPolicy"] in speeds, 422, "checkout.speedPolicy", "speed")
        key = secrets.token_hex(11)
        now = int(time.time())
        self.deposits[key] = body | {
            "id": key,
            "storeId": STORE,
            "checkoutLink": f"https://pay.example/i/{key}",
            "status": "New",
            "additionalStatus": "None",
            "createdTime": now,
            "expirationTime": now + 60 * checkout["expirationMinutes"],
        }
        return Told(json=self.deposits[key])

    def _payout(self, body: Any) -> Told:
        self.fields(
            body,
            need={"destination": str, "amount": str, "payoutMethodId": str},
            may={"approved": bool, "metadata": dict, "pullPaymentId": str},
            status=422,
        )
        self.must(
            body["payoutMethodId"] in {"BTC-CHAIN", "BTC-LN"}, 422, "payoutMethodId", "method"
        )
        if self.declines:
            hard = "amount-too-low"
            return self.error(400, hard if self.declines == "hard" else "no-funds")
        key = secrets.token_hex(8)
        self.payouts[key] = {
            "id": key,
            "destination": body["destination"],
            "payoutAmount": body["amount"],
            "payoutCurrency": "BTC",
            "payoutMethodId": body["payoutMethodId"],
            "state": "AwaitingPayment",
            "metadata": body.get("metadata", {}),
        }
        return Told(json=self.payouts[key])

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        one = self.deposits[reference]
        if how == "expired":
            one["status"] = "Expired"
            return [self._hook("InvoiceExpired", invoiceId=reference, metadata=one["metadata"])]
        if amount:
            one |= {"status": "Expired", "additionalStatus": "PaidPartial", "came": amount}
            told = {"invoiceId": reference, "metadata": one["metadata"], "partiallyPaid": True}
            return [self._hook("InvoiceExpired", **told)]
        one |= {"status": "Settled", "came": "0.0015"}
        told = {"invoiceId": reference, "metadata": one["metadata"]}
        return [
            self._hook("InvoiceProcessing", **told),
            self._hook("InvoiceSettled", **told, manuallyMarked=False, overPaid=False),
        ]

    def send(self, reference: str, amount: str, how: str, transfer: str) -> list[Callback]:
        one = self.deposits[reference]
        self.must("amount" not in one, 422, "amount", "not a top-up invoice")
        key = f"{hashlib.sha256(transfer.encode()).hexdigest()}-0"
        state = {"seen": "Processing", "there": "Settled", "gone": "Invalid"}[how]
        held = {"id": key, "receivedDate": int(time.time()), "value": amount, "fee": "0"}
        one.setdefault("payments", {})[key] = held | {"status": state, "destination": "x"}
        kind = "InvoicePaymentSettled" if how == "there" else "InvoiceReceivedPayment"
        return [self._hook(kind, invoiceId=reference, metadata=one["metadata"], payment=held)]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        one = self.payouts[reference]
        one["state"] = "Completed" if how == "done" else "Cancelled"
        return [self._hook("PayoutUpdated", payoutId=reference, payoutState=one["state"])]

    def _hook(self, kind: str, **more: Any) -> Callback:
        key = secrets.token_hex(8)
        body = json.dumps(
            {
                "deliveryId": key,
                "webhookId": "W1",
                "originalDeliveryId": key,
                "isRedelivery": False,
                "type": kind,
                "timestamp": int(time.time()),
                "storeId": STORE,
                **more,
            }
        ).encode()
        mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return Callback(body, [("BTCPay-Sig", f"sha256={mac}")])
