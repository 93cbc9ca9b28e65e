"""Each payment provider as its own documents describe it: what it answers, and how it signs.

One Script per connector. The contract suite runs over all of them; a connector without a script
fails it.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from support.outside import Asked, Told

AT = 1_767_225_600
SECRET = "a-hook-secret"
KEY = "an-api-key"


@dataclass
class Script:
    """Answers as recorded from the provider's reference, in terms the contract can ask for."""

    settings: dict[str, Any]
    secrets: dict[str, str]
    page: Callable[[Asked], Told]  # creation of a hosted deposit
    deposit: Callable[[str, UUID], dict[str, Any]]  # state name -> the polled object
    refund: Callable[[str, UUID], dict[str, Any]]
    payout: Callable[[str, UUID], dict[str, Any]]
    paid_event: Callable[[UUID, str], dict[str, Any]]  # our id, event id
    payout_event: Callable[[UUID, str], dict[str, Any]]
    sign: Callable[[bytes, str, int], list[tuple[str, str]]]
    refusal: Callable[[int, str], Told]
    technical_code: str
    hard_code: str
    key_of: Callable[[Asked], str]  # what makes a repeated call the same call
    reference: str


def _stripe_sign(raw: bytes, secret: str, at: int) -> list[tuple[str, str]]:
    mac = hmac.new(secret.encode(), b"%d." % at + raw, hashlib.sha256).hexdigest()
    return [("Content-Type", "application/json"), ("Stripe-Signature", f"t={at},v1={mac}")]


def _stripe_session(state: str, order: UUID) -> dict[str, Any]:
    status, paid = {
        "created": ("open", "unpaid"),
        "pending": ("complete", "unpaid"),
        "succeeded": ("complete", "paid"),
        "expired": ("expired", "unpaid"),
    }[state]
    charge = {
        "id": "ch_1",
        "paid": True,
        "refunded": False,
        "amount_refunded": 0,
        "payment_method": "pm_1",
        "billing_details": {"name": "Ann Example"},
        "payment_method_details": {
            "card": {"brand": "visa", "last4": "4242", "fingerprint": "F1", "country": "IE"}
        },
    }
    paying = {"id": "pi_1", "amount_received": 10050, "latest_charge": charge}
    return {
        "id": "cs_1",
        "object": "checkout.session",
        "status": status,
        "payment_status": paid,
        "amount_total": 10050,
        "currency": "eur",
        "client_reference_id": "D-1",
        "metadata": {"id": str(order)},
        "payment_intent": paying if paid == "paid" else None,
    }


def _stripe_page(asked: Asked) -> Told:
    return Told(
        json=_stripe_session("created", UUID(asked.form["metadata[id]"]))
        | {"url": "https://checkout.example/c/pay/cs_1"}
    )


def _stripe_refund(state: str, refund: UUID) -> dict[str, Any]:
    return {
        "id": "re_1",
        "amount": 5000,
        "currency": "eur",
        "status": state,
        "failure_reason": "declined" if state == "failed" else None,
        "metadata": {"id": str(refund)},
    }


def _stripe_payout(state: str, payout: UUID) -> dict[str, Any]:
    status = {"succeeded": "paid", "pending": "pending", "failed": "failed"}[state]
    return {
        "id": "po_1",
        "amount": 5000,
        "currency": "eur",
        "status": status,
        "failure_code": "declined" if state == "failed" else None,
        "metadata": {"id": str(payout)},
    }


def _stripe_event(kind: str, thing: dict[str, Any], key: str) -> dict[str, Any]:
    return {"id": key, "object": "event", "type": kind, "created": AT, "data": {"object": thing}}


def _stripe_refusal(status: int, code: str) -> Told:
    kind = "api_error" if status >= 500 else "invalid_request_error"
    return Told(status, json={"error": {"type": kind, "code": code, "message": "No."}})


