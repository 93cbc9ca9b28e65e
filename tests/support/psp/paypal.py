"""PayPal Orders v2, Payments v2, Payouts v1 and webhooks, from their published references."""

import base64
import json
import secrets
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider, stamp

CLIENT, SECRET, HOOK_ID = "client-id", "client-secret", "1JE4291016473214C"
TOKEN = "A21AAF-token"
CARRIED = (
    "AUD BRL CAD CNY CZK DKK EUR HKD HUF ILS JPY MYR MXN TWD NZD NOK PHP PLN GBP SGD SEK CHF THB USD"
).split()
WHOLE = {"HUF", "JPY", "TWD"}


class Standin(Provider):
    def __init__(self) -> None:
        super().__init__()
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "messageverificationcerts")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(self.key, hashes.SHA256())
        )
        self.certificate = made.public_bytes(serialization.Encoding.PEM)

    def error(self, status: int, code: str, why: str = "") -> Told:
        return Told(
            status,
            json={
                "name": "UNPROCESSABLE_ENTITY" if status == 422 else code,
                "message": why,
                "debug_id": "90957fca61718",
                "details": [{"issue": code, "description": why}],
            },
        )

    def handle(self, asked: Asked) -> Told:
        if asked.path == "/v1/notifications/certs/CERT-1":
            return Told(raw=self.certificate)
        bearer = asked.headers.get("authorization", "")
        if asked.path == "/v1/oauth2/token":
            due = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            self.must(bearer == f"Basic {due}", 401, "invalid_client", "client")
            self.must(asked.form == {"grant_type": "client_credentials"}, 400, "grant", "grant")
            return Told(json={"access_token": TOKEN, "token_type": "Bearer", "expires_in": 32400})
        self.must(bearer == f"Bearer {TOKEN}", 401, "INVALID_TOKEN", "token")
        parts = asked.path.strip("/").split("/")
        if asked.method == "GET":
            return self._get(parts)
        self.must(
            asked.headers.get("content-type") == "application/json", 415, "UNSUPPORTED", "type"
        )
        key = asked.headers.get("paypal-request-id", "")
        self.must(0 < len(key) <= 108, 400, "MISSING_REQUEST_ID", "PayPal-Request-Id")
        if asked.path == "/v1/payments/payouts":
            return self._payout(asked.json())
        return self.once(key, asked, lambda: self._change(parts, asked.json()))

    def _change(self, parts: list[str], body: Any) -> Told:
        match parts:
            case ["v2", "checkout", "orders"]:
                return self._order(body)
            case ["v2", "checkout", "orders", reference, "capture"]:
                return self._capture(reference)
            case ["v2", "payments", "captures", capture, "refund"]:
                return self._refund(capture, body)
        return self.error(404, "RESOURCE_NOT_FOUND")

    def _money(self, told: Any) -> None:
        self.fields(
            told, need={"currency_code": str, "value": str}, code="INVALID_PARAMETER_SYNTAX"
        )
        code, value = told["currency_code"], told["value"]
        self.must(code in CARRIED, 422, "CURRENCY_NOT_SUPPORTED", code)
        digits = len(value.partition(".")[2])
        fine = digits == 0 if code in WHOLE else digits <= 2
        self.must(fine and float(value) > 0, 422, "DECIMAL_PRECISION", value)

    def _order(self, body: Any) -> Told:
        self.fields(
            body, need={"intent": str, "purchase_units": list}, may={"payment_source": dict}
        )
        self.must(
            body["intent"] == "CAPTURE" and len(body["purchase_units"]) == 1, 400, "x", "unit"
        )
        unit = self.fields(
            body["purchase_units"][0],
            need={"amount": dict},
            may=dict.fromkeys(("reference_id", "custom_id", "invoice_id", "description"), str),
        )
        self._money(unit["amount"])
        self.must(len(unit.get("custom_id", "")) <= 255, 400, "x", "custom_id")
        wallet = self.fields(
            body["payment_source"]["paypal"],
            need={"experience_context": dict},
            may={"email_address": str},
        )
        context = wallet["experience_context"]
        for name in ("return_url", "cancel_url"):
            self.address(context.get(name), 400, "x", name)
        self.must(context.get("user_action") in {"PAY_NOW", "CONTINUE"}, 400, "x", "user_action")
        reference = secrets.token_hex(8).upper()
        order = {
            "id": reference,
            "status": "PAYER_ACTION_REQUIRED",
            "intent": "CAPTURE",
            "purchase_units": [unit],
            "links": [
                {"rel": "self", "href": f"{self.base}/v2/checkout/orders/{reference}"},
                {
                    "rel": "payer-action",
                    "href": f"https://www.paypal.com/checkoutnow?token={reference}",
                },
            ],
        }
        self.deposits[reference] = order
        return Told(200, json=order)

    def _capture(self, reference: str) -> Told:
        order = self.deposits.get(reference)
        self.must(order, 404, "INVALID_RESOURCE_ID", reference)
        assert order is not None
        self.must(order["status"] == "APPROVED", 422, "ORDER_NOT_APPROVED", order["status"])
        if self.declines == "hard":
            return self.error(422, "INSTRUMENT_DECLINED", "declined")
        unit = order["purchase_units"][0]
        capture = {
            "id": secrets.token_hex(8).upper(),
            "status": "COMPLETED",
            "amount": order.pop("short", unit["amount"]),
            "custom_id": unit["custom_id"],
            "supplementary_data": {"related_ids": {"order_id": reference}},
        }
        unit["payments"] = {"captures": [capture]}
        order["status"] = "COMPLETED"
        return Told(201, json=order)

    def _refund(self, capture: str, body: Any) -> Told:
        self.fields(
            body, need={"amount": dict}, may=dict.fromkeys(("custom_id", "invoice_id"), str)
        )
        self._money(body["amount"])
        captures = [
            one
            for order in self.deposits.values()
            for one in order["purchase_units"][0].get("payments", {}).get("captures", [])
        ]
        found = next((one for one in captures if one["id"] == capture), None)
        self.must(found, 404, "INVALID_RESOURCE_ID", capture)
        assert found is not None
        much = float(body["amount"]["value"]) <= float(found["amount"]["value"])
        self.must(much, 422, "REFUND_AMOUNT_EXCEEDED", "too much")
        key = secrets.token_hex(8).upper()
        self.refunds[key] = body | {"id": key, "status": "PENDING"}
        return Told(201, json=self.refunds[key])

    def _payout(self, body: Any) -> Told:
        self.fields(body, need={"sender_batch_header": dict, "items": list})
        head = self.fields(
            body["sender_batch_header"], need={"sender_batch_id": str}, may={"email_subject": str}
        )
        self.must(len(head.get("email_subject", "")) <= 255, 400, "VALIDATION_ERROR", "subject")
        item = self.fields(
            body["items"][0],
            need={"recipient_type": str, "amount": dict, "receiver": str},
            may={"note": str, "sender_item_id": str},
        )
        self.fields(item["amount"], need={"value": str, "currency": str})
        if self.declines:
            hard = "RECEIVER_UNREGISTERED"
            return self.error(422, hard if self.declines == "hard" else "INSUFFICIENT_FUNDS")
        for batch, made in self.payouts.items():
            if made["sender_batch_header"]["sender_batch_id"] == head["sender_batch_id"]:
                link = f"{self.base}/v1/payments/payouts/{batch}"
                told = {
                    "name": "USER_BUSINESS_ERROR",
                    "message": "Duplicate batch",
                    "links": [{"href": link, "rel": "self"}],
                }
                return Told(400, json=told)
        key = secrets.token_hex(7).upper()
        self.payouts[key] = body | {"status": "PENDING"}
        header = {"payout_batch_id": key, "batch_status": "PENDING", "sender_batch_header": head}
        return Told(201, json={"batch_header": header})

    def _get(self, parts: list[str]) -> Told:
        match parts:
            case ["v2", "checkout", "orders", reference]:
                order = self.deposits.get(reference)
                self.must(order, 404, "INVALID_RESOURCE_ID", reference)
                assert order is not None
                return Told(json=order | ({"status": self.odd} if self.odd else {}))
            case ["v2", "payments", "refunds", reference]:
                self.must(reference in self.refunds, 404, "INVALID_RESOURCE_ID", reference)
                return Told(json=self.refunds[reference])
            case ["v1", "payments", "payouts", batch]:
                self.must(batch in self.payouts, 404, "INVALID_RESOURCE_ID", batch)
                return Told(json=self._batch(batch))
            case ["v1", "notifications", "webhooks", hook]:
                self.must(hook == HOOK_ID, 404, "INVALID_RESOURCE_ID", hook)
                return Told(json={"id": hook, "url": "https://broker.example/hooks"})
        return self.error(404, "RESOURCE_NOT_FOUND")

    def _batch(self, batch: str) -> dict[str, Any]:
        made = self.payouts[batch]
        head = {"payout_batch_id": batch, "batch_status": "PROCESSING"}
        return {"batch_header": head, "items": [self._item(batch, made)]}

    def _item(self, batch: str, made: dict[str, Any]) -> dict[str, Any]:
        return {
            "payout_item_id": f"I{batch}",
            "payout_batch_id": batch,
            "transaction_status": made["status"],
            "payout_item": made["items"][0],
        }

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        order = self.deposits[reference]
        if how == "expired":
            order["status"] = "VOIDED"
            return []
        order["status"] = "APPROVED"
        if amount:
            order["short"] = {"value": amount, "currency_code": currency}
        approved = self._hook("CHECKOUT.ORDER.APPROVED", order)
        if how != "paid":
            self.declines = "hard"
            return [approved]
        return [approved]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        if kind == "refund":
            made = self.refunds[reference]
            made["status"] = "COMPLETED" if how == "done" else "FAILED"
            return [self._hook("PAYMENT.CAPTURE.REFUNDED", made)]
        made = self.payouts[reference]
        made["status"] = "SUCCESS" if how == "done" else "FAILED"
        word = "SUCCEEDED" if how == "done" else "FAILED"
        return [self._hook(f"PAYMENT.PAYOUTS-ITEM.{word}", self._item(reference, made))]

    def _hook(self, kind: str, thing: dict[str, Any]) -> Callback:
        body = json.dumps(
            {
                "id": f"WH-{uuid4()}",
                "create_time": stamp(),
                "event_type": kind,
                "resource": thing,
            }
        ).encode()
        sent, at = str(uuid4()), stamp()
        message = f"{sent}|{at}|{HOOK_ID}|{zlib.crc32(body)}".encode()
        proof = self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return Callback(
            body,
            [
                ("PAYPAL-TRANSMISSION-ID", sent),
                ("PAYPAL-TRANSMISSION-TIME", at),
                ("PAYPAL-AUTH-ALGO", "SHA256withRSA"),
                ("PAYPAL-CERT-URL", f"{self.base}/v1/notifications/certs/CERT-1"),
                ("PAYPAL-TRANSMISSION-SIG", base64.b64encode(proof).decode()),
            ],
        )
