"""NOWPayments' words into ours and back. Pure."""

from types import MappingProxyType
from typing import Final

from brokerage.payments.amounts import CRYPTO, Digits, of_major
from brokerage.payments.connector import (
    Asked,
    Event,
    EventKind,
    Instructions,
    Instrument,
    Method,
    State,
    Status,
)
from brokerage.payments.receiving.port import Arrival, Place
from brokerage.payments.source.port import Transfer
from stoa.connectors import loose, signatures
from stoa.connectors.loose import rows, text
from stoa.connectors.outcomes import Refused, technical
from stoa.connectors.rest import Said
from stoa.theming.texts import N_

DIGITS: Final = Digits(["USD", "EUR", "GBP", "CAD", "AUD", *CRYPTO])
STATES: Final = MappingProxyType(
    {
        "waiting": State.CREATED,
        "confirming": State.PENDING,
        "confirmed": State.PENDING,
        "sending": State.PENDING,
        "partially_paid": State.REVIEW,
        "finished": State.SUCCEEDED,
        "failed": State.FAILED,
        "expired": State.EXPIRED,
        "refunded": State.REFUNDED,
    }
)
PAYOUTS: Final = MappingProxyType(
    {
        "creating": State.CREATED,
        "waiting": State.CREATED,
        "processing": State.PENDING,
        "sending": State.PENDING,
        "finished": State.SUCCEEDED,
        "failed": State.FAILED,
        "rejected": State.FAILED,
    }
)


def id_of(thing: object) -> str:
    """Their ids come as numbers or as text."""
    return str(thing)[:80] if isinstance(thing, int | float | str) else ""


def asked_of(said: Said, coin: str, asset: str) -> Asked:
    reference, address = id_of(said.get("payment_id")), text(said.get("pay_address"))
    due = of_major(said.get("pay_amount"), asset)
    if not reference or not address or due is None:
        return technical("no-address", "the provider gave no address to pay to")
    network = text(said.get("network")) or coin
    lines = [
        (N_("Send exactly"), f"{format(due.amount.normalize(), 'f')} {asset}"),
        (N_("To this address"), address),
        (N_("Network"), network.upper()),
    ]
    if memo := text(said.get("payin_extra_id")):
        lines.append((N_("Memo or tag"), memo))
    until = loose.iso(said.get("expiration_estimate_date"))
    return Instructions(reference, tuple(lines), address, until)


def payment_of(said: Said, coin: str, asset: str) -> Status:
    raw = text(said.get("payment_status"))
    state = STATES.get(raw, State.PENDING)
    ordered = of_major(said.get("price_amount"), said.get("price_currency"))
    came = of_major(said.get("actually_paid"), asset)
    due = of_major(said.get("pay_amount"), asset)
    if state is State.SUCCEEDED and came and due and came > due:
        state = State.REVIEW  # More than was asked for: a person decides what of it is whose.
    network = text(said.get("network")) or coin
    paid = Instrument(method=Method.CRYPTO, brand=asset, network=network)
    return Status(
        reference=id_of(said.get("payment_id")),
        state=state,
        raw=raw,
        money=came if state is State.REVIEW else ordered,
        our_id=text(said.get("order_id")),
        instrument=paid if state.money_came else None,
    )


def event_of(body: Said, raw: bytes, coin: str, asset: str) -> Event:
    if "batch_withdrawal_id" in body:
        return _paid_out(body)
    status = payment_of(body, coin, asset)
    parts = [id_of(body.get(name)) for name in ("payment_id", "payment_status", "actually_paid")]
    deposit = bool(status.reference and status.raw)
    return Event(
        provider_event_id="|".join(parts) if deposit else signatures.digest_of(raw),
        kind=EventKind.DEPOSIT if deposit else EventKind.OTHER,
        reference=status.reference,
        raw=status.raw,
        our_id=status.our_id,
        state=status.state,
        money=None if status.state is State.REVIEW else status.money,
    )


def _paid_out(body: Said) -> Event:
    """Their example has no id of ours in it, so that the reference has to do."""
    status = payout_of(body, "")
    return Event(
        provider_event_id=f"payout|{status.reference}|{status.raw}",
        kind=EventKind.PAYOUT,
        reference=status.reference,
        raw=f"payout.{status.raw}",
        our_id=status.our_id,
        state=status.state,
    )


def payout_of(one: Said, asset: str) -> Status:
    raw = text(one.get("status")).lower()
    state = PAYOUTS.get(raw, State.PENDING)
    return Status(
        reference=id_of(one.get("id")),
        state=state,
        raw=raw,
        money=of_major(one.get("amount"), asset) if asset else None,
        our_id=text(one.get("unique_external_id")),
        code=text(one.get("error"))[:80] or raw if state is State.FAILED else "",
    )


def created_of(said: Said, asset: str) -> tuple[str, Status]:
    """The batch to be confirmed and its only payout."""
    one = next(iter(rows(said.get("withdrawals"))), {})
    return id_of(said.get("id")), payout_of(one, asset)


def place_of(said: Said) -> Place | Refused:
    reference, address = id_of(said.get("payment_id")), text(said.get("pay_address"))
    if not reference or not address:
        return technical("no-address", "the provider gave no address to pay to")
    return Place(reference=reference, address=address, memo=text(said.get("payin_extra_id")))


def arrival_of(said: Said, asset: str) -> Arrival | None:
    """One payment to an address; None while nothing was sent to it.

    `partially_paid` and `finished` speak of a price; here all that came was meant.
    """
    raw, came = text(said.get("payment_status")), of_major(said.get("actually_paid"), asset)
    state = STATES.get(raw, State.PENDING)
    if state.money_came:
        state = State.SUCCEEDED
    elif not state.open:
        state = State.FAILED
    transfer = id_of(said.get("payment_id"))
    if not transfer or not came:
        return None
    return Arrival(
        transfer=transfer, state=state, raw=raw, money=came, hash=text(said.get("payin_hash"))
    )


def transfers_of(said: Said, asset: str, network: str) -> list[Transfer]:
    """By what a payment was paid: one transfer, told once it is seen."""
    hashed, address = text(said.get("payin_hash")), text(said.get("pay_address"))
    if not hashed or not address:
        return []
    return [Transfer(hash=hashed, address=address, asset=asset, network=network)]
