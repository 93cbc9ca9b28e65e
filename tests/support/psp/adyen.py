"""Adyen Checkout v71 and Payout v68, from their OpenAPI and "Verify HMAC signatures"."""

import hashlib
import hmac
import json
import secrets
from base64 import b64encode
from typing import Any

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider, stamp

ACCOUNT = "TestMerchant"
KEY, PAYOUT_KEY = "AQE-checkout-key", "AQE-payout-key"
HMAC = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
NO_DECIMALS = {"JPY", "KRW", "IDR", "VND"}
THREE_DECIMALS = {"KWD", "BHD", "JOD", "OMR", "TND"}


class Standin(Provider):
    def error(self, status: int, code: str, why: str = "") -> Told:
        kind = "security" if status in {401, 403} else "validation"
        return Told(
            status, json={"status": status, "errorCode": code, "message": why, "errorType": kind}
        )

    def handle(self, asked: Asked) -> Told:
        payout = asked.path == "/payout"
        due = PAYOUT_KEY if payout else KEY
        self.must(asked.headers.get("x-api-key") == due, 401, "000", "wrong API key")
        if asked.method == "GET":
            return self._link(asked.path)
        self.must(
            asked.headers.get("content-type", "").startswith("application/json"),
            415,
            "703",
            "not JSON",
        )
        body = asked.json()
        self.must(body.get("merchantAccount", ACCOUNT) == ACCOUNT, 403, "901", "merchant account")
        if asked.method == "PATCH":
            return self._expire(asked, body)
        if asked.path == "/paymentMethods":
            return Told(json={"paymentMethods": [{"type": "scheme", "name": "Cards"}]})
        key = asked.headers.get("idempotency-key", "")
        self.must(0 < len(key) <= 64, 400, "702", "an idempotency key was expected")
        if asked.path == "/paymentLinks":
            return self.once(key, asked, lambda: self._new_link(body))
        if payout:
            return self.once(key, asked, lambda: self._payout(body))
        return self.once(key, asked, lambda: self._refund(asked.path, body))

    def _amount(self, told: Any) -> dict[str, Any]:
        amount = self.fields(told, need={"currency": str, "value": int}, status=422, code="137")
        self.must(len(amount["currency"]) == 3, 422, "138", "currency")
        self.must(amount["value"] > 0, 422, "137", "amount")
        return amount

    def _new_link(self, body: dict[str, Any]) -> Told:
        self.fields(
            body,
            need={"merchantAccount": str, "amount": dict, "reference": str},
            may={
                "returnUrl": str,
                "description": str,
                "expiresAt": str,
                "countryCode": str,
                "shopperEmail": str,
                "shopperReference": str,
                "shopperLocale": str,
                "allowedPaymentMethods": list,
                "storePaymentMethodMode": str,
                "recurringProcessingModel": str,
            },
            status=422,
            code="14_030",
        )
        self._amount(body["amount"])
        self.must(len(body["reference"]) <= 80, 422, "130", "reference")
        self.must(len(body.get("countryCode", "IE")) == 2, 422, "158", "countryCode")
        self.must(len(body.get("shopperReference", "abc")) >= 3, 422, "shopper", "shopperReference")
        reference = f"PL{secrets.token_hex(8).upper()}"
        link = body | {
            "id": reference,
            "status": "active",
            "url": f"https://test.adyen.link/{reference}",
        }
        self.deposits[reference] = link
        return Told(201, json=link)

    def _link(self, path: str) -> Told:
        link = self.deposits.get(path.removeprefix("/paymentLinks/"))
        self.must(link, 404, "904", "no such link")
        assert link is not None
        return Told(json=link | ({"status": self.odd} if self.odd else {}))

    def _expire(self, asked: Asked, body: Any) -> Told:
        self.must(body == {"status": "expired"}, 422, "14_030", "only expired")
        link = self.deposits.get(asked.path.removeprefix("/paymentLinks/"))
        self.must(link, 404, "904", "no such link")
        assert link is not None
        self.must(link["status"] == "active", 422, "14_030", "not active")
        link["status"] = "expired"
        return Told(json=link)

    def _refund(self, path: str, body: dict[str, Any]) -> Told:
        parts = path.strip("/").split("/")
        self.must(
            len(parts) == 3 and parts[0] == "payments" and parts[2] == "refunds", 404, "", path
        )
        self.fields(body, need={"merchantAccount": str, "amount": dict, "reference": str})
        amount = self._amount(body["amount"])
        paid = next((one for one in self.deposits.values() if one.get("psp") == parts[1]), None)
        self.must(paid, 422, "167", "Original pspReference required for this operation")
        assert paid is not None
        self.must(amount["value"] <= paid["amount"]["value"], 422, "137", "more than was paid")
        key = secrets.token_hex(8).upper()
        self.refunds[key] = body | {"of": parts[1]}
        return Told(
            201,
            json={
                **body,
                "paymentPspReference": parts[1],
                "pspReference": key,
                "status": "received",
            },
        )

    def _payout(self, body: dict[str, Any]) -> Told:
        self.fields(
            body,
            need={
                "merchantAccount": str,
                "amount": dict,
                "reference": str,
                "shopperReference": str,
                "selectedRecurringDetailReference": str,
                "shopperName": dict,
            },
            may={"recurring": dict, "shopperStatement": str},
            status=422,
        )
        self._amount(body["amount"])
        if self.declines:
            reason = {"hard": "Refused", "technical": "Issuer Unavailable"}[self.declines]
            return Told(
                json={
                    "pspReference": secrets.token_hex(8),
                    "resultCode": "Refused",
                    "refusalReason": reason,
                }
            )
        key = secrets.token_hex(8).upper()
        self.payouts[key] = body
        return Told(json={"pspReference": key, "resultCode": "Received"})

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        link = self.deposits[reference]
        if how == "expired":
            link["status"] = "expired"
            return []
        psp = secrets.token_hex(8).upper()
        good = how == "paid"
        value = link["amount"] if not amount else {"value": int(amount), "currency": currency}
        if good:
            link |= {"status": "completed", "psp": psp, "amount": value}
        item = {
            "eventCode": "AUTHORISATION",
            "success": "true" if good else "false",
            "reason": {"declined-hard": "Refused", "declined-technical": "Issuer Unavailable"}.get(
                how, ""
            ),
            "pspReference": psp,
            "merchantReference": link["reference"],
            "amount": value,
            "paymentMethod": "visa",
        }
        return [self._hook(item, paymentLinkId=reference)]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        done = "true" if how == "done" else "false"
        if kind == "refund":
            made = self.refunds[reference]
            item = {"eventCode": "REFUND", "originalReference": made["of"]}
        else:
            made = self.payouts[reference]
            item = {"eventCode": "PAYOUT_THIRDPARTY"}
        return [
            self._hook(
                item
                | {
                    "success": done,
                    "pspReference": reference,
                    "reason": "",
                    "merchantReference": made["reference"],
                    "amount": made["amount"],
                }
            )
        ]

    def _hook(self, item: dict[str, Any], key: str = HMAC, **more: str) -> Callback:
        item = {"eventDate": stamp(), "merchantAccountCode": ACCOUNT} | item
        item["additionalData"] = {"hmacSignature": sign(item, key), **more}
        body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
        return Callback(json.dumps(body).encode(), [("Content-Type", "application/json")])


def sign(item: dict[str, Any], key: str) -> str:
    amount = item["amount"]
    text = ":".join(
        str(part)
        for part in (
            item.get("pspReference", ""),
            item.get("originalReference", ""),
            item.get("merchantAccountCode", ""),
            item.get("merchantReference", ""),
            amount.get("value", ""),
            amount.get("currency", ""),
            item.get("eventCode", ""),
            item.get("success", ""),
        )
    )
    digest = hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).digest()
    return b64encode(digest).decode()
