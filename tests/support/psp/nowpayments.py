"""NOWPayments v1, from its published Postman reference and its note on IPN signatures."""

import hashlib
import hmac
import json
import secrets
from typing import Any

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider, stamp

KEY, SECRET = "NOW-api-key", "ipn-secret"
COINS = ["btc", "eth", "usdttrc20"]


class Standin(Provider):
    def error(self, status: int, code: str, why: str = "") -> Told:
        return Told(
            status, json={"status": False, "statusCode": status, "code": code, "message": why}
        )

    def handle(self, asked: Asked) -> Told:
        self.must(asked.headers.get("x-api-key") == KEY, 403, "INVALID_API_KEY", "key")
        if asked.method == "GET" and asked.path == "/v1/merchant/coins":
            return Told(json={"selectedCurrencies": [coin.upper() for coin in COINS]})
        if asked.method == "GET" and asked.path.startswith("/v1/payment/"):
            key = asked.path.rpartition("/")[2]
            self.must(key in self.deposits, 404, "PAYMENT_NOT_FOUND", key)
            odd = {"payment_status": self.odd} if self.odd else {}
            return Told(json=self.deposits[key] | odd)
        self.must(
            (asked.method, asked.path) == ("POST", "/v1/payment"), 404, "NOT_FOUND", asked.path
        )
        self.must(asked.headers.get("content-type") == "application/json", 415, "x", "type")
        body = self.fields(
            asked.json(),
            need={"price_amount": (int, float), "price_currency": str, "pay_currency": str},
            may={
                "order_id": str,
                "order_description": str,
                "ipn_callback_url": str,
                "is_fee_paid_by_user": bool,
                "is_fixed_rate": bool,
            },
            code="INVALID_REQUEST_PARAMS",
        )
        self.must(body["pay_currency"] in COINS, 400, "CURRENCY_UNAVAILABLE", body["pay_currency"])
        self.must(body["price_amount"] > 1, 400, "AMOUNT_MINIMAL_ERROR", "too little")
        self.must(body["ipn_callback_url"].startswith("https://"), 400, "x", "ipn_callback_url")
        key = str(5_000_000_000 + secrets.randbelow(10**9))
        self.deposits[key] = body | {
            "payment_id": key,
            "payment_status": "waiting",
            "pay_address": "TNDzfERDpxLDS2w1q6yaFC7pzqaSQ3Bg3r",
            "pay_amount": 101.357,
            "actually_paid": 0,
            "network": "trx",
            "expiration_estimate_date": stamp(),
        }
        return Told(201, json=self.deposits[key])

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        one = self.deposits[reference]
        if how == "expired":
            one["payment_status"] = "expired"
            return [self._ipn(one)]
        one |= {
            "payment_status": "partially_paid" if amount else "finished",
            "actually_paid": float(amount) if amount else one["pay_amount"],
        }
        return [self._ipn(one)]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        return []

    def _ipn(self, one: dict[str, Any]) -> Callback:
        body = one | {
            "payment_id": int(one["payment_id"]),
            "fee": {"currency": "btc", "depositFee": 0},
        }
        body["order_description"] = "Depósito / Q&A \u20ac"
        # As JSON.stringify(params, Object.keys(params).sort()) writes it.
        signed = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        mac = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha512).hexdigest()
        sent = json.dumps(body, ensure_ascii=False).encode()
        return Callback(sent, [("x-nowpayments-sig", mac)])
