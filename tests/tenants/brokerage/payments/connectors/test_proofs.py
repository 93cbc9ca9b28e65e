"""The proofs on callbacks, by vectors that others made and by what each recipe must not let through."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from brokerage.payments.connector import EventKind
from brokerage.payments.connectors.adyen import Adyen
from brokerage.payments.connectors.adyen import Settings as AdyenSettings
from brokerage.payments.connectors.b2binpay import B2BinPay
from brokerage.payments.connectors.b2binpay import Settings as B2BSettings
from brokerage.payments.connectors.mpesa import MPesa
from brokerage.payments.connectors.mpesa import Settings as MPesaSettings
from brokerage.payments.connectors.nowpayments.proof import canonical
from brokerage.payments.connectors.paypal import PayPal
from brokerage.payments.connectors.paypal import Settings as PayPalSettings
from brokerage.payments.connectors.praxis import Praxis
from brokerage.payments.connectors.praxis import Settings as PraxisSettings
from stoa.connectors import message_signatures
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.trouble import Forged
from support.psp import b2binpay, pawapay, praxis
from support.psp.provider import HOOK

NOW = datetime.now(UTC)
KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
PAYMENT = {
    "pspReference": "7914073381342284",
    "merchantReference": "TestPayment-1407325143704",
    "merchantAccountCode": "TestMerchant",
    "amount": {"currency": "EUR", "value": 1130},
    "eventCode": "AUTHORISATION",
    "success": "true",
}
REFUND = {
    "pspReference": "QFQTPCQ8HXSKGK82",
    "originalReference": "7914073381342284",
    "merchantReference": "D-7K3M-9QXR/0123456789abcdef0123456789abcdef",
    "merchantAccountCode": "TestMerchant",
    "amount": {"currency": "JPY", "value": 100},
    "eventCode": "REFUND",
    "success": "false",
}


def line() -> Line:
    return Line(Egress())


# Adyen


def adyen(key: str = KEY) -> Adyen:
    settings = AdyenSettings(merchant_account="TestMerchant")
    return Adyen(settings, Keyring({"adyen.hmac": key}), line())


def hook(*items: tuple[dict[str, Any], str]) -> bytes:
    told = [
        {"NotificationRequestItem": item | {"additionalData": {"hmacSignature": proof}}}
        for item, proof in items
    ]
    return json.dumps({"live": "false", "notificationItems": told}).encode()


# The first is Adyen's own published example; both were made with its library, version 16.0.0.
VECTORS = [
    (PAYMENT, "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="),
    (REFUND, "Y/8rb/ZDaeJ9Lw4fVg4Q80cEcdx7GK8F6L2qbPyYNfs="),
]


@pytest.mark.parametrize(("item", "proof"), VECTORS)
def test_what_adyen_s_own_library_signs_is_taken(item: dict[str, Any], proof: str) -> None:
    (event,) = adyen().parse_callback(hook((item, proof)), [], NOW)

    assert event.raw == item["eventCode"]
    if item is REFUND:
        assert event.our_id == "01234567-89ab-cdef-0123-456789abcdef"
        assert event.payment == "7914073381342284"


def test_one_bent_item_among_good_ones_refuses_them_all() -> None:
    good, other = VECTORS
    with pytest.raises(Forged):
        adyen().parse_callback(hook(good, (other[0], good[1])), [], NOW)
    assert len(adyen().parse_callback(hook(good, other), [], NOW)) == 2
    assert adyen().receipt(b"", NOW, fine=True).body == b"[accepted]"


@pytest.mark.parametrize("key", ["", "zz", "44", KEY[:-2] + "57"])
def test_a_key_that_is_none_or_another_opens_nothing(key: str) -> None:
    with pytest.raises(Forged):
        adyen(key).parse_callback(hook(VECTORS[0]), [], NOW)


def test_another_merchant_s_notification_is_not_ours() -> None:
    settings = AdyenSettings(merchant_account="Other")
    with pytest.raises(Forged):
        Adyen(settings, Keyring({"adyen.hmac": KEY}), line()).parse_callback(
            hook(VECTORS[0]), [], NOW
        )


# Praxis


def told(at: int, **more: Any) -> tuple[bytes, str]:
    amount = more.pop("amount", 10050)
    attempt = {
        "currency": "EUR",
        "amount": amount,
        "conversion_rate": 1,
        "attempted_currency": "EUR",
        "attempted_amount": amount,
    }
    body = {
        "merchant_id": praxis.MERCHANT,
        "application_key": praxis.APPLICATION,
        "timestamp": at,
        "customer": {"customer_token": None},
        "session": {"order_id": "o-1"},
        "transaction_attempt": attempt,
    }
    fields = [praxis.MERCHANT, praxis.APPLICATION, at, None, "o-1", *attempt.values()]
    return json.dumps(body).encode(), praxis.sign(*fields)


def cashier() -> Praxis:
    settings = PraxisSettings(merchant=praxis.MERCHANT, application=praxis.APPLICATION)
    return Praxis(settings, Keyring({"praxis.secret": praxis.SECRET}), line())


def test_praxis_asks_before_a_payment_and_is_answered_in_its_own_signature() -> None:
    """PSP-19: the server-side validation call."""
    raw, proof = told(int(NOW.timestamp()))

    (event,) = cashier().parse_callback(raw, [("GT-Authentication", proof)], NOW)

    assert event.kind is EventKind.CHECK
    assert (event.reference, str(event.money)) == ("o-1", "100.50 EUR")
    for fine, status in ((True, 0), (False, 1)):
        receipt = cashier().receipt(raw, NOW, fine=fine)
        said = json.loads(receipt.body)
        assert (receipt.status, said["status"]) == (200, status)
        assert dict(receipt.headers)["gt-authentication"] == praxis.sign(status, said["timestamp"])


@pytest.mark.parametrize("seconds", [-600, 600])
def test_an_old_or_future_word_of_praxis_is_stale(seconds: int) -> None:
    raw, proof = told(int(NOW.timestamp()) + seconds)

    with pytest.raises(Forged) as refusal:
        cashier().parse_callback(raw, [("GT-Authentication", proof)], NOW)

    assert refusal.value.code == "stale"


# pawaPay: RFC 9421


def test_a_signed_callback_has_its_time_and_its_place() -> None:
    standin = pawapay.Standin()
    sent = standin._hook({"depositId": "d", "status": "COMPLETED"})
    headers = sent.headers

    def check(**more: Any) -> None:
        given = {"address": HOOK, "now": datetime.now(UTC)} | more
        message_signatures.require(sent.body, headers, [pawapay.PUBLIC], **given)

    check()
    for more in (
        {"address": HOOK.replace("broker", "other")},
        {"address": HOOK + "x"},
        {"now": datetime.now(UTC) + timedelta(minutes=30)},
        {"now": datetime.now(UTC) - timedelta(minutes=30)},
    ):
        with pytest.raises(Forged):
            check(**more)


def test_a_signature_that_leaves_the_body_out_is_none() -> None:
    sent = pawapay.Standin()._hook({"depositId": "d"})
    bare = [
        (name, value.replace(' "content-digest"', "") if name == "Signature-Input" else value)
        for name, value in sent.headers
    ]
    with pytest.raises(Forged, match="cover its body"):
        message_signatures.require(
            sent.body, bare, [pawapay.PUBLIC], address=HOOK, now=datetime.now(UTC)
        )
    assert message_signatures.readable(pawapay.PUBLIC)
    assert not message_signatures.readable("not a key")
    assert message_signatures.digest(b"{}").startswith("sha-512=:")


# NOWPayments


@pytest.mark.parametrize(
    ("sent", "signed"),
    [
        (b'{"b": 1, "a": 2.50}', b'{"a":2.50,"b":1}'),
        (b'{"b": {"z": 1e-7, "a": null}, "a": [3, true, "x/y"]}', None),
        (b'{"fee":{"depositFee":0.09853637216235617,"currency":"btc"}}', None),
        ('{"d": "Depósito € \\u00e9 \\"q\\""}'.encode(), None),
    ],
)
def test_the_body_is_written_as_javascript_writes_it(sent: bytes, signed: bytes | None) -> None:
    due = signed or json.dumps(
        json.loads(sent), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode().replace(b"1e-07", b"1e-7")

    assert canonical(sent) == due


@pytest.mark.parametrize("sent", [b"", b"[]", b"NaN", b'{"a": NaN}', b'{"a": Infinity}', b"\xff"])
def test_what_is_no_object_has_no_proof(sent: bytes) -> None:
    with pytest.raises(Forged):
        canonical(sent)


# B2BINPAY


@pytest.mark.parametrize("form", ["raw", "hex"])
def test_the_key_of_b2binpay_may_be_bytes_or_hex(form: Any) -> None:
    told_by = {"status": 2, "amount": "0.00150000", "op_type": 1}
    one = {"id": "7", "type": "deposit", "attributes": {"tracking_id": "t-1"}}
    body = json.loads(b2binpay.Standin()._hook(one, told_by).body)
    made = hashlib.sha256(f"{b2binpay.LOGIN}{b2binpay.PASSWORD}".encode())
    key = made.hexdigest().encode() if form == "hex" else made.digest()
    message = f"20.00150000t-1{body['meta']['time']}".encode()
    body["meta"]["sign"] = hmac.new(key, message, hashlib.sha256).hexdigest()
    raw = json.dumps(body).encode()
    secrets = {"b2binpay.login": b2binpay.LOGIN, "b2binpay.password": b2binpay.PASSWORD}

    for setting in ("raw", "hex"):
        settings = B2BSettings(key_form=setting, wallets=("BTC=318",))
        connector = B2BinPay(settings, Keyring(secrets), line())
        if setting == form:
            assert connector.parse_callback(raw, [], NOW)[0].our_id == "t-1"
        else:
            with pytest.raises(Forged):
                connector.parse_callback(raw, [], NOW)


# M-Pesa


def test_a_proof_is_good_for_its_own_payment_alone() -> None:
    settings = MPesaSettings(shortcode="174379", callback_url=HOOK)
    mpesa = MPesa(settings, Keyring({"mpesa.callback": "long-random"}), line())
    address = mpesa._address("row-1")
    query = address.partition("?")[2]
    body = b'{"Body": {"stkCallback": {"CheckoutRequestID": "ws_1", "ResultCode": 0}}}'

    (event,) = mpesa.parse_callback(body, [(":query", query)], NOW)

    assert event.our_id == "row-1"
    for bent in (query.replace("row-1", "row-2"), "", "id=row-1", "id=row-1&proof=", query[:-1]):
        with pytest.raises(Forged):
            mpesa.parse_callback(body, [(":query", bent)], NOW)


# PayPal


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/notifications/certs/CERT-1",
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example/x",
        "https://api.paypal.com@evil.example/x",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_certificate_from_elsewhere_is_not_even_fetched(url: str) -> None:
    connector = PayPal(PayPalSettings(), Keyring({"paypal.webhook_id": "W"}), line())

    with pytest.raises(Forged):
        await connector.fetch_certificate([("PAYPAL-CERT-URL", url)])
    with pytest.raises(Forged):
        connector.parse_callback(b"{}", [("PAYPAL-CERT-URL", url)], NOW)


def test_the_authenticator_s_code_is_that_of_rfc_6238() -> None:
    """Appendix B, SHA-1, the last six digits; the secret is the text "12345678901234567890"."""
    from brokerage.payments.connectors.nowpayments.payouts import code_of

    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    found = [code_of(secret, at // 30) for at in (59, 1111111109, 1111111111, 1234567890)]
    assert found == ["287082", "081804", "050471", "005924"]
    assert len(code_of("jbsw y3dp ehpk 3pxp", 1)) == 6
