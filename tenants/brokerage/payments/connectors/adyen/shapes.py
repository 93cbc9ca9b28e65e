"""Adyen's objects, events and proofs into ours. Pure."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable
from types import MappingProxyType
from typing import Final
from uuid import UUID

from brokerage.payments.amounts import FIAT, Digits
from brokerage.payments.connector import (
    Asked,
    DisputeStage,
    Event,
    EventKind,
    Hosted,
    State,
    Status,
)
from stoa.connectors import loose
from stoa.connectors.loose import mapping, text
from stoa.connectors.outcomes import Refusing, technical
from stoa.connectors.rest import Said
from stoa.kernel.money import Money

# Source: Adyen's "Currency codes and minor units", where it differs from ISO 4217.
DIGITS: Final = Digits(FIAT, {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2})
TECHNICAL: Final = frozenset(
    {
        "000",
        "010",
        "905",
        "Acquirer Error",
        "Issuer Unavailable",
        "Not Submitted",
        "Payment Detail not found",
        "Referral",
    }
)
LINKS: Final = MappingProxyType(
    {
        "active": State.CREATED,
        "paymentPending": State.PENDING,
        "completed": State.SUCCEEDED,
        "paid": State.SUCCEEDED,
        "expired": State.EXPIRED,
    }
)
_PAYOUTS: Final = MappingProxyType({"Authorised": State.SUCCEEDED, "Refused": State.FAILED})
_DISPUTES: Final = MappingProxyType(
    {
        "REQUEST_FOR_INFORMATION": DisputeStage.INQUIRY,
        "NOTIFICATION_OF_CHARGEBACK": DisputeStage.CHARGEBACK,
        "CHARGEBACK": DisputeStage.CHARGEBACK,
        "CHARGEBACK_REVERSED": DisputeStage.REVERSED,
        "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": DisputeStage.WON,
        "PREARBITRATION_WON": DisputeStage.WON,
        "PREARBITRATION_LOST": DisputeStage.LOST,
        "SECOND_CHARGEBACK": DisputeStage.LOST,
    }
)
_MOVED: Final = MappingProxyType(
    {
        "REFUND": (EventKind.REFUND, State.SUCCEEDED),
        "REFUND_FAILED": (EventKind.REFUND, State.FAILED),
        "REFUNDED_REVERSED": (EventKind.REFUND, State.FAILED),
        "PAYOUT_THIRDPARTY": (EventKind.PAYOUT, State.SUCCEEDED),
        "PAYOUT_DECLINE": (EventKind.PAYOUT, State.FAILED),
        "PAIDOUT_REVERSED": (EventKind.PAYOUT, State.RETURNED),
    }
)


def signed_text(item: Said) -> str:
    """What Adyen signs of a notification item: eight fields, empty where one is absent."""
    amount = mapping(item.get("amount"))
    parts = [
        item.get("pspReference"),
        item.get("originalReference"),
        item.get("merchantAccountCode"),
        item.get("merchantReference"),
        amount.get("value"),
        amount.get("currency"),
        item.get("eventCode"),
        item.get("success"),
    ]
    return ":".join("" if part is None else _word(part) for part in parts)


def _word(part: object) -> str:
    return str(part).lower() if isinstance(part, bool) else str(part)


def mac(key: bytes, message: bytes) -> str:
    return b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def keys(held: Iterable[str]) -> list[bytes]:
    """The keys as bytes; what is not hex opens nothing."""
    found: list[bytes] = []
    for one in held:
        try:
            found.append(bytes.fromhex(one))
        except ValueError:
            continue
    return [key for key in found if key]


def event(item: Said) -> Event:
    kind, psp = text(item.get("eventCode")), text(item.get("pspReference"))
    success = _word(item.get("success")) == "true"
    original = text(item.get("originalReference"))
    told: Said = {
        "provider_event_id": f"{psp}|{kind}|{_word(item.get('success'))}",
        "raw": kind,
        "our_id": our_id(text(item.get("merchantReference"))),
        "money": money_of(item),
        "code": "" if success else text(item.get("reason")),
        "at": loose.iso(item.get("eventDate")),
    }
    if kind == "AUTHORISATION":
        decline = None if success else _decline(text(item.get("reason")))
        state = State.SUCCEEDED if success else State.PENDING
        paid = psp if success else ""
        return Event(
            kind=EventKind.DEPOSIT, reference="", payment=paid, state=state, decline=decline, **told
        )
    if kind in _DISPUTES:
        stage = _DISPUTES[kind]
        # The notification announces; the chargeback itself is when the money was taken.
        took = told["money"] if kind in {"CHARGEBACK", "SECOND_CHARGEBACK"} else None
        more = mapping(item.get("additionalData"))
        told["code"] = text(more.get("chargebackReasonCode")) or text(item.get("reason"))
        return Event(
            kind=EventKind.DISPUTE,
            reference=psp,
            payment=original,
            stage=stage,
            debited=took,
            due=loose.iso(more.get("defensePeriodEndsAt")),
            **told,
        )
    if kind in _MOVED:
        what, state = _MOVED[kind]
        ended = state if success or state is not State.SUCCEEDED else State.FAILED
        return Event(kind=what, reference=psp, payment=original, state=ended, **told)
    return Event(kind=EventKind.OTHER, reference=psp, **told)


def _decline(reason: str) -> Refusing:
    return Refusing.TECHNICAL if reason in TECHNICAL else Refusing.HARD


def page(said: Said) -> Asked:
    url, reference = text(said.get("url")), text(said.get("id"))
    if not url or not reference:
        return technical("no-page", "the provider gave no page to pay on")
    return Hosted(reference, url, loose.iso(said.get("expiresAt")))


def refund(said: Said) -> Status:
    """Received, always: whether it was given back is told by callback."""
    return Status(
        reference=text(said.get("pspReference")), state=State.PENDING, raw=text(said.get("status"))
    )


def payout(said: Said) -> Status:
    raw = text(said.get("resultCode"))
    return Status(
        reference=text(said.get("pspReference")),
        state=_PAYOUTS.get(raw, State.PENDING),
        raw=raw,
        code=text(said.get("refusalReason")),
        decline=_decline(text(said.get("refusalReason"))) if raw == "Refused" else None,
    )


def money_of(said: Said) -> Money | None:
    amount = mapping(said.get("amount"))
    return DIGITS.of_minor(amount.get("value"), amount.get("currency"))


def our_id(reference: str) -> str:
    """Our id out of `D-7K3M-9QXR/<hex>` or of the bare id of a refund or payout."""
    try:
        return str(UUID(reference.rpartition("/")[2]))
    except ValueError:
        return ""
