"""Praxis's words into ours and back. Pure."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Final

from brokerage.payments.amounts import FIAT, Digits
from brokerage.payments.connector import (
    DisputeStage,
    Event,
    EventKind,
    Instrument,
    Method,
    State,
    Status,
)
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import Refusing
from stoa.connectors.rest import Said
from stoa.kernel.money import Money

DIGITS: Final = Digits(FIAT)
STATES: Final = MappingProxyType(
    {
        "initialized": State.CREATED,
        "approved": State.SUCCEEDED,
        "rejected": State.PENDING,
        "error": State.PENDING,
        "cancelled": State.CANCELLED,
        "refund": State.REFUNDED,
        "chargeback": State.CHARGED_BACK,
    }
)
# What a notification and a check are signed over, in this order.
NOTICE: Final = (
    ("merchant_id",),
    ("application_key",),
    ("timestamp",),
    ("customer", "customer_token"),
    ("session", "order_id"),
    ("transaction", "tid"),
    ("transaction", "currency"),
    ("transaction", "amount"),
    ("transaction", "conversion_rate"),
    ("transaction", "processed_currency"),
    ("transaction", "processed_amount"),
)
CHECK: Final = (
    *NOTICE[:5],
    ("transaction_attempt", "currency"),
    ("transaction_attempt", "amount"),
    ("transaction_attempt", "conversion_rate"),
    ("transaction_attempt", "attempted_currency"),
    ("transaction_attempt", "attempted_amount"),
)


def signed(fields: Iterable[object], secret: str) -> str:
    """SHA-384 of the values one after another and the secret last; nothing stands for nothing."""
    joined = "".join(word_of(one) for one in fields)
    return hashlib.sha384((joined + secret).encode()).hexdigest()


def word_of(thing: object) -> str:
    if thing is None:
        return ""
    if isinstance(thing, bool):
        return "1" if thing else ""
    if isinstance(thing, float) and thing.is_integer():
        return str(int(thing))
    return str(thing)


def part_of(body: Said, path: tuple[str, ...]) -> object:
    thing: object = body
    for name in path:
        thing = mapping(thing).get(name)
    return thing


def money_of(one: Said) -> Money | None:
    """What was processed, where the cashier changed the currency on the way."""
    currency = text(one.get("processed_currency")) or text(one.get("currency"))
    processed = one.get("processed_amount")
    return DIGITS.of_minor(one.get("amount") if processed is None else processed, currency)


def transaction_of(one: Said, session: Said) -> Status:
    raw = text(one.get("transaction_status"))
    state = STATES.get(raw, State.PENDING)
    declined = raw in {"rejected", "error"}
    order = text(session.get("order_id"))
    card = mapping(one.get("card"))
    number = text(card.get("card_number"))
    if not raw:
        state, raw = State.CREATED, text(session.get("session_status")) or "open"
    return Status(
        reference=order,
        state=state,
        raw=raw,
        money=money_of(one) or DIGITS.of_minor(session.get("amount"), session.get("currency")),
        our_id=order,
        decline=decline_of(raw) if declined else None,
        code=text(one.get("status_code")) if declined else "",
        instrument=Instrument(
            method=Method.CARD,
            token=text(card.get("card_token")),
            brand=text(card.get("card_type")),
            last4=number[-4:],
            country=text(card.get("card_issuer_country")),
        )
        if state.money_came and card
        else None,
    )


def decline_of(raw: str) -> Refusing:
    return Refusing.TECHNICAL if raw == "error" else Refusing.HARD


def notice_of(body: Said, at: datetime) -> Event:
    one, session = mapping(body.get("transaction")), mapping(body.get("session"))
    status = transaction_of(one, session)
    deposit = text(one.get("transaction_type") or "sale") in {"sale", "authorize", "authorization"}
    if status.state is State.CHARGED_BACK:
        return Event(
            provider_event_id=f"{one.get('tid')}|{status.raw}",
            kind=EventKind.DISPUTE,
            reference=status.reference,
            raw=f"{one.get('transaction_type') or 'sale'}.{status.raw}",
            our_id=status.our_id,
            payment=str(one.get("tid") or ""),
            stage=DisputeStage.CHARGEBACK,
            money=status.money,
            code=status.code,
            at=at,
            numbered=False,
            debited=status.money,
        )
    return Event(
        provider_event_id=f"{one.get('tid')}|{status.raw}",
        kind=EventKind.DEPOSIT if deposit else EventKind.OTHER,
        reference=status.reference,
        raw=f"{one.get('transaction_type') or 'sale'}.{status.raw}",
        our_id=status.our_id,
        payment=str(one.get("tid") or ""),
        state=status.state,
        money=status.money,
        decline=status.decline,
        code=status.code,
        at=at,
    )


def check_of(body: Said) -> Event:
    one, order = (
        mapping(body.get("transaction_attempt")),
        text(part_of(body, ("session", "order_id"))),
    )
    return Event(
        provider_event_id="",
        kind=EventKind.CHECK,
        reference=order,
        raw="validation",
        our_id=order,
        money=DIGITS.of_minor(one.get("amount"), one.get("currency")),
    )
