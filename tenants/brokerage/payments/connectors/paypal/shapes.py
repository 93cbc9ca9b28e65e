"""PayPal's objects and events into ours. Pure."""

from types import MappingProxyType
from typing import Any, Final

from brokerage.payments.amounts import Digits, of_major
from brokerage.payments.connector import (
    DisputeStage,
    Event,
    EventKind,
    Instrument,
    Method,
    State,
    Status,
)
from stoa.connectors import loose, signatures
from stoa.connectors.loose import mapping, rows, text
from stoa.connectors.outcomes import Refusing
from stoa.connectors.rest import Said
from stoa.kernel.money import Money

# Source: PayPal's "Currency codes"; HUF, JPY and TWD carry no decimals there.
CARRIED: Final = (
    "AUD BRL CAD CNY CZK DKK EUR HKD HUF ILS JPY MYR MXN TWD NZD NOK PHP PLN GBP SGD SEK CHF THB USD"
).split()
DIGITS: Final = Digits(CARRIED, {"HUF": 0, "TWD": 0})
TECHNICAL: Final = frozenset(
    {
        "INTERNAL_SERVER_ERROR",
        "INSUFFICIENT_FUNDS",
        "PAYEE_ACCOUNT_RESTRICTED",
        "RATE_LIMIT_REACHED",
        "SERVICE_UNAVAILABLE",
        "TRANSACTION_REFUSED_BY_PAYPAL_RISK",
        "PROCESSING_FAILURE",
    }
)
_CAPTURES: Final = MappingProxyType(
    {
        "COMPLETED": State.SUCCEEDED,
        "PARTIALLY_REFUNDED": State.PART_REFUNDED,
        "REFUNDED": State.REFUNDED,
        "DECLINED": State.PENDING,
        "FAILED": State.PENDING,
    }
)
_REFUNDS: Final = MappingProxyType(
    {"COMPLETED": State.SUCCEEDED, "FAILED": State.FAILED, "CANCELLED": State.CANCELLED}
)
_ITEMS: Final = MappingProxyType(
    {
        "SUCCESS": State.SUCCEEDED,
        "FAILED": State.FAILED,
        "DENIED": State.FAILED,
        "BLOCKED": State.FAILED,
        "CANCELED": State.CANCELLED,
        "RETURNED": State.RETURNED,
        "REFUNDED": State.RETURNED,
        "REVERSED": State.RETURNED,
    }
)

_CYCLE: Final = MappingProxyType(
    {
        "INQUIRY": DisputeStage.INQUIRY,
        "CHARGEBACK": DisputeStage.CHARGEBACK,
        "PRE_ARBITRATION": DisputeStage.PRE_ARBITRATION,
        "ARBITRATION": DisputeStage.PRE_ARBITRATION,
    }
)
_OUTCOMES: Final = MappingProxyType(
    {
        "RESOLVED_SELLER_FAVOUR": DisputeStage.WON,
        "CANCELED_BY_BUYER": DisputeStage.REVERSED,
        "DENIED": DisputeStage.WON,
    }
)


def unit(order: Said) -> Said:
    """The one purchase of our orders."""
    found = rows(order.get("purchase_units"))
    return found[0] if found else {}


def capture(order: Said) -> Said:
    """The newest capture of an order, or an empty one."""
    found = rows(mapping(unit(order).get("payments")).get("captures"))
    return found[-1] if found else {}


def deposit(order: Said) -> Status:
    """An order with its capture: only the capture is money."""
    took, bought = capture(order), unit(order)
    raw = text(took.get("status")) or text(order.get("status"))
    state = _CAPTURES.get(text(took.get("status")), State.PENDING)
    if not took:
        state = State.CANCELLED if order.get("status") == "VOIDED" else State.PENDING
        if order.get("status") in {"CREATED", "PAYER_ACTION_REQUIRED"}:
            state = State.CREATED
    declined = took.get("status") in {"DECLINED", "FAILED"}
    return Status(
        reference=text(order.get("id")),
        state=state,
        raw=raw,
        money=money(took.get("amount")) if took else money(bought.get("amount")),
        our_id=text(took.get("custom_id") or bought.get("custom_id")),
        decline=Refusing.HARD if declined else None,
        code=text(mapping(took.get("status_details")).get("reason")),
        instrument=_instrument(order) if state.money_came else None,
    )


def refund(one: Said) -> Status:
    return Status(
        reference=text(one.get("id")),
        state=_REFUNDS.get(text(one.get("status")), State.PENDING),
        raw=text(one.get("status")),
        money=money(one.get("amount")),
        our_id=text(one.get("custom_id")),
        code=text(mapping(one.get("status_details")).get("reason")),
    )


def accepted(batch: Said) -> Status:
    """The answer to a payout: a batch of one, worked on in PayPal's own time."""
    head = mapping(batch.get("batch_header"))
    raw = text(head.get("batch_status"))
    state = State.FAILED if raw in {"DENIED", "CANCELED"} else State.PENDING
    return Status(reference=text(head.get("payout_batch_id")), state=state, raw=raw)


