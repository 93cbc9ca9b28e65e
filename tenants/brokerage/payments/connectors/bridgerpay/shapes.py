"""BridgerPay's words into ours and back. Pure."""

import hashlib
import hmac
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from brokerage.payments.amounts import FIAT, Digits, of_major
from brokerage.payments.connector import (
    Asked,
    Event,
    EventKind,
    Hosted,
    Instrument,
    Method,
    Order,
    Payout,
    State,
    Status,
    ToBank,
)
from stoa.connectors import signatures
from stoa.connectors.loose import mapping, rows, text, whole
from stoa.connectors.outcomes import Refusing, technical
from stoa.connectors.rest import Fault, Said
from stoa.kernel.refusals import Invalid

DIGITS: Final = Digits(FIAT)
SHORT: Final = "insufficient-balance"
LANGUAGES: Final = frozenset("en fr es ar ru pt".split())
# A declined payment may be tried again in the same session, with another card.
STATES: Final = MappingProxyType(
    {
        "init": State.CREATED,
        "approved": State.SUCCEEDED,
        "declined": State.PENDING,
        "refunded": State.REFUNDED,
        "chargeback": State.CHARGED_BACK,
        "voided": State.CANCELLED,
    }
)
PAYOUTS: Final = MappingProxyType({"approved": State.SUCCEEDED, "declined": State.FAILED})


def mark_of(secret: str, order: str) -> str:
    """What an order carries as its payload, and each notice of it brings back."""
    return hmac.new(secret.encode(), order.encode(), hashlib.sha256).hexdigest()


def fault_of(said: Said) -> Fault:
    """An error's sentence, or the field at fault."""
    told = mapping(said.get("response"))
    fields = rows(said.get("result"))
    why = ", ".join(text(one.get("field")) for one in fields if text(one.get("field")))
    code = text(told.get("type")) or text(told.get("status"))
    message = text(told.get("message"))
    if "insufficient" in message.lower():
        return SHORT, message
    return ("field" if why else code), why or message


def session_of(order: Order, cashier: str, payload: str) -> Said:
    """Raises Invalid for an amount the cashier cannot take."""
    payer = order.payer
    first, _, last = payer.name.partition(" ")
    body: Said = {
        "cashier_key": cashier,
        "order_id": str(order.id),
        "currency": order.money.currency,
        "country": payer.country,
        "amount": msgspec.Raw(DIGITS.major(order.money).encode()),
        "currency_lock": True,
        "amount_lock": True,
        "language": payer.language if payer.language in LANGUAGES else "en",
        "payload": payload,
        "tracking_id": order.reference,
    }
    told = {"first_name": first, "last_name": last, "email": payer.email, "phone": payer.phone}
    return body | {name: value for name, value in told.items() if value}


def page_of(said: Said, order: UUID, checkout: str, cashier: str) -> Asked:
    token = text(mapping(said.get("result")).get("cashier_token"))
    if not token:
        return technical("no-page", "the provider gave no page to pay on")
    query = urlencode({"cashierKey": cashier, "cashierToken": token})
    return Hosted(str(order), f"{checkout}?{query}")


def deposit_of(one: Said) -> Status:
    """A payment as BridgerPay tells it when it is asked."""
    raw, order = text(one.get("status")).lower(), text(one.get("merchant_order_id"))
    state = STATES.get(raw, State.PENDING)
    declined = raw == "declined"
    card = text(one.get("last_four_digits"))
    return Status(
        reference=order,
        state=state,
        raw=raw or "none",
        money=of_major(one.get("amount"), one.get("currency")),
        our_id=order,
        payment=text(one.get("id")) or text(one.get("transaction_id")),
        decline=Refusing.HARD if declined else None,
        code=text(one.get("decline_reason")) or text(one.get("decline_code")) if declined else "",
        instrument=Instrument(method=Method.CARD, brand=text(one.get("card_type")), last4=card[-4:])
        if state.money_came and card
        else None,
    )


def payout_of(one: Said) -> Status:
    raw = text(one.get("status")).lower()
    return Status(
        reference=text(one.get("id")),
        state=PAYOUTS.get(raw, State.PENDING),
        raw=raw,
        money=of_major(one.get("amount"), one.get("currency")),
        our_id=text(one.get("merchant_order_id")),
        code=(text(one.get("decline_reason")) or text(one.get("decline_code")))
        if raw == "declined"
        else "",
    )


def order_of(payout: Payout, provider: str) -> Said:
    """Raises Invalid for a destination that is no bank account."""
    to = payout.destination
    number = to.iban or to.account_number if isinstance(to, ToBank) else ""
    if not isinstance(to, ToBank) or not number:
        raise Invalid("This provider pays to bank accounts.")
    first, _, last = payout.payer.name.partition(" ")
    metadata = {
        "bankCode": to.bic or to.sort_code or to.routing_number,
        "bankName": to.bank_name,
        "bankRoutingNumber": to.routing_number,
        "bankAccountNumber": number,
        "bankAccountName": payout.payer.name,
        "phone": payout.payer.phone,
        "customerFirstName": first,
        "customerLastName": last or first,
        "email": payout.payer.email,
    }
    return {
        "order_id": str(payout.id),
        "provider": provider,
        "country": to.country,
        "currency": payout.money.currency,
        "amount": msgspec.Raw(DIGITS.major(payout.money).encode()),
        "payout_method_type": "bank_account",
        "metadata": {name: value for name, value in metadata.items() if value},
    }


def event_of(body: Said, raw: bytes) -> Event:
    """A notice: its kind, its order, and what it says; the provider is asked before it counts."""
    told = mapping(body.get("data"))
    kind = text(mapping(body.get("webhook")).get("type"))
    charge = mapping(told.get("charge"))
    one = mapping(charge.get("attributes"))
    order = text(told.get("order_id"))
    state = STATES.get(kind) if kind in STATES and kind != "init" else None
    declined = kind == "declined"
    at = whole(one.get("created_at")) or 0
    key = text(charge.get("id")) or signatures.digest_of(raw)
    return Event(
        provider_event_id=f"{kind}|{order}|{key}|{at}"[:160],
        kind=EventKind.DEPOSIT if state is not None else EventKind.OTHER,
        reference=order,
        raw=kind,
        our_id=order,
        payment=text(charge.get("id")),
        state=state,
        money=of_major(one.get("amount"), one.get("currency")),
        decline=Refusing.HARD if declined else None,
        code=text(one.get("decline_reason")) if declined else "",
    )
