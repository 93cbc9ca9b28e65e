"""What the providers' own pages show as an example, as it stands there, read by each adapter.

The stand-ins of the contract were written by us; these were not. Signatures are made here by each
recipe a second time.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from brokerage.payments.connector import EventKind, Hosted, State
from brokerage.payments.connectors.b2binpay import B2BinPay
from brokerage.payments.connectors.b2binpay import Settings as B2BSettings
from brokerage.payments.connectors.b2binpay import shapes as b2b
from brokerage.payments.connectors.b2binpay import staying as b2b_staying
from brokerage.payments.connectors.bridgerpay import BridgerPay
from brokerage.payments.connectors.bridgerpay import Settings as BridgerSettings
from brokerage.payments.connectors.bridgerpay import shapes as bridger
from brokerage.payments.connectors.btcpay import BTCPay
from brokerage.payments.connectors.btcpay import Settings as BTCPaySettings
from brokerage.payments.connectors.flutterwave import Flutterwave
from brokerage.payments.connectors.flutterwave import Settings as FlutterwaveSettings
from brokerage.payments.connectors.mpesa import MPesa
from brokerage.payments.connectors.mpesa import Settings as MPesaSettings
from brokerage.payments.connectors.nowpayments import NOWPayments
from brokerage.payments.connectors.nowpayments import Settings as NOWSettings
from brokerage.payments.connectors.pawapay import shapes as pawa
from brokerage.payments.connectors.paystack import Paystack
from brokerage.payments.connectors.paystack import Settings as PaystackSettings
from brokerage.payments.connectors.paystack import shapes as paystack
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.trouble import Forged
from support.psp.provider import HOOK

NOW = datetime.now(UTC)
KEY = "a-key-of-the-broker"
SECRETS = dict.fromkeys(
    (
        "paystack.secret_key",
        "flutterwave.hash",
        "nowpayments.ipn",
        "btcpay.webhook",
        "mpesa.callback",
        "b2binpay.login",
        "b2binpay.password",
        "bridgerpay.notices",
    ),
    KEY,
)


def made(kind: Any, settings: Any) -> Any:
    return kind(settings, Keyring(SECRETS), Line(Egress()))


def mac(message: bytes, digest: str, key: bytes = KEY.encode()) -> str:
    return hmac.new(key, message, digest).hexdigest()


# M-Pesa: developer.safaricom.co.ke, M-Pesa Express and B2C

PUSHED = b"""{"Body": {"stkCallback": {"MerchantRequestID": "29115-34620561-1",
 "CheckoutRequestID": "ws_CO_191220191020363925", "ResultCode": 0,
 "ResultDesc": "The service request is processed successfully.",
 "CallbackMetadata": {"Item": [{"Name": "Amount", "Value": 1.00},
  {"Name": "MpesaReceiptNumber", "Value": "NLJ7RT61SV"},
  {"Name": "TransactionDate", "Value": 20191219102115},
  {"Name": "PhoneNumber", "Value": 254708374149}]}}}}"""
CANCELLED = b"""{"Body": {"stkCallback": {"MerchantRequestID": "29115-34620561-1",
 "CheckoutRequestID": "ws_CO_191220191020363925", "ResultCode": 1032,
 "ResultDesc": "Request cancelled by user."}}}"""
SENT = b"""{"Result": {"ResultType": 0, "ResultCode": 0,
 "ResultDesc": "The service request is processed successfully.",
 "OriginatorConversationID": "10571-7910404-1", "ConversationID": "AG_20191219_00004e48cf7e3533f581",
 "TransactionID": "NLJ41HAY6Q", "ResultParameters": {"ResultParameter": [
  {"Key": "TransactionAmount", "Value": 10}, {"Key": "TransactionReceipt", "Value": "NLJ41HAY6Q"},
  {"Key": "B2CRecipientIsRegisteredCustomer", "Value": "Y"},
  {"Key": "ReceiverPartyPublicName", "Value": "254708374149 - John Doe"}]}}}"""


@pytest.mark.parametrize(
    ("raw", "kind", "state", "payment", "reference", "money"),
    [
        (PUSHED, EventKind.DEPOSIT, State.SUCCEEDED, "NLJ7RT61SV", "", "1 KES"),
        (CANCELLED, EventKind.DEPOSIT, State.CANCELLED, "ws_CO_191220191020363925", "", "None"),
        (
            SENT,
            EventKind.PAYOUT,
            State.SUCCEEDED,
            "",
            "AG_20191219_00004e48cf7e3533f581",
            "10 KES",
        ),
    ],
)
def test_m_pesa_tells_by_its_receipt(
    raw: bytes, kind: EventKind, state: State, payment: str, reference: str, money: str
) -> None:
    mpesa = made(MPesa, MPesaSettings(shortcode="174379", callback_url=HOOK))
    query = mpesa._address("10571-7910404-1").partition("?")[2]

    (event,) = mpesa.parse_callback(raw, [(":query", query)], NOW)

    assert (event.kind, event.state, event.payment, event.reference) == (
        kind,
        state,
        payment,
        reference,
    )
    assert (str(event.money.amount.normalize()) + " KES" if event.money else "None") in {
        money,
        money.replace("10 ", "1E+1 "),
    }


# Paystack: paystack.com/docs, Transactions and Transfers

CHARGED = b"""{"event":"charge.success","data":{"id":302961,"domain":"live","status":"success",
"reference":"qTPrJoy9Bx","amount":10000,"message":null,"gateway_response":"Approved by Financial Institution",
"paid_at":"2016-09-30T21:10:19.000Z","created_at":"2016-09-30T21:09:56.000Z","channel":"card","currency":"NGN",
"ip_address":"41.242.49.37","metadata":0,"fees":null,
"authorization":{"authorization_code":"AUTH_f5rnfq9p","bin":"539999","last4":"8877","exp_month":"08",
"exp_year":"2020","card_type":"mastercard DEBIT","bank":"Guaranty Trust Bank","country_code":"NG",
"brand":"mastercard","account_name":"BoJack Horseman"}}}"""
TRANSFERRED = b"""{"event":"transfer.success","data":{"amount":30000,"currency":"NGN","domain":"test","failures":null,
"id":37272792,"integration":{"id":463433,"is_live":true,"business_name":"Boom Boom Industries NG"},
"reason":"Have fun...","reference":"1jhbs3ozmen0k7y5efmw","source":"balance","source_details":null,
"status":"success","titan_code":null,"transfer_code":"TRF_wpl1dem4967avzm","transferred_at":null}}"""
OPENED = {
    "status": True,
    "message": "Authorization URL created",
    "data": {
        "authorization_url": "https://checkout.paystack.com/3ni8kdavz62431k",
        "access_code": "3ni8kdavz62431k",
        "reference": "re4lyvq3s3",
    },
}


@pytest.mark.parametrize(
    ("raw", "kind", "reference", "ours", "money"),
    [
        (CHARGED, EventKind.DEPOSIT, "qTPrJoy9Bx", "qTPrJoy9Bx", "100.00 NGN"),
        (
            TRANSFERRED,
            EventKind.PAYOUT,
            "TRF_wpl1dem4967avzm",
            "1jhbs3ozmen0k7y5efmw",
            "300.00 NGN",
        ),
    ],
)
def test_paystack_counts_in_kobo_and_signs_every_byte(
    raw: bytes, kind: EventKind, reference: str, ours: str, money: str
) -> None:
    connector = made(Paystack, PaystackSettings())
    proof = [("x-paystack-signature", mac(raw, "sha512"))]

    (event,) = connector.parse_callback(raw, proof, NOW)

    assert (event.kind, event.state, event.reference, event.our_id, str(event.money)) == (
        kind,
        State.SUCCEEDED,
        reference,
        ours,
        money,
    )
    with pytest.raises(Forged):
        connector.parse_callback(raw + b"\n", proof, NOW)
    page = paystack.page_of(OPENED)
    assert isinstance(page, Hosted) and page.reference == "re4lyvq3s3"


# Flutterwave v3: developer.flutterwave.com, Webhooks

COMPLETED = b"""{"event":"charge.completed","data":{"id":285959875,"tx_ref":"Links-616626414629",
"flw_ref":"PeterEkene/FLW270177170","device_fingerprint":"a42937f4a73ce8bb8b8df14e63a2df31","amount":100,
"currency":"NGN","charged_amount":100,"app_fee":1.4,"merchant_fee":0,
"processor_response":"Approved by Financial Institution","auth_model":"PIN","ip":"197.210.64.96",
"narration":"CARD Transaction ","status":"successful","payment_type":"card","created_at":"2020-07-06T19:17:04.000Z",
"account_id":17321,"customer":{"id":215604089,"name":"Yemi Desola","email":"user@gmail.com"},
"card":{"first_6digits":"123456","last_4digits":"7889","issuer":"VERVE FIRST CITY MONUMENT BANK PLC",
"country":"NG","type":"VERVE","expiry":"02/23"}}}"""
PAID_OUT = b"""{"event":"transfer.completed","event.type":"Transfer","data":{"id":33286,"account_number":"0690000033",
"bank_name":"ACCESS BANK NIGERIA","bank_code":"044","fullname":"Bale Gary","created_at":"2020-04-14T16:39:17.000Z",
"currency":"NGN","debit_currency":"NGN","amount":30020,"fee":26.875,"status":"SUCCESSFUL",
"reference":"a0a827b1eca65311_PMCKDU_5","meta":null,"narration":"lolololo","approver":null,
"complete_message":"Successful","requires_approval":0,"is_approved":1}}"""


@pytest.mark.parametrize(
    ("raw", "kind", "ours", "money"),
    [
        (COMPLETED, EventKind.DEPOSIT, "Links-616626414629", "100.00 NGN"),
        (PAID_OUT, EventKind.PAYOUT, "a0a827b1eca65311_PMCKDU_5", "30020.00 NGN"),
    ],
)
def test_flutterwave_sends_its_hash_as_it_is(
    raw: bytes, kind: EventKind, ours: str, money: str
) -> None:
    connector = made(Flutterwave, FlutterwaveSettings())

    (event,) = connector.parse_callback(raw, [("verif-hash", KEY)], NOW)

    assert (event.kind, event.state, event.our_id) == (kind, State.SUCCEEDED, ours)
    assert str(event.money) == money
    with pytest.raises(Forged):
        connector.parse_callback(raw, [("verif-hash", hashlib.sha256(raw).hexdigest())], NOW)


# pawaPay v2: docs.pawapay.io, deposit and payout callbacks

MOBILE = {
    "depositId": "f4401bd2-1568-4140-bf2d-eb77d2b2b639",
    "status": "COMPLETED",
    "amount": "15",
    "currency": "ZMW",
    "country": "ZMB",
    "payer": {
        "type": "MMO",
        "accountDetails": {"phoneNumber": "260763456789", "provider": "MTN_MOMO_ZMB"},
    },
    "customerMessage": "Note of 4 to 22 chars",
    "created": "2020-02-21T17:32:29Z",
    "providerTransactionId": "12356789",
}
BROKE = {
    "payoutId": "8917c345-4791-4285-a416-62f24b6982db",
    "status": "FAILED",
    "amount": "15",
    "currency": "ZMW",
    "country": "ZMB",
    "recipient": {
        "type": "MMO",
        "accountDetails": {"phoneNumber": "260763456789", "provider": "MTN_MOMO_ZMB"},
    },
    "failureReason": {
        "failureCode": "PAWAPAY_WALLET_OUT_OF_FUNDS",
        "failureMessage": "The balance of your wallet is not enough.",
    },
}


def test_pawapay_tells_the_object_itself() -> None:
    paid = pawa.event_of(MOBILE, json.dumps(MOBILE).encode())
    broke = pawa.event_of(BROKE, json.dumps(BROKE).encode())

    assert (paid.kind, paid.state, paid.our_id) == (
        EventKind.DEPOSIT,
        State.SUCCEEDED,
        MOBILE["depositId"],
    )
    assert (broke.kind, broke.state, broke.code) == (
        EventKind.PAYOUT,
        State.FAILED,
        "PAWAPAY_WALLET_OUT_OF_FUNDS",
    )
    assert broke.decline == "technical"


# NOWPayments: documenter.getpostman.com, Instant Payment Notifications

FINISHED = b"""{"payment_id":123456789,"parent_payment_id":987654321,"invoice_id":null,
"payment_status":"finished","pay_address":"address","payin_extra_id":null,"price_amount":1,
"price_currency":"usd","pay_amount":15,"actually_paid":15,"actually_paid_at_fiat":0,"pay_currency":"trx",
"order_id":null,"order_description":null,"purchase_id":"123456789","outcome_amount":14.8106,
"outcome_currency":"trx","payment_extra_ids":null,
"fee":{"currency":"btc","depositFee":0.09853637216235617,"withdrawalFee":0,"serviceFee":0}}"""


def test_nowpayments_signs_its_names_in_order() -> None:
    """Written as its own example in Python writes it, for which these numbers come out the same."""
    ordered = json.dumps(json.loads(FINISHED), separators=(",", ":"), sort_keys=True)
    connector = made(NOWPayments, NOWSettings(coin="trx", asset="USDT"))
    proof = [("x-nowpayments-sig", mac(ordered.encode(), "sha512"))]

    (event,) = connector.parse_callback(FINISHED, proof, NOW)

    assert (event.kind, event.reference, event.state) == (
        EventKind.DEPOSIT,
        "123456789",
        State.SUCCEEDED,
    )
    assert str(event.money) == "1.00 USD"
    with pytest.raises(Forged):
        connector.parse_callback(FINISHED.replace(b"15", b"16"), proof, NOW)


# BTCPay: its Greenfield reference, Webhooks

SETTLED = b"""{"manuallyMarked":false,"overPaid":false,"deliveryId":"5q2Cz","webhookId":"Yh3f","originalDeliveryId":"2aLb",
"isRedelivery":true,"type":"InvoiceSettled","timestamp":1592312018,"storeId":"9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776",
"invoiceId":"HjQk","metadata":{"orderId":"D-1","id":"7f9c0f2e"}}"""


def test_btcpay_names_a_repeated_delivery_by_the_first() -> None:
    connector = made(BTCPay, BTCPaySettings(store="s"))
    proof = [("BTCPay-Sig", "sha256=" + mac(SETTLED, "sha256"))]

    (event,) = connector.parse_callback(SETTLED, proof, NOW)

    assert (event.provider_event_id, event.reference, event.our_id, event.state) == (
        "2aLb",
        "HjQk",
        "7f9c0f2e",
        State.SUCCEEDED,
    )


# B2BINPAY v2: docs.b2binpay.com, Callbacks

CALLBACK: dict[str, Any] = {
    "data": {
        "type": "deposit",
        "id": "19",
        "attributes": {
            "address": "mmbAY2HbSxCJFhBXjfDBfJ8GM8mXwMvGmK",
            "created_at": "2021-12-13T12:17:01.000000Z",
            "tracking_id": "test_deposit",
            "target_paid": "0.000300000000000000",
            "destination": {"address_type": "legacy"},
            "payment_page": "https://gw-test.b2binpay.com/deposits/19/form",
        },
        "relationships": {
            "currency": {"data": {"type": "currency", "id": "1000"}},
            "wallet": {"data": {"type": "wallet", "id": "10"}},
            "transfer": {"data": {"type": "transfer", "id": "21"}},
        },
    },
    "included": [
        {"type": "currency", "id": "1000", "attributes": {"iso": 1000, "alpha": "BTC", "exp": 8}},
        {
            "type": "transfer",
            "id": "21",
            "attributes": {
                "op_id": 19,
                "op_type": 1,
                "amount": "0.000300000000000000",
                "commission": "0.000001200000000000",
                "fee": "0.000000000000000000",
                "txid": "51eb4b1f1e1b4b5d9e6a",
                "status": 2,
                "user_message": None,
                "confirmations": 1,
                "risk": 0,
            },
        },
    ],
    "meta": {"time": "2021-12-13T12:19:23.330028+00:00"},
}


def test_b2binpay_signs_status_amount_order_and_time() -> None:
    """`hash_hmac("sha256", status . amount . tracking_id . time, hash("sha256", login . password, true))`."""
    key = hashlib.sha256(f"{KEY}{KEY}".encode()).digest()
    said = b"20.000300000000000000test_deposit2021-12-13T12:19:23.330028+00:00"
    meta = CALLBACK["meta"] | {"sign": mac(said, "sha256", key)}
    connector = made(B2BinPay, B2BSettings(wallets=("BTC=10",)))

    (event,) = connector.parse_callback(json.dumps(CALLBACK | {"meta": meta}).encode(), [], NOW)

    assert (event.kind, event.reference, event.our_id, event.payment) == (
        EventKind.DEPOSIT,
        "19",
        "test_deposit",
        "21",
    )
    assert b2b.included_of(CALLBACK, "transfer")["txid"] == "51eb4b1f1e1b4b5d9e6a"


def test_where_balances_are_told_is_a_setting() -> None:
    told = {"data": [{"id": "10", "attributes": {"balance_confirmed": "1.5", "available": "1.25"}}]}

    for field, due in (("balance_confirmed", "1.5"), ("available", "1.25"), ("none", None)):
        found = b2b_staying.balances_of(told, {"BTC": "10"}, field)
        assert [str(one.amount.normalize()) for one in found] == ([due] if due else [])
    assert B2BSettings().balance_field == "balance_confirmed"
    assert NOWSettings().balance_field == "amount"
    for wrong in ("", "a b", "x" * 41, "balance.now"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"balance_field": wrong}, B2BSettings)


# BridgerPay: docs.bridgerpay.com, Webhooks


def test_where_bridgerpay_gives_our_mark_back_is_a_setting() -> None:
    mark = bridger.mark_of(KEY, "order-1")
    charge = {"id": "ch_1", "attributes": {"amount": 10.5, "currency": "EUR", "created_at": 1}}
    notice: dict[str, Any] = {
        "webhook": {"type": "approved"},
        "data": {"order_id": "order-1", "charge": charge},
    }
    places = {
        "data.payload": {**notice, "data": notice["data"] | {"payload": mark}},
        "data.charge.attributes.payload": {
            **notice,
            "data": {
                **notice["data"],
                "charge": charge | {"attributes": charge["attributes"] | {"payload": mark}},  # type: ignore[operator]
            },
        },
        "payload": notice | {"payload": mark},
    }
    for where, body in places.items():
        raw = json.dumps(body).encode()
        for setting in places:
            connector = made(BridgerPay, BridgerSettings(payload_at=setting))
            if setting == where:
                (event,) = connector.parse_callback(raw, [], NOW)
                assert (event.our_id, event.state, str(event.money)) == (
                    "order-1",
                    State.SUCCEEDED,
                    "10.50 EUR",
                )
            else:
                with pytest.raises(Forged):
                    connector.parse_callback(raw, [], NOW)
