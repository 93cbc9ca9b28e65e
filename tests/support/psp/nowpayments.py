"""NOWPayments v1, from its published Postman reference and its note on IPN signatures."""

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from pyotp.totp import TOTP

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider, coin_address, stamp

KEY, SECRET = "NOW-api-key", "ipn-secret"
COINS = ["btc", "eth", "usdttrc20"]
EMAIL, PASSWORD, TOTP_SECRET, TOKEN = (
    "pay@northlight.example",
    "pw",
    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "jwt-now",
)
PAGE = 100


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
        if asked.method == "GET" and asked.path.startswith("/v1/payout"):
            return self._told(asked)
        self.must(asked.method == "POST", 404, "NOT_FOUND", asked.path)
        self.must(asked.headers.get("content-type") == "application/json", 415, "x", "type")
        if asked.path == "/v1/auth":
            due = {"email": EMAIL, "password": PASSWORD}
            self.must(asked.json() == due, 403, "AUTH_REQUIRED", "login")
            return Told(json={"token": TOKEN})
        if asked.path.startswith("/v1/payout"):
            return self._payout(asked)
        self.must(asked.path == "/v1/payment", 404, "NOT_FOUND", asked.path)
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
        self.address(body["ipn_callback_url"], 400, "x", "ipn_callback_url")
        key = str(5_000_000_000 + secrets.randbelow(10**9))
        self.deposits[key] = body | {
            "payment_id": key,
            "payment_status": "waiting",
            "pay_address": coin_address(key, 65),
            "payin_extra_id": None,
            "parent_payment_id": None,
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

    def send(self, reference: str, amount: str, how: str, transfer: str) -> list[Callback]:
        """The first payment is the address's own; each later one is a payment with a parent."""
        first = self.deposits[reference]
        names = first.setdefault("transfers", {})
        if not names:
            names[transfer] = reference
        key = names.setdefault(transfer, str(6_000_000_000 + secrets.randbelow(10**9)))
        one = self.deposits.setdefault(
            key, {k: v for k, v in first.items() if k != "transfers"} | {"payment_id": key}
        )
        state = {"seen": "confirming", "there": "finished", "gone": "failed"}[how]
        one |= {"payment_status": state, "actually_paid": float(amount)}
        if key != reference:
            one["parent_payment_id"] = reference
        return [self._ipn({k: v for k, v in one.items() if k != "transfers"})]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        one = self.payouts[reference]
        if how == "done":
            self.must(one["verified"], 400, "NOT_VERIFIED", "nobody gave the code")
        one["status"] = "FINISHED" if how == "done" else "REJECTED"
        body = {k: v for k, v in one.items() if k not in {"verified", "unique_external_id"}}
        signed = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        mac = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha512).hexdigest()
        return [Callback(json.dumps(body).encode(), [("x-nowpayments-sig", mac)])]

    def _payout(self, asked: Asked) -> Told:
        token = asked.headers.get("authorization")
        self.must(token == f"Bearer {TOKEN}", 401, "AUTH_REQUIRED", "token")
        parts = asked.path.strip("/").split("/")[2:]
        if len(parts) == 2 and parts[1] == "verify":
            body = self.fields(asked.json(), need={"verification_code": str})
            fine = TOTP(TOTP_SECRET).verify(body["verification_code"], valid_window=1)
            self.must(fine, 400, "INVALID_VERIFICATION_CODE", "code")
            mine = [one for one in self.payouts.values() if one["batch_withdrawal_id"] == parts[0]]
            self.must(mine, 404, "NOT_FOUND", parts[0])
            for one in mine:
                one["verified"] = True
                one["status"] = "PROCESSING" if one["status"] == "CREATING" else one["status"]
            return Told(raw=b"OK")
        self.must(not parts, 404, "NOT_FOUND", asked.path)
        body = self.fields(asked.json(), need={"withdrawals": list}, may={"ipn_callback_url": str})
        self.must(len(body["withdrawals"]) == 1, 400, "INVALID_REQUEST_PARAMS", "one")
        one = self.fields(
            body["withdrawals"][0],
            need={"address": str, "currency": str, "amount": (int, float)},
            may={
                "ipn_callback_url": str,
                "extra_id": str,
                "unique_external_id": str,
                "payout_description": str,
            },
        )
        self.must(one["currency"] in COINS, 400, "CURRENCY_UNAVAILABLE", one["currency"])
        if self.declines:
            hard = "BAD_ADDRESS" if self.declines == "hard" else "NOT_ENOUGH_BALANCE"
            return self.error(400, hard, "declined")
        key, batch = (str(5_000_000_000 + secrets.randbelow(10**9)) for _ in range(2))
        self.payouts[key] = one | {
            "id": key,
            "amount": str(one["amount"]),
            "batch_withdrawal_id": batch,
            "status": "CREATING",
            "error": None,
            "hash": None,
            "created_at": stamp(),
            "verified": False,
        }
        return Told(json={"id": batch, "withdrawals": [self._shown(self.payouts[key])]})

    def _told(self, asked: Asked) -> Told:
        key = asked.path.removeprefix("/v1/payout").strip("/")
        if key:
            self.must(key in self.payouts, 404, "NOT_FOUND", key)
            return Told(json=[self._shown(self.payouts[key])])
        known = {"batch_id", "status", "order_by", "order", "date_from", "date_to", "limit", "page"}
        self.must(set(asked.query) <= known, 400, "INVALID_REQUEST_PARAMS", str(asked.query))
        self.must(asked.query.get("order_by") in {"dateCreated", None}, 400, "x", "order_by")
        time.strptime(asked.query["date_from"], "%Y-%m-%d")
        size, page = int(asked.query.get("limit", PAGE)), int(asked.query.get("page", 0))
        found = [self._shown(one) for one in reversed(self.payouts.values())]
        return Told(json={"payouts": found[page * size : (page + 1) * size]})

    def _shown(self, one: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in one.items() if k != "verified"}

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
