"""Daraja: M-Pesa Express, its query, and B2C v3, from Safaricom's published reference."""

import base64
import json
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from support.outside import Asked, Told
from support.psp.provider import Callback, Provider

KEY, SECRET, PASSKEY, CREDENTIAL = "consumer-key", "consumer-secret", "pass-key", "cred=="
SHORTCODE, TOKEN = "174379", "daraja-token"
PHONE = re.compile(r"254[17][0-9]{8}")


class Standin(Provider):
    def error(self, status: int, code: str, why: str = "") -> Told:
        told = {"requestId": "1-1-1", "errorCode": code, "errorMessage": why or code}
        return Told(status, json=told)

    def handle(self, asked: Asked) -> Told:
        bearer = asked.headers.get("authorization", "")
        if asked.path == "/oauth/v1/generate":
            due = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
            self.must(
                asked.query == {"grant_type": "client_credentials"}, 400, "400.008.02", "grant"
            )
            self.must(bearer == f"Basic {due}", 400, "400.008.01", "client")
            return Told(json={"access_token": TOKEN, "expires_in": "3599"})
        self.must(bearer == f"Bearer {TOKEN}", 401, "404.001.03", "token")
        self.must(asked.method == "POST", 404, "404.001.01", "method")
        match asked.path:
            case "/mpesa/stkpush/v1/processrequest":
                return self._push(asked.json())
            case "/mpesa/stkpushquery/v1/query":
                return self._query(asked.json())
            case "/mpesa/b2c/v3/paymentrequest":
                return self._b2c(asked.json())
        return self.error(404, "404.001.01")

    def _password(self, body: Any) -> None:
        stamp = body["Timestamp"]
        self.must(re.fullmatch(r"20[0-9]{12}", stamp), 400, "400.002.02", "Timestamp")
        due = base64.b64encode(f"{SHORTCODE}{PASSKEY}{stamp}".encode()).decode()
        self.must(body["Password"] == due, 500, "500.001.1001", "Wrong credentials")
        self.must(body["BusinessShortCode"] == SHORTCODE, 400, "400.002.02", "BusinessShortCode")

    def _push(self, body: Any) -> Told:
        need = dict.fromkeys(
            "BusinessShortCode Password Timestamp TransactionType PartyA PartyB PhoneNumber "
            "CallBackURL AccountReference TransactionDesc".split(),
            str,
        )
        self.fields(body, need=need | {"Amount": int}, code="400.002.02")
        self._password(body)
        kinds = {"CustomerPayBillOnline", "CustomerBuyGoodsOnline"}
        self.must(body["TransactionType"] in kinds, 400, "400.002.02", "TransactionType")
        self.must(body["Amount"] >= 1, 400, "400.002.02", "Amount")
        for name in ("PartyA", "PhoneNumber"):
            self.must(PHONE.fullmatch(body[name]), 400, "400.002.02", name)
        self.address(body["CallBackURL"], 400, "400.002.02", "CallBackURL")
        self.must(len(body["AccountReference"]) <= 12, 400, "400.002.02", "AccountReference")
        self.must(len(body["TransactionDesc"]) <= 13, 400, "400.002.02", "TransactionDesc")
        key = f"ws_CO_{secrets.token_hex(10)}"
        self.deposits[key] = body | {"code": None}
        return Told(
            json={
                "MerchantRequestID": f"29115-{secrets.token_hex(4)}-1",
                "CheckoutRequestID": key,
                "ResponseCode": "0",
                "ResponseDescription": "Success. Request accepted for processing",
                "CustomerMessage": "Success. Request accepted for processing",
            }
        )

    def _query(self, body: Any) -> Told:
        names = "BusinessShortCode Password Timestamp CheckoutRequestID".split()
        self.fields(body, need=dict.fromkeys(names, str), code="400.002.02")
        self._password(body)
        one = self.deposits.get(body["CheckoutRequestID"])
        self.must(one, 404, "404.001.01", "no such request")
        assert one is not None
        code = self.odd or one["code"]
        if code is None:
            return self.error(500, "500.001.1001", "The transaction is being processed")
        told = {"ResponseCode": "0", "ResultCode": code, "ResultDesc": "x"}
        return Told(json=told | {"CheckoutRequestID": body["CheckoutRequestID"]})

    def _b2c(self, body: Any) -> Told:
        need = dict.fromkeys(
            "OriginatorConversationID InitiatorName SecurityCredential CommandID PartyA PartyB "
            "Remarks QueueTimeOutURL ResultURL".split(),
            str,
        )
        self.fields(body, need=need | {"Amount": int}, may={"Occassion": str}, code="400.002.02")
        commands = {"BusinessPayment", "SalaryPayment", "PromotionPayment"}
        self.must(body["CommandID"] in commands, 400, "400.002.02", "CommandID")
        self.must(body["SecurityCredential"] == CREDENTIAL, 400, "2001.x", "SecurityCredential")
        self.must(PHONE.fullmatch(body["PartyB"]), 400, "400.002.02", "PartyB")
        self.must(2 <= len(body["Remarks"]) <= 100, 400, "400.002.02", "Remarks")
        ours = body["OriginatorConversationID"]
        if self.declines:
            code = "400.002.02" if self.declines == "hard" else "500.003.02"
            return self.error(400, code, "No.")
        if any(one["OriginatorConversationID"] == ours for one in self.payouts.values()):
            return self.error(500, "500.002.1001", "Duplicate OriginatorConversationID.")
        key = f"AG_{secrets.token_hex(10)}"
        self.payouts[key] = body
        told = {"ConversationID": key, "OriginatorConversationID": ours}
        return Told(json=told | {"ResponseCode": "0", "ResponseDescription": "Accept the service"})

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        one = self.deposits[reference]
        codes = {"paid": "0", "declined-hard": "1", "declined-technical": "1025", "expired": "1037"}
        one["code"] = codes[how]
        told: dict[str, Any] = {
            "MerchantRequestID": "29115-1",
            "CheckoutRequestID": reference,
            "ResultCode": int(one["code"]),
            "ResultDesc": "x",
        }
        if how == "paid":
            items = [
                {"Name": "Amount", "Value": float(one["Amount"])},
                {"Name": "MpesaReceiptNumber", "Value": f"NL{secrets.token_hex(4).upper()}"},
                {"Name": "TransactionDate", "Value": 20191219102115},
                {"Name": "PhoneNumber", "Value": int(one["PhoneNumber"])},
            ]
            told["CallbackMetadata"] = {"Item": items}
        return [self._hook({"Body": {"stkCallback": told}}, one["CallBackURL"])]

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        one = self.payouts[reference]
        result = {
            "ResultType": 0,
            "ResultCode": 0 if how == "done" else 2001,
            "ResultDesc": "x",
            "OriginatorConversationID": one["OriginatorConversationID"],
            "ConversationID": reference,
            "TransactionID": "NLJ41HAY6Q",
            "ResultParameters": {
                "ResultParameter": [{"Key": "TransactionAmount", "Value": one["Amount"]}]
            },
        }
        return [self._hook({"Result": result}, one["ResultURL"])]

    def _hook(self, body: Any, address: str) -> Callback:
        there = urlsplit(address)
        return Callback(
            json.dumps(body).encode(), [("Content-Type", "application/json")], there.query
        )
