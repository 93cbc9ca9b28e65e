"""Stripe's objects and events into ours. Pure."""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from brokerage.payments.connector import (
    DisputeStage,
    Event,
    EventKind,
    Instrument,
    Method,
    State,
    Status,
)
from brokerage.payments.connectors.stripe import amounts
from brokerage.payments.connectors.stripe.calls import Said, decline_of
from stoa.connectors import loose, signatures
from stoa.connectors.loose import mapping, rows, text
from stoa.kernel.money import Money

_REFUNDS: Final = MappingProxyType(
    {
        "succeeded": State.SUCCEEDED,
        "failed": State.FAILED,
        "canceled": State.CANCELLED,
        "pending": State.PENDING,
        "requires_action": State.PENDING,
    }
)
_PAYOUTS: Final = MappingProxyType(
    {
        "paid": State.SUCCEEDED,
        "failed": State.FAILED,
        "canceled": State.CANCELLED,
        "pending": State.PENDING,
        "in_transit": State.PENDING,
    }
)
_STAGES: Final = MappingProxyType(
    {
        "warning_needs_response": DisputeStage.INQUIRY,
        "warning_under_review": DisputeStage.INQUIRY,
        "warning_closed": DisputeStage.WON,
        "won": DisputeStage.WON,
        "lost": DisputeStage.LOST,
    }
)


def deposit(session: Said) -> Status:
    """A Checkout session, with its payment intent and charge where they were expanded."""
    paying = mapping(session.get("payment_intent"))
    charge = mapping(paying.get("latest_charge"))
    error = mapping(paying.get("last_payment_error"))
    received = paying.get("amount_received") if paying else None
    return Status(
        reference=text(session.get("id")),
        state=_deposit_state(session, charge),
        raw=f"{session.get('status')}/{session.get('payment_status')}",
        money=_money(received or session.get("amount_total"), session.get("currency")),
        our_id=_our_id(session),
        decline=decline_of(error) if error else None,
        code=text(error.get("decline_code") or error.get("code")),
        instrument=_instrument(charge) if charge.get("paid") else None,
        payment=_id(paying or session.get("payment_intent")),
    )


def refund(one: Said) -> Status:
    return _sent(one, _REFUNDS, "failure_reason")


def payout(one: Said) -> Status:
    return _sent(one, _PAYOUTS, "failure_code")


def events(raw: bytes) -> list[Event]:
    """One event, or OTHER for what we do not know; nothing that was signed is thrown away."""
    body = loose.document(raw)
    thing = mapping(mapping(body.get("data")).get("object"))
    kind = text(body.get("type"))
    known = next((make for start, make in _EVENTS if kind.startswith(start)), _other)
    event = known(kind, thing)
    key = text(body.get("id")) or signatures.digest_of(raw)
    return [
        msgspec.structs.replace(event, provider_event_id=key, at=loose.unix(body.get("created")))
    ]


def _session_event(kind: str, session: Said) -> Event:
    status = deposit(session)
    state = State.FAILED if kind.endswith("async_payment_failed") else status.state
    return _event(
        kind,
        EventKind.DEPOSIT,
        session,
        state=state,
        money=status.money,
        payment=_id(session.get("payment_intent")),
    )


def _attempt_event(kind: str, paying: Said) -> Event:
    """A card was declined on the page; the session stays open for another."""
    error = mapping(paying.get("last_payment_error"))
    return msgspec.structs.replace(
        _event(kind, EventKind.DEPOSIT, paying, state=State.PENDING, payment=_id(paying)),
        reference="",
        decline=decline_of(error),
        code=text(error.get("decline_code") or error.get("code")),
    )


def _charge_event(kind: str, charge: Said) -> Event:
    """Given back, in part or whole, by us or by someone at the provider's own screens."""
    state = State.REFUNDED if charge.get("refunded") else State.PART_REFUNDED
    event = _event(
        kind,
        EventKind.DEPOSIT,
        charge,
        state=state,
        money=_money(charge.get("amount_captured"), charge.get("currency")),
        payment=_id(charge.get("payment_intent")),
    )
    return msgspec.structs.replace(event, reference="")


