"""BTCPay's words into ours and back. Pure."""

from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from brokerage.payments.amounts import FIAT, Digits, of_major
from brokerage.payments.connector import (
    Asked,
    Event,
    EventKind,
    Hosted,
    Instrument,
    Method,
    State,
    Status,
)
from stoa.connectors import loose, signatures
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import technical
from stoa.connectors.rest import Said

COINS: Final = ("BTC", "LTC")
DIGITS: Final = Digits([*FIAT, *COINS])
INVOICES: Final = MappingProxyType(
    {
        ("New", "PaidPartial"): State.PENDING,
        ("Expired", "PaidPartial"): State.REVIEW,
        ("Expired", "PaidLate"): State.REVIEW,
        ("Settled", "PaidOver"): State.REVIEW,
        ("Settled", "Marked"): State.REVIEW,
        ("Settled", "PaidPartial"): State.REVIEW,
    }
)
PLAIN: Final = MappingProxyType(
    {
        "New": State.CREATED,
        "Processing": State.PENDING,
        "Expired": State.EXPIRED,
        "Invalid": State.FAILED,
        "Settled": State.SUCCEEDED,
    }
)
PAYOUTS: Final = MappingProxyType({"Completed": State.SUCCEEDED, "Cancelled": State.CANCELLED})
EVENTS: Final = MappingProxyType(
    {
        "InvoiceCreated": State.CREATED,
        "InvoiceReceivedPayment": State.PENDING,
        "InvoiceProcessing": State.PENDING,
        "InvoicePaymentSettled": State.PENDING,
        "InvoiceExpired": State.EXPIRED,
        "InvoiceInvalid": State.FAILED,
        "InvoiceSettled": State.SUCCEEDED,
    }
)


def page_of(said: Said) -> Asked:
    url, reference = text(said.get("checkoutLink")), text(said.get("id"))
    if not url or not reference:
        return technical("no-page", "the server gave no page to pay on")
    return Hosted(reference, url, loose.unix(said.get("expirationTime")))


def invoice_of(said: Said) -> Status:
    raw, more = text(said.get("status")), text(said.get("additionalStatus"))
    state = INVOICES.get((raw, more)) or PLAIN.get(raw, State.PENDING)
    came = state is State.SUCCEEDED
    return Status(
        reference=text(said.get("id")),
        state=state,
        raw=f"{raw}/{more}",
        money=of_major(said.get("amount"), said.get("currency")),
        our_id=text(mapping(said.get("metadata")).get("id")),
        instrument=Instrument(method=Method.CRYPTO, network="bitcoin") if came else None,
    )


def payout_of(said: Said) -> Status:
    raw = text(said.get("state"))
    currency = said.get("payoutCurrency") or said.get("originalCurrency")
    return Status(
        reference=text(said.get("id")),
        state=PAYOUTS.get(raw, State.PENDING),
        raw=raw,
        money=of_major(said.get("payoutAmount") or said.get("originalAmount"), currency),
        our_id=text(mapping(said.get("metadata")).get("id")),
    )


def event_of(raw: bytes) -> Event:
    """One delivery; a redelivery bears the first one's id."""
    body = loose.document(raw)
    kind = text(body.get("type"))
    key = text(body.get("originalDeliveryId") or body.get("deliveryId"))
    told: dict[str, Any] = {
        "provider_event_id": key or signatures.digest_of(raw),
        "raw": kind,
        "our_id": text(mapping(body.get("metadata")).get("id")),
        "at": loose.unix(body.get("timestamp")),
    }
    if kind in EVENTS:
        reference = text(body.get("invoiceId"))
        return Event(kind=EventKind.DEPOSIT, reference=reference, state=EVENTS[kind], **told)
    if kind.startswith("Payout"):
        state = PAYOUTS.get(text(body.get("payoutState")), State.PENDING)
        reference = text(body.get("payoutId"))
        return Event(kind=EventKind.PAYOUT, reference=reference, state=state, **told)
    return Event(kind=EventKind.OTHER, reference=text(body.get("invoiceId")), **told)


def decimal_of(thing: object) -> Decimal:
    found = of_major(thing, "BTC")
    return found.amount if found is not None else Decimal(0)
