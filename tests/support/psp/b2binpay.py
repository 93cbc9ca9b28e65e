"""B2BINPAY: JSON:API tokens, deposits, payouts and transfers, from its published guide."""

import hashlib
import hmac
import json
import secrets
from typing import Any

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider, coin_address, stamp

LOGIN, PASSWORD, TOKEN, WALLET, COIN = "api-login", "api-password", "jwt", "318", "1000"
MEDIA = "application/vnd.api+json"
PAGE = 2  # of transfers; the real one has more on a page


class Standin(Provider):
    same_address = ""
    holds = "0.00000000"

    def error(self, status: int, code: str, why: str = "") -> Told:
        one = {"code": code, "status": str(status), "title": code, "detail": why}
        return Told(status, json={"errors": [one]})

    def handle(self, asked: Asked) -> Told:
        kind = asked.headers.get("content-type")
        self.must(kind == MEDIA, 415, "unsupported_media_type", str(kind))
        if (asked.method, asked.path) == ("POST", "/token/"):
            told = asked.json()["data"]
            due = {"login": LOGIN, "password": PASSWORD}
            self.must(told["type"] == "auth-token", 409, "type", "type")
            self.must(told["attributes"] == due, 401, "authentication_failed", "login")
            held = {"access": TOKEN, "refresh": "r", "is_2fa_confirmed": True}
            return Told(json={"data": {"type": "auth-token", "id": "0", "attributes": held}})
        token = asked.headers.get("authorization")
        self.must(token == f"Bearer {TOKEN}", 401, "not_authenticated", "token")
        parts = asked.path.strip("/").split("/")
        match asked.method, parts:
            case "POST", ["deposit" | "payout" as what]:
                key = asked.headers.get("idempotency-key", "")
                self.must(key, 400, "idempotency", "idempotency-key")
                make = self._deposit if what == "deposit" else self._payout
                return self.once(key, asked, lambda: make(asked.json()))
            case "GET", ["deposit", key]:
                self.must(key in self.deposits, 404, "not_found", key)
                one = self.deposits[key]
                if self.odd:
                    odd = one["attributes"] | {"status": int(self.odd)}
                    one = one | {"attributes": odd}
                return Told(json={"data": one})
            case "GET", ["wallet"]:
                held = {"balance_confirmed": self.holds, "balance_total": self.holds}
                return Told(json={"data": [{"id": WALLET, "attributes": held}]})
            case "GET", ["payout"]:
                wanted = asked.query.get("filter[tracking_id]")
                found = [
                    one
                    for one in self.payouts.values()
                    if one["attributes"]["tracking_id"] == wanted
                ]
                return Told(json={"data": found})
            case "GET", ["transfer"]:
                return self._transfers(asked)
        return self.error(404, "not_found")

    def _transfers(self, asked: Asked) -> Told:
        kind, key = asked.query.get("filter[op_type]"), asked.query.get("filter[op_id]", "")
        self.must(kind in {"1", "2"}, 400, "filter", "op_type")
        if kind == "2":
            one = self.payouts.get(key)
            return Told(json={"data": [one["transfer"]] if one and "transfer" in one else []})
        self.must(key in self.deposits, 404, "not_found", key)
        found = list(self.deposits[key].get("transfers", {}).values())
        page = int(asked.query.get("page[number]", "1"))
        self.must(page >= 1, 400, "page", str(page))
        part = found[(page - 1) * PAGE : page * PAGE]
        pages = max(1, -(-len(found) // PAGE))
        counted = {"pagination": {"page": page, "pages": pages, "count": len(found)}}
        return Told(json={"data": part, "meta": counted})

    def _read(self, body: Any, kind: str, need: dict[str, Any], may: dict[str, Any]) -> Any:
        one = self.fields(
            self.fields(body, need={"data": dict})["data"],
            need={"type": str, "attributes": dict, "relationships": dict},
        )
        self.must(one["type"] == kind, 409, "type", one["type"])
        self.fields(one["attributes"], need=need, may=may)
        wallet = one["relationships"]["wallet"]["data"]
        self.must(wallet == {"type": "wallet", "id": WALLET}, 400, "wallet", str(wallet))
        return one

    def _deposit(self, body: Any) -> Told:
        one = self._read(
            body,
            "deposit",
            {},
            {
                "label": str,
                "tracking_id": str,
                "target_amount_requested": str,
                "callback_url": str,
                "confirmations_needed": int,
            },
        )
        key = str(secrets.randbelow(10**6))
        one["attributes"] |= {
            "status": 2,
            "address": self.same_address or coin_address(key, 0),
            "payment_page": f"https://pay.b2binpay.com/#/d/{key}",
            "target_paid": "0.00000000",
        }
        self.deposits[key] = one | {"id": key}
        return Told(201, json={"data": self.deposits[key]})

    def _payout(self, body: Any) -> Told:
        one = self._read(
            body,
            "payout",
            {"amount": str, "address": str},
            {
                "label": str,
                "tracking_id": str,
                "is_fee_included": bool,
                "callback_url": str,
                "tag": str,
                "fee_amount": str,
            },
        )
        coin = one["relationships"]["currency"]["data"]
        self.must(coin == {"type": "currency", "id": COIN}, 400, "currency", str(coin))
        if self.declines:
            hard = "invalid_address"
            return self.error(400, hard if self.declines == "hard" else "insufficient_funds")
        key = str(secrets.randbelow(10**6))
        self.payouts[key] = one | {"id": key}
        return Told(201, json={"data": self.payouts[key]})

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        one = self.deposits[reference]
        told = one["attributes"]
        if how == "expired":
            told["status"] = 4
            return []
        told["target_paid"] = amount or told["target_amount_requested"]
        told["status"] = 5 if amount else 3
        return [self._hook(one, {"status": 2, "amount": told["target_paid"], "op_type": 1})]

    def send(self, reference: str, amount: str, how: str, transfer: str) -> list[Callback]:
        one = self.deposits[reference]
        told = {
            "op_id": int(reference),
            "op_type": 1,
            "status": {"seen": 1, "there": 2, "gone": -1}[how],
            "amount": amount,
            "confirmations": {"seen": 1, "there": 3, "gone": 0}[how],
            "txid": hashlib.sha256(transfer.encode()).hexdigest(),
        }
        key = f"7{reference}{transfer}"
        held = one.setdefault("transfers", {})
        held[key] = {"type": "transfer", "id": key, "attributes": told}
        return [self._hook(one, told, key)]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        one = self.payouts[reference]
        attributes = {
            "op_id": int(reference),
            "op_type": 2,
            "status": 2 if how == "done" else -1,
            "amount": one["attributes"]["amount"],
        }
        one["transfer"] = {"type": "transfer", "id": f"9{reference}", "attributes": attributes}
        return [self._hook(one, attributes)]

    def _hook(self, one: dict[str, Any], transfer: dict[str, Any], number: str = "") -> Callback:
        at, ours = stamp(), one["attributes"]["tracking_id"]
        key = hashlib.sha256(f"{LOGIN}{PASSWORD}".encode()).digest()
        message = f"{transfer['status']}{transfer['amount']}{ours}{at}".encode()
        mac = hmac.new(key, message, hashlib.sha256).hexdigest()
        included = {
            "type": "transfer",
            "id": number or f"7{one['id']}",
            "attributes": {"confirmations": 3, "risk": 10} | transfer,
        }
        body = {
            "data": {"type": one["type"], "id": one["id"], "attributes": one["attributes"]},
            "included": [
                {"type": "currency", "id": COIN, "attributes": {"alpha": "BTC"}},
                included,
            ],
            "meta": {"time": at, "sign": mac},
        }
        return Callback(json.dumps(body).encode(), [("Content-Type", MEDIA)])