def _dispute_event(kind: str, dispute: Said) -> Event:
    stage = _STAGES.get(text(dispute.get("status")), DisputeStage.CHARGEBACK)
    took = [
        one
        for one in rows(dispute.get("balance_transactions"))
        if (loose.whole(one.get("amount")) or 0) < 0
    ]
    taken = took[-1] if took else {}
    return _event(
        kind,
        EventKind.DISPUTE,
        dispute,
        stage=stage,
        money=_money(dispute.get("amount"), dispute.get("currency")),
        payment=_id(dispute.get("payment_intent")),
        code=text(dispute.get("reason")),
        due=loose.unix(mapping(dispute.get("evidence_details")).get("due_by")),
        debited=_money(-(loose.whole(taken.get("amount")) or 0) or None, taken.get("currency")),
        fee=_money(loose.whole(taken.get("fee")) or None, taken.get("currency")),
    )


def listed_dispute(dispute: Said, now: datetime) -> Event:
    """A dispute as a list tells it now: one event for each status it is seen in."""
    key = f"listed|{_id(dispute)}|{text(dispute.get('status'))}"
    event = _dispute_event("dispute.listed", dispute)
    return msgspec.structs.replace(event, provider_event_id=key, at=now)


def _refund_event(kind: str, one: Said) -> Event:
    status = refund(one)
    return _event(
        kind,
        EventKind.REFUND,
        one,
        state=status.state,
        money=status.money,
        payment=_id(one.get("payment_intent")),
        code=status.code,
    )


def _payout_event(kind: str, one: Said) -> Event:
    status = payout(one)
    # Stripe calls a payout failed also when the bank sends back what had been paid.
    return _event(
        kind,
        EventKind.PAYOUT,
        one,
        state=status.state,
        money=status.money,
        decline=status.decline,
        code=status.code,
    )


def _other(kind: str, thing: Said) -> Event:
    return _event(kind, EventKind.OTHER, thing)


_EVENTS: Final[tuple[tuple[str, Callable[[str, Said], Event]], ...]] = (
    ("checkout.session.", _session_event),
    ("payment_intent.payment_failed", _attempt_event),
    ("charge.refunded", _charge_event),
    ("charge.dispute.", _dispute_event),
    ("refund.", _refund_event),
    ("charge.refund.", _refund_event),
    ("payout.", _payout_event),
)


def _event(kind: str, what: EventKind, thing: Said, **more: Any) -> Event:
    return Event(
        provider_event_id="",
        kind=what,
        reference=_id(thing),
        raw=kind,
        our_id=_our_id(thing),
        **more,
    )


def _deposit_state(session: Said, charge: Said) -> State:
    if session.get("payment_status") == "paid":
        given_back = charge.get("amount_refunded")
        if charge.get("refunded"):
            return State.REFUNDED
        return State.PART_REFUNDED if given_back else State.SUCCEEDED
    match session.get("status"):
        case "expired":
            return State.EXPIRED
        case "open":
            return State.CREATED
        case _:
            return State.PENDING


def _sent(one: Said, states: MappingProxyType[str, State], failure: str) -> Status:
    raw = text(one.get("status"))
    code = text(one.get(failure))
    return Status(
        reference=_id(one),
        state=states.get(raw, State.PENDING),
        raw=raw,
        money=_money(one.get("amount"), one.get("currency")),
        our_id=_our_id(one),
        decline=decline_of({"code": code}) if code else None,
        code=code,
    )


def _instrument(charge: Said) -> Instrument:
    card = mapping(mapping(charge.get("payment_method_details")).get("card"))
    return Instrument(
        method=Method.CARD,
        token=_id(charge.get("payment_method")),
        brand=text(card.get("brand")),
        last4=text(card.get("last4")),
        fingerprint=text(card.get("fingerprint")),
        holder=text(mapping(charge.get("billing_details")).get("name")),
        country=text(card.get("country")),
        three_ds=text(mapping(card.get("three_d_secure")).get("result")),
    )


def _money(minor: object, currency: object) -> Money | None:
    whole = loose.whole(minor)
    try:
        return None if whole is None else amounts.of_minor(whole, text(currency))
    except KeyError:
        return None


def _our_id(thing: Said) -> str:
    return text(mapping(thing.get("metadata")).get("id"))


def _id(thing: object) -> str:
    """An object's id, whether it was expanded or is only named."""
    return text(mapping(thing).get("id")) or text(thing)
