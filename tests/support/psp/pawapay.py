"""pawaPay v2, from its OpenAPI, and its signed callbacks by RFC 9421."""

import base64
import hashlib
import json
import re
import time
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from support.outside import Asked, Told
from support.psp.provider import HOOK, Callback, Provider

TOKEN = "pawapay-token"
# A pair made for these tests alone.
_PRIVATE = ec.derive_private_key(0x5EED5EED5EED5EED5EED5EED5EED5EED, ec.SECP256R1())
PUBLIC = (
    _PRIVATE.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
UUID4 = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AMOUNT = re.compile(r"([1-9][0-9]*|0)(\.[0-9]{1,2})?")


class Standin(Provider):
    def error(self, status: int, code: str, why: str = "") -> Told:
        return Told(status, json={"failureReason": {"failureCode": code, "failureMessage": why}})

    def handle(self, asked: Asked) -> Told:
        token = asked.headers.get("authorization")
        self.must(token == f"Bearer {TOKEN}", 403, "AUTHENTICATION_ERROR", "token")
        parts = asked.path.strip("/").split("/")
        if asked.method == "POST":
            self.must(asked.headers.get("content-type") == "application/json", 415, "x", "type")
        match asked.method, parts:
            case "GET", ["v2", "active-conf"]:
                return Told(json={"companyName": "Northlight", "countries": []})
            case "POST", ["v2", "paymentpage"]:
                return self._page(asked.json())
            case "POST", ["v2", "payouts"]:
                return self._out(asked.json(), "payoutId", self.payouts)
            case "POST", ["v2", "refunds"]:
                return self._out(asked.json(), "refundId", self.refunds)
            case "GET", ["v2", "deposits" | "payouts" | "refunds" as what, key]:
                found = getattr(self, what).get(key)
                if found is None or not (found.get("status") or self.odd):
                    return Told(json={"status": "NOT_FOUND"})
                odd = {"status": self.odd} if self.odd else {}
                return Told(json={"status": "FOUND", "data": found | odd})
        return self.error(404, "NOT_FOUND")

    def _amount(self, told: Any) -> None:
        fine = isinstance(told, str) and AMOUNT.fullmatch(told) and not told.endswith("0" * 3 + ".")
        self.must(fine, 400, "INVALID_PARAMETER", f"amount {told!r}")
        self.must("." not in told or not told.endswith("0"), 400, "INVALID_PARAMETER", told)

    def _page(self, body: Any) -> Told:
        self.fields(
            body,
            need={"depositId": str, "returnUrl": str},
            may={
                "amountDetails": dict,
                "country": str,
                "language": str,
                "reason": str,
                "metadata": list,
                "phoneNumber": str,
                "customerMessage": str,
            },
            code="UNSUPPORTED_PARAMETER",
        )
        self.must(UUID4.fullmatch(body["depositId"]), 400, "INVALID_PARAMETER", "depositId")
        self.fields(body["amountDetails"], need={"amount": str, "currency": str})
        self._amount(body["amountDetails"]["amount"])
        self.must(len(body.get("country", "KEN")) == 3, 400, "INVALID_PARAMETER", "country")
        self.must(len(body.get("reason", "")) <= 50, 400, "INVALID_PARAMETER", "reason")
        self.must(body.get("language", "EN") in {"EN", "FR"}, 400, "INVALID_PARAMETER", "language")
        key = body["depositId"]
        # The payer has not entered a number yet: the deposit is not there until then.
        self.deposits.setdefault(key, {"depositId": key, **body["amountDetails"], "status": ""})
        return Told(json={"redirectUrl": f"https://paywith.pawapay.io/?token={key[:8]}"})

    def _out(self, body: Any, name: str, held: dict[str, Any]) -> Told:
        need: dict[str, Any] = {name: str, "amount": str, "currency": str}
        if name == "payoutId":
            need["recipient"] = dict
        else:
            need["depositId"] = str
        may = {"customerMessage": str, "metadata": list, "clientReferenceId": str}
        self.fields(body, need=need, may=may, code="UNSUPPORTED_PARAMETER")
        self.must(UUID4.fullmatch(body[name]), 400, "INVALID_PARAMETER", name)
        self._amount(body["amount"])
        if name == "payoutId":
            self.must(body["recipient"]["type"] == "MMO", 400, "INVALID_PARAMETER", "type")
            details = self.fields(
                body["recipient"]["accountDetails"], need={"phoneNumber": str, "provider": str}
            )
            self.must(details["phoneNumber"].isdigit(), 400, "INVALID_PARAMETER", "phoneNumber")
        else:
            paid = self.deposits.get(body["depositId"], {})
            self.must(paid.get("status") == "COMPLETED", 400, "DEPOSIT_NOT_FOUND", "depositId")
        note = body.get("customerMessage", "four")
        self.must(4 <= len(note) <= 22, 400, "INVALID_PARAMETER", "customerMessage")
        key = body[name]
        if self.declines:
            code = "PAYER_NOT_FOUND" if self.declines == "hard" else "PAWAPAY_WALLET_OUT_OF_FUNDS"
            why = {"failureCode": code, "failureMessage": "No."}
            return Told(json={name: key, "status": "REJECTED", "failureReason": why})
        if key in held:
            return Told(json={name: key, "status": "DUPLICATE_IGNORED"})
        held[key] = {
            name: key,
            "amount": body["amount"],
            "currency": body["currency"],
            "status": "ACCEPTED",
        }
        return Told(json={name: key, "status": "ACCEPTED", "created": "2026-01-01T00:00:00Z"})

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        one = self.deposits[reference]
        payer = {"phoneNumber": "254712345678", "provider": "MPESA_KEN"}
        one |= {"status": "COMPLETED", "payer": {"type": "MMO", "accountDetails": payer}}
        codes = {
            "declined-hard": "INSUFFICIENT_BALANCE",
            "declined-technical": "PROVIDER_TEMPORARILY_UNAVAILABLE",
            "expired": "PAYMENT_NOT_APPROVED",
        }
        if how in codes:
            one |= {"status": "FAILED", "failureReason": {"failureCode": codes[how]}}
        if amount:
            one |= {"amount": amount, "currency": currency}
        return [self._hook(one)]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        one = (self.refunds if kind == "refund" else self.payouts)[reference]
        one["status"] = "COMPLETED" if how == "done" else "FAILED"
        if how != "done":
            one["failureReason"] = {"failureCode": "RECIPIENT_NOT_FOUND"}
        return [self._hook(one)]

    def _hook(self, one: dict[str, Any]) -> Callback:
        body = json.dumps(one).encode()
        digest = f"sha-512=:{base64.b64encode(hashlib.sha512(body).digest()).decode()}:"
        at, kind = int(time.time()), "application/json; charset=UTF-8"
        authority, path = HOOK.removeprefix("https://").split("/", 1)
        date = "2026-01-01T00:00:00Z"
        names = [
            "@method",
            "@authority",
            "@path",
            "signature-date",
            "content-digest",
            "content-type",
        ]
        values = ["POST", authority, f"/{path}", date, digest, kind]
        listed = " ".join(f'"{name}"' for name in names)
        params = (
            f'({listed});alg="ecdsa-p256-sha256";keyid="HTTP_EC_P256_KEY:1";'
            f"created={at};expires={at + 60}"
        )
        lines = [f'"{name}": {value}' for name, value in zip(names, values, strict=True)]
        base = "\n".join([*lines, f'"@signature-params": {params}']).encode()
        r, s = utils.decode_dss_signature(_PRIVATE.sign(base, ec.ECDSA(hashes.SHA256())))
        raw = r.to_bytes(32) + s.to_bytes(32)
        return Callback(
            body,
            [
                ("Content-Type", kind),
                ("Signature-Date", date),
                ("Content-Digest", digest),
                ("Signature-Input", f"sig-pp={params}"),
                ("Signature", f"sig-pp=:{base64.b64encode(raw).decode()}:"),
            ],
        )
