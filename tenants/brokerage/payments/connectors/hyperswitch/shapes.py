"""Hyperswitch's objects and events into ours. Pure."""

from types import MappingProxyType
from typing import Final

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
from brokerage.payments.connectors.hyperswitch.calls import Said, decline_of
from stoa.connectors import loose, signatures
from stoa.connectors.loose import mapping, text
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money

_PAYMENTS: Final = MappingProxyType(
    {
        "requires_payment_method": State.CREATED,
        "requires_confirmation": State.CREATED,
        "expired": State.EXPIRED,
        "cancelled": State.CANCELLED,
        "failed": State.FAILED,
        "partially_captured": State.REVIEW,
        "succeeded": State.SUCCEEDED,
        "cancelled_post_capture": State.REFUNDED,
    }
)
_REFUNDS: Final = MappingProxyType({"succeeded": State.SUCCEEDED, "failed": State.FAILED})
_PAYOUTS: Final = MappingProxyType(
    {
        "success": State.SUCCEEDED,
        "failed": State.FAILED,
        "ineligible": State.FAILED,
        "cancelled": State.CANCELLED,
        "expired": State.EXPIRED,
        "reversed": State.RETURNED,
    }
)
_STAGES: Final = MappingProxyType(
    {
        "dispute_won": DisputeStage.WON,
        "dispute_cancelled": DisputeStage.REVERSED,
        "dispute_lost": DisputeStage.LOST,
        "dispute_accepted": DisputeStage.LOST,
        "dispute_expired": DisputeStage.LOST,
    }
)

_PHASES: Final = MappingProxyType(
    {
        "pre_dispute": DisputeStage.INQUIRY,
        "dispute": DisputeStage.CHARGEBACK,
        "pre_arbitration": DisputeStage.PRE_ARBITRATION,
        "arbitration": DisputeStage.PRE_ARBITRATION,
    }
)


def payment(one: Said) -> Status:
    """A payment; `money` is what was received, once anything was."""
    received = loose.whole(one.get("amount_received")) or 0
    code = text(one.get("error_code"))
    return Status(
        reference=text(one.get("payment_id")),
        state=_payment_state(text(one.get("status")), received),
        raw=text(one.get("status")),
        money=_money(received or one.get("amount"), one.get("currency")),
        our_id=_our_id(one),
        decline=decline_of(code) if code and one.get("status") == "failed" else None,
        code=code,
        instrument=_instrument(one),
    )


def refund(one: Said) -> Status:
    return _sent(one, "refund_id", _REFUNDS)


def payout(one: Said) -> Status:
    return _sent(one, "payout_id", _PAYOUTS)


def events(raw: bytes, merchant: str) -> list[Event]:
    """One event; of a kind we do not know it is OTHER, and of another merchant it is forged."""
    body = loose.document(raw)
    if merchant and body.get("merchant_id") != merchant:
        raise Forged("The callback is for another merchant.")
    content = mapping(body.get("content"))
    thing = mapping(content.get("object"))
    kind = text(body.get("event_type"))
    event = _read(text(content.get("type")), kind, thing)
    key = text(body.get("event_id")) or signatures.digest_of(raw)
    return [
        msgspec.structs.replace(event, provider_event_id=key, at=loose.iso(body.get("timestamp")))
    ]


def _read(content: str, kind: str, thing: Said) -> Event:
    match content:
        case "payment_details":
            return _of_status(kind, EventKind.DEPOSIT, payment(thing))
        case "refund_details":
            status = refund(thing)
            paid = text(thing.get("payment_id"))
            return _of_status(kind, EventKind.REFUND, status, payment=paid)
        case "payout_details":
            return _of_status(kind, EventKind.PAYOUT, payout(thing))
        case "dispute_details":
            return _dispute(kind, thing)
        case _:
            return Event(provider_event_id="", kind=EventKind.OTHER, reference="", raw=kind)


def _dispute(kind: str, thing: Said) -> Event:
    amount = text(thing.get("amount"))
    minor = int(amount) if amount.isascii() and amount.isdigit() else None
    return Event(
        provider_event_id="",
        kind=EventKind.DISPUTE,
        reference=text(thing.get("dispute_id")),
        raw=kind,
        payment=text(thing.get("payment_id")),
        stage=_STAGES.get(text(thing.get("dispute_status"))) or _open_stage(thing),
        money=_money(minor, thing.get("currency")),
        code=text(thing.get("connector_reason")),
        due=loose.iso(thing.get("challenge_required_by")),
    )


def _open_stage(thing: Said) -> DisputeStage:
    """Not decided yet: how far it has gone. A stage we do not know counts as money taken."""
    return _PHASES.get(text(thing.get("dispute_stage")), DisputeStage.CHARGEBACK)


def _of_status(kind: str, what: EventKind, status: Status, payment: str = "") -> Event:
    return Event(
        provider_event_id="",
        kind=what,
        reference=status.reference,
        raw=kind,
        our_id=status.our_id,
        payment=payment or (status.reference if what is EventKind.DEPOSIT else ""),
        state=status.state,
        money=status.money,
        decline=status.decline,
        code=status.code,
    )


def _payment_state(raw: str, received: int) -> State:
    if raw == "requires_merchant_action":
        return State.REVIEW if received else State.PENDING
    return _PAYMENTS.get(raw, State.PENDING)


def _sent(one: Said, key: str, states: MappingProxyType[str, State]) -> Status:
    raw = text(one.get("status"))
    code = text(one.get("error_code"))
    return Status(
        reference=text(one.get(key)),
        state=states.get(raw, State.PENDING),
        raw=raw,
        money=_money(one.get("amount"), one.get("currency")),
        our_id=_our_id(one),
        decline=decline_of(code) if code else None,
        code=code,
    )


def _instrument(one: Said) -> Instrument | None:
    told = mapping(one.get("payment_method_data"))
    if card := mapping(told.get("card")):
        return Instrument(
            method=Method.CARD,
            token=text(one.get("payment_method_id")),
            brand=text(card.get("card_network")),
            last4=text(card.get("last4")),
            holder=text(card.get("card_holder_name")),
            country=text(card.get("card_issuing_country")),
        )
    if coin := mapping(told.get("crypto")):
        return Instrument(
            method=Method.CRYPTO,
            brand=text(coin.get("pay_currency")),
            network=text(coin.get("network")),
        )
    return None


def _money(minor: object, currency: object) -> Money | None:
    whole = loose.whole(minor)
    try:
        return None if whole is None else Money.of_minor(whole, text(currency))
    except KeyError:
        return None


def _our_id(thing: Said) -> str:
    return text(mapping(thing.get("metadata")).get("id"))