def payout(batch: Said) -> Status:
    head = accepted(batch)
    items = rows(batch.get("items"))
    if not items:
        return head
    item, error = items[0], mapping(items[0].get("errors"))
    raw, told = text(item.get("transaction_status")), mapping(item.get("payout_item"))
    return Status(
        reference=head.reference,
        state=_ITEMS.get(raw, State.PENDING),
        raw=raw,
        money=money(told.get("amount")),
        our_id=text(told.get("sender_item_id")),
        code=text(error.get("name")),
        decline=sort(text(error.get("name"))) if error else None,
    )


def sort(code: str) -> Refusing:
    return Refusing.TECHNICAL if code in TECHNICAL else Refusing.HARD


def event(raw: bytes) -> Event:
    """One event; what we do not know is kept without effect."""
    body = loose.document(raw)
    kind, thing = text(body.get("event_type")), mapping(body.get("resource"))
    told: Said = {
        "provider_event_id": text(body.get("id")) or signatures.digest_of(raw),
        "raw": kind,
        "at": loose.iso(body.get("create_time")),
    }
    if kind.startswith("CHECKOUT.ORDER."):
        status = deposit(thing)
        return _deposit(told, status, status.reference, "")
    if kind in {"PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.COMPLETED", "PAYMENT.REFUND.FAILED"}:
        return _of(told, EventKind.REFUND, refund(thing), text(thing.get("id")))
    if kind == "PAYMENT.CAPTURE.REVERSED":
        return Event(
            kind=EventKind.DISPUTE,
            reference=text(thing.get("id")),
            payment=text(thing.get("id")),
            stage=DisputeStage.CHARGEBACK,
            money=money(thing.get("amount")),
            numbered=False,
            debited=money(thing.get("amount")),
            **told,
        )
    if kind.startswith("PAYMENT.CAPTURE."):
        return _capture_event(told, thing)
    if kind.startswith("PAYMENT.PAYOUTS-ITEM."):
        return _item_event(told, thing)
    if kind.startswith("CUSTOMER.DISPUTE."):
        return _dispute(told, thing)
    return Event(kind=EventKind.OTHER, reference=text(thing.get("id")), **told)


def _capture_event(told: Said, thing: Said) -> Event:
    related = mapping(mapping(thing.get("supplementary_data")).get("related_ids"))
    custom = {"custom_id": thing.get("custom_id"), "payments": {"captures": [thing]}}
    status = deposit({"id": related.get("order_id"), "purchase_units": [custom]})
    return _deposit(told, status, text(related.get("order_id")), text(thing.get("id")))


def _item_event(told: Said, thing: Said) -> Event:
    batch = {"batch_header": {"payout_batch_id": thing.get("payout_batch_id")}, "items": [thing]}
    return _of(told, EventKind.PAYOUT, payout(batch), text(thing.get("payout_batch_id")))


def _dispute(told: Said, thing: Said) -> Event:
    payment = rows(thing.get("disputed_transactions"))
    outcome = text(mapping(thing.get("dispute_outcome")).get("outcome_code"))
    stage = _CYCLE.get(text(thing.get("dispute_life_cycle_stage")), DisputeStage.CHARGEBACK)
    if thing.get("status") == "RESOLVED":
        stage = _OUTCOMES.get(outcome, DisputeStage.LOST)
    return Event(
        kind=EventKind.DISPUTE,
        reference=text(thing.get("dispute_id")),
        payment=text(payment[0].get("seller_transaction_id")) if payment else "",
        stage=stage,
        money=money(thing.get("dispute_amount")),
        code=text(thing.get("reason")),
        due=loose.iso(thing.get("seller_response_due_date")),
        **told,
    )


def _deposit(told: Said, status: Status, reference: str, payment: str) -> Event:
    return _of(told, EventKind.DEPOSIT, status, reference, payment=payment)


def _of(told: Said, kind: EventKind, status: Status, reference: str, **more: Any) -> Event:
    return Event(
        kind=kind,
        reference=reference,
        our_id=status.our_id,
        state=status.state,
        money=status.money,
        decline=status.decline,
        code=status.code,
        **more,
        **told,
    )


def _instrument(order: Said) -> Instrument:
    payer = mapping(mapping(order.get("payment_source")).get("paypal"))
    name = mapping(payer.get("name"))
    holder = f"{text(name.get('given_name'))} {text(name.get('surname'))}".strip()
    return Instrument(
        method=Method.WALLET,
        token=text(payer.get("account_id")),
        brand="PayPal",
        holder=holder,
        address=text(payer.get("email_address")),
        country=text(mapping(payer.get("address")).get("country_code")),
    )


def money(amount: object) -> Money | None:
    """Orders write `currency_code`, payouts write `currency`."""
    told = mapping(amount)
    return of_major(told.get("value"), told.get("currency_code") or told.get("currency"))
