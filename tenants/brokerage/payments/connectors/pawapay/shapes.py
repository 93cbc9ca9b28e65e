"""pawaPay's words into ours and back. Pure."""

from types import MappingProxyType
from typing import Any, Final

from brokerage.payments.amounts import Digits, of_major
from brokerage.payments.connector import (
    Asked,
    Event,
    EventKind,
    Hosted,
    Instrument,
    Method,
    Order,
    State,
    Status,
)
from stoa.connectors import signatures
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import Refusing, hard, technical
from stoa.connectors.rest import Fault, Said

DIGITS: Final = Digits("GHS KES NGN RWF TZS UGX XAF XOF".split())
STATES: Final = MappingProxyType({"COMPLETED": State.SUCCEEDED, "FAILED": State.FAILED})
TECHNICAL: Final = frozenset(
    {
        "PAWAPAY_WALLET_OUT_OF_FUNDS",
        "PROVIDER_TEMPORARILY_UNAVAILABLE",
        "UNKNOWN_ERROR",
        "UNSPECIFIED_FAILURE",
        "DEPOSITS_NOT_ALLOWED",
        "PAYOUTS_NOT_ALLOWED",
        "REFUNDS_NOT_ALLOWED",
    }
)
KINDS: Final = (
    ("refundId", EventKind.REFUND),
    ("payoutId", EventKind.PAYOUT),
    ("depositId", EventKind.DEPOSIT),
)


def fault_of(said: Said) -> Fault:
    why = mapping(said.get("failureReason")) or said
    return text(why.get("failureCode")), text(why.get("failureMessage"))


def sort_of(code: str) -> Refusing:
    return Refusing.TECHNICAL if code in TECHNICAL else Refusing.HARD


def page_of(said: Said, order: Order) -> Asked:
    url = text(said.get("redirectUrl"))
    if not url:
        code, why = fault_of(said)
        return technical(code or "no-page", why) if not code else refusal_of(code, why)
    return Hosted(str(order.id), url)


def refusal_of(code: str, why: str) -> Asked:
    return technical(code, why) if code in TECHNICAL else hard(code, why)


def taken_of(said: Said, name: str) -> Status:
    """The first answer: accepted, refused, or known already, which is the same order."""
    raw = text(said.get("status"))
    code, _ = fault_of(said) if raw == "REJECTED" else ("", "")
    known = raw in {"ACCEPTED", "DUPLICATE_IGNORED", "REJECTED"}
    return Status(
        reference=text(said.get(name)) if known else "",
        state=State.FAILED if raw == "REJECTED" else State.PENDING,
        raw=raw,
        decline=sort_of(code) if code else None,
        code=code,
    )


def thing_of(one: Said, name: str) -> Status:
    """A deposit, payout or refund as it stands."""
    raw = text(one.get("status"))
    state = STATES.get(raw, State.PENDING)
    code, _ = fault_of(one) if raw == "FAILED" else ("", "")
    payer = mapping(mapping(one.get("payer")).get("accountDetails"))
    return Status(
        reference=text(one.get(name)),
        state=state,
        raw=raw,
        money=of_major(one.get("amount"), one.get("currency")),
        our_id=text(one.get(name)),
        decline=sort_of(code) if code else None,
        code=code,
        instrument=Instrument(
            method=Method.MOBILE,
            brand=text(payer.get("provider")),
            last4=text(payer.get("phoneNumber"))[-4:],
            token=text(payer.get("phoneNumber")),
        )
        if state.money_came and payer
        else None,
    )


def event_of(body: Said, raw: bytes) -> Event:
    """A callback is the object itself, sent when it has ended."""
    for name, kind in KINDS:
        if not text(body.get(name)):
            continue
        status = thing_of(body, name)
        told: dict[str, Any] = {"decline": status.decline, "code": status.code}
        return Event(
            provider_event_id=f"{name}|{status.reference}|{status.raw}",
            kind=kind,
            reference=status.reference,
            raw=f"{kind}.{status.raw}",
            our_id=status.our_id,
            state=status.state,
            money=status.money,
            **told,
        )
    key = signatures.digest_of(raw)
    return Event(provider_event_id=key, kind=EventKind.OTHER, reference="", raw="unknown")
