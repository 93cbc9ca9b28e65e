"""Paystack's words into ours and back. Pure."""

from types import MappingProxyType
from typing import Any, Final

from brokerage.payments.amounts import Digits
from brokerage.payments.connector import (
    Asked,
    DisputeStage,
    Event,
    EventKind,
    Hosted,
    Instrument,
    Method,
    Payout,
    State,
    Status,
    ToBank,
    ToWallet,
)
from stoa.connectors import loose, signatures
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import (
    Refusing,
    technical,
)
from stoa.connectors.rest import Said
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid

# Source: Paystack's "Supported currency": all times 100, XOF too although it has no cents.
DIGITS: Final = Digits(["NGN", "GHS", "ZAR", "KES", "USD", "XOF"], {"XOF": 2})
CHARGES: Final = MappingProxyType(
    {
        "success": State.SUCCEEDED,
        "reversed": State.REFUNDED,
        "abandoned": State.CREATED,
        "failed": State.PENDING,
    }
)
MOVES: Final = MappingProxyType(
    {
        "success": State.SUCCEEDED,
        "processed": State.SUCCEEDED,
        "failed": State.FAILED,
        "rejected": State.FAILED,
        "blocked": State.FAILED,
        "abandoned": State.FAILED,
        "reversed": State.RETURNED,
    }
)
DISPUTES: Final = MappingProxyType(
    {"declined": DisputeStage.WON, "merchant-accepted": DisputeStage.LOST}
)


def minor_of(money: Money) -> int:
    """Whole hundreds for XOF, which has no cents in truth. Raises Invalid."""
    if money.amount != money.amount.to_integral_value() and money.currency == "XOF":
        raise Invalid("This provider takes {currency} only in whole units.", currency="XOF")
    return DIGITS.minor(money)


def recipient_of(payout: Payout) -> Said:
    """Raises Invalid for a destination Paystack cannot pay."""
    to = payout.destination
    body: Said = {"name": payout.payer.name, "currency": payout.money.currency}
    match to:
        case ToBank() if to.account_number and to.routing_number:
            kind = {"GHS": "ghipss", "ZAR": "basa", "KES": "kepss"}.get(
                payout.money.currency, "nuban"
            )
            return body | {
                "type": kind,
                "account_number": to.account_number,
                "bank_code": to.routing_number,
            }
        case ToWallet() if to.method is Method.MOBILE and to.operator:
            return body | {
                "type": "mobile_money",
                "account_number": to.account,
                "bank_code": to.operator,
            }
        case _:
            raise Invalid("This provider pays to bank accounts with a bank code.")


def page_of(said: Said) -> Asked:
    one = mapping(said.get("data"))
    url, reference = text(one.get("authorization_url")), text(one.get("reference"))
    if said.get("status") is not True or not url or not reference:
        return technical("no-page", "the provider gave no page to pay on")
    return Hosted(reference, url)


def charge_of(one: Said) -> Status:
    raw = text(one.get("status"))
    card = mapping(one.get("authorization"))
    state = CHARGES.get(raw, State.PENDING)
    return Status(
        reference=text(one.get("reference")),
        state=state,
        raw=raw,
        money=DIGITS.of_minor(one.get("amount"), one.get("currency")),
        our_id=text(one.get("reference")),
        decline=Refusing.HARD if raw == "failed" else None,
        code=text(one.get("gateway_response")) if raw == "failed" else "",
        instrument=Instrument(
            method=Method.CARD,
            token=text(card.get("authorization_code")),
            brand=text(card.get("brand")),
            last4=text(card.get("last4")),
            country=text(card.get("country_code")),
        )
        if state.money_came and card
        else None,
    )


def moved_of(said: Said) -> Status:
    return move_of(mapping(said.get("data")))


def move_of(one: Said) -> Status:
    """A refund or a transfer. A transfer that waits for a code waits for a person of the tenant's."""
    raw, key = text(one.get("status")), one.get("transfer_code") or one.get("id")
    return Status(
        reference=str(key) if isinstance(key, str | int) else "",
        state=MOVES.get(raw, State.PENDING),
        raw=raw,
        money=DIGITS.of_minor(one.get("amount"), one.get("currency")),
        our_id=text(one.get("merchant_note")) or text(one.get("reference")),
        code=text(one.get("reason")) if raw == "failed" else "",
    )


def event_of(raw: bytes) -> Event:
    """Events have no id: kind, object and status together name one."""
    body = loose.document(raw)
    kind, one = text(body.get("event")), mapping(body.get("data"))
    key = one.get("id")
    name = f"{kind}|{key}|{text(one.get('status'))}" if key else signatures.digest_of(raw)
    told: dict[str, Any] = {"provider_event_id": name, "raw": kind}
    if kind.startswith("charge.dispute."):
        charge = mapping(one.get("transaction"))
        return Event(
            kind=EventKind.DISPUTE,
            reference=str(key or ""),
            our_id=text(charge.get("reference")),
            payment=text(charge.get("reference")),
            stage=DISPUTES.get(text(one.get("resolution")), DisputeStage.CHARGEBACK),
            money=DIGITS.of_minor(one.get("refund_amount"), one.get("currency")),
            code=text(one.get("category")),
            numbered=bool(key),
            due=loose.iso(one.get("due_at")),
            at=loose.iso(one.get("resolved_at") or one.get("created_at")),
            **told,
        )
    if kind == "charge.success":
        return of_of(EventKind.DEPOSIT, charge_of(one), told, text(one.get("reference")))
    if kind.startswith("transfer."):
        status = move_of(one)
        return of_of(EventKind.PAYOUT, status, told, status.reference)
    if kind.startswith("refund."):
        status = move_of(one)
        return of_of(EventKind.REFUND, status, told, status.reference)
    return Event(kind=EventKind.OTHER, reference="", **told)


def of_of(kind: EventKind, status: Status, told: dict[str, Any], reference: str) -> Event:
    return Event(
        kind=kind,
        reference=reference,
        our_id=status.our_id,
        state=status.state,
        money=status.money,
        code=status.code,
        **told,
    )
