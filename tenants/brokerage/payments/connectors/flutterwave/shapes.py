"""Flutterwave's words into ours and back. Pure."""

from types import MappingProxyType
from typing import Final

import msgspec

from brokerage.payments.amounts import Digits, of_major
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
    ToWallet,
)
from stoa.connectors import loose, signatures
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import technical
from stoa.connectors.rest import Fault, Said
from stoa.kernel.refusals import Invalid

DIGITS: Final = Digits("NGN GHS KES UGX TZS ZAR RWF XAF XOF USD EUR GBP EGP".split())
CHARGES: Final = MappingProxyType(
    {"successful": State.SUCCEEDED, "failed": State.PENDING, "reversed": State.REFUNDED}
)
TRANSFERS: Final = MappingProxyType({"successful": State.SUCCEEDED, "failed": State.FAILED})
MISSING: Final = ("no transaction was found", "not found")
DUPLICATE: Final = "already exist"


def fault_of(said: Said) -> Fault:
    """Errors have a sentence and no code; ours stand for the few that matter."""
    message = text(said.get("message"))
    plain = message.lower()
    if any(words in plain for words in MISSING):
        return "not-found", message
    if DUPLICATE in plain:
        return "duplicate", message
    if "insufficient" in plain and "balance" in plain:
        return "insufficient-balance", message
    return "", message


def transfer_of(payout: Payout, amount: str) -> Said:
    """Raises Invalid for a destination Flutterwave cannot pay."""
    to = payout.destination
    body: Said = {
        "amount": msgspec.Raw(amount.encode()),
        "currency": payout.money.currency,
        "narration": payout.reference,
        "reference": str(payout.id),
        "debit_currency": payout.money.currency,
        "beneficiary_name": payout.payer.name,
    }
    match to:
        case ToBank() if to.account_number and to.routing_number:
            return body | {"account_bank": to.routing_number, "account_number": to.account_number}
        case ToWallet() if to.method is Method.MOBILE and to.operator:
            number = to.account.removeprefix("+")
            return body | {"account_bank": to.operator, "account_number": number}
        case _:
            raise Invalid("This provider pays to bank accounts with a bank code.")


def page_of(said: Said, order: Order) -> Asked:
    url = text(mapping(said.get("data")).get("link"))
    if said.get("status") != "success" or not url:
        return technical("no-page", "the provider gave no page to pay on")
    return Hosted(str(order.id), url)


def charge_of(one: Said) -> Status:
    raw = text(one.get("status")).lower()
    card = mapping(one.get("card"))
    state = CHARGES.get(raw, State.PENDING)
    paid = Instrument(
        method=Method.CARD if card else Method.BANK,
        token=text(card.get("token")),
        brand=text(card.get("type")),
        last4=text(card.get("last_4digits")),
        country=text(card.get("country"))[:2],
    )
    return Status(
        reference=text(one.get("tx_ref")),
        state=state,
        raw=raw,
        money=of_major(one.get("amount"), one.get("currency")),
        our_id=text(one.get("tx_ref")),
        code=text(one.get("processor_response")) if raw == "failed" else "",
        instrument=paid if state.money_came else None,
    )


def moved_of(said: Said) -> Status:
    return transferred_of(mapping(said.get("data")))


def transferred_of(one: Said) -> Status:
    raw, key = text(one.get("status")).lower(), one.get("id")
    return Status(
        reference=str(key) if isinstance(key, str | int) else "",
        state=TRANSFERS.get(raw, State.PENDING),
        raw=raw,
        money=of_major(one.get("amount"), one.get("currency")),
        our_id=text(one.get("reference")),
        code=text(one.get("complete_message")) if raw == "failed" else "",
    )


def event_of(raw: bytes) -> Event:
    """Events have no id: kind, object and status together name one."""
    body = loose.document(raw)
    kind, one = text(body.get("event")), mapping(body.get("data"))
    key = one.get("id")
    name = f"{kind}|{key}|{text(one.get('status'))}" if key else signatures.digest_of(raw)
    transfer = kind.startswith("transfer.")
    status = transferred_of(one) if transfer else charge_of(one)
    what = EventKind.PAYOUT if transfer else EventKind.DEPOSIT
    if not (transfer or kind.startswith("charge.")):
        what = EventKind.OTHER
    return Event(
        provider_event_id=name,
        kind=what,
        reference=status.reference,
        raw=kind,
        our_id=status.our_id,
        state=status.state if what is not EventKind.OTHER else None,
        money=status.money,
        code=status.code,
    )