STRIPE = Script(
    settings={"account": "acct_1"},
    secrets={"stripe.api_key": KEY, "stripe.webhook": SECRET},
    page=_stripe_page,
    deposit=_stripe_session,
    refund=_stripe_refund,
    payout=_stripe_payout,
    paid_event=lambda order, key: _stripe_event(
        "checkout.session.completed",
        _stripe_session("succeeded", order) | {"payment_intent": "pi_1"},
        key,
    ),
    payout_event=lambda payout, key: _stripe_event(
        "payout.paid", _stripe_payout("succeeded", payout), key
    ),
    sign=_stripe_sign,
    refusal=_stripe_refusal,
    technical_code="balance_insufficient",
    hard_code="amount_too_small",
    key_of=lambda asked: asked.headers["idempotency-key"],
    reference="cs_1",
)


def _hyper_sign(raw: bytes, secret: str, _at: int) -> list[tuple[str, str]]:
    mac = hmac.new(secret.encode(), raw, hashlib.sha512).hexdigest()
    return [("Content-Type", "application/json"), ("X-Webhook-Signature-512", mac)]


def _hyper_payment(state: str, order: UUID) -> dict[str, Any]:
    status = {
        "created": "requires_payment_method",
        "pending": "processing",
        "succeeded": "succeeded",
        "expired": "expired",
    }[state]
    return {
        "payment_id": "pay_1",
        "merchant_id": "merchant_1",
        "status": status,
        "amount": 10050,
        "amount_received": 10050 if state == "succeeded" else None,
        "currency": "EUR",
        "metadata": {"id": str(order)},
        "merchant_order_reference_id": "D-1",
        "payment_method_data": {
            "card": {"last4": "4242", "card_network": "Visa", "card_holder_name": "Ann Example"}
        },
        "payment_link": {"link": "https://link.example/payment_link/merchant_1/pay_1"},
    }


def _hyper_page(asked: Asked) -> Told:
    body = asked.json()
    return Told(json=_hyper_payment("created", UUID(body["metadata"]["id"])))


def _hyper_refund(state: str, refund: UUID) -> dict[str, Any]:
    return {
        "refund_id": "ref_1",
        "payment_id": "pay_1",
        "amount": 5000,
        "currency": "EUR",
        "status": state,
        "error_code": "declined" if state == "failed" else None,
        "metadata": {"id": str(refund)},
    }


def _hyper_payout(state: str, payout: UUID) -> dict[str, Any]:
    status = {"succeeded": "success", "pending": "initiated", "failed": "failed"}[state]
    return {
        "payout_id": "pyt_1",
        "amount": 5000,
        "currency": "EUR",
        "status": status,
        "error_code": "declined" if state == "failed" else None,
        "metadata": {"id": str(payout)},
    }


def _hyper_event(kind: str, content: str, thing: dict[str, Any], key: str) -> dict[str, Any]:
    return {
        "merchant_id": "merchant_1",
        "event_id": key,
        "event_type": kind,
        "content": {"type": content, "object": thing},
        "timestamp": "2026-01-01T00:00:00.000Z",
    }


def _hyper_refusal(status: int, code: str) -> Told:
    return Told(status, json={"error": {"type": "invalid_request", "code": code, "message": "No."}})


HYPERSWITCH = Script(
    settings={"merchant": "merchant_1", "profile": "pro_1"},
    secrets={"hyperswitch.api_key": KEY, "hyperswitch.webhook": SECRET},
    page=_hyper_page,
    deposit=_hyper_payment,
    refund=_hyper_refund,
    payout=_hyper_payout,
    paid_event=lambda order, key: _hyper_event(
        "payment_succeeded", "payment_details", _hyper_payment("succeeded", order), key
    ),
    payout_event=lambda payout, key: _hyper_event(
        "payout_success", "payout_details", _hyper_payout("succeeded", payout), key
    ),
    sign=_hyper_sign,
    refusal=_hyper_refusal,
    technical_code="could_not_process",
    hard_code="IR_05",
    key_of=lambda asked: str(
        asked.json().get("payment_id")
        if asked.path == "/payments"
        else asked.json().get("refund_id") or asked.json().get("payout_id")
    ),
    reference="pay_1",
)

SCRIPTS = {"stripe": STRIPE, "hyperswitch": HYPERSWITCH}


def signed(script: Script, event: dict[str, Any]) -> tuple[bytes, list[tuple[str, str]]]:
    raw = json.dumps(event, separators=(",", ":")).encode()
    return raw, script.sign(raw, SECRET, AT)
