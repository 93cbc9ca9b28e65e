"""M-Pesa's words into ours and back. Pure."""

import re
from decimal import Decimal
from typing import Any, Final

from brokerage.payments.amounts import Digits
from brokerage.payments.connector import (
    Event,
    EventKind,
    State,
    Status,
)
from stoa.connectors import rest, signatures
from stoa.connectors.loose import mapping, rows, text
from stoa.connectors.outcomes import (
    Refusing,
)
from stoa.connectors.rest import Said
from stoa.kernel.money import Money
from stoa.kernel.refusals import Unavailable

DIGITS: Final = Digits(["KES"], {"KES": 0})
NUMBER: Final = re.compile(r"254[17][0-9]{8}", re.ASCII)
DUPLICATE: Final = "duplicate originatorconversationid"
# Codes that speak of M-Pesa or of our own float rather than of the payer.
TECHNICAL: Final = frozenset({"8", "17", "26", "1001", "1025", "9999", "500.003.02", "2001.float"})
CANCELLED: Final = frozenset({"1032", "1031"})
TIMED_OUT: Final = frozenset({"1037", "1019"})
# 1 no money, 2001 wrong PIN, 1001 busy, 1025 and 9999 could not be sent, 26 and 17 system trouble.
FAILED: Final = frozenset({"1", "2", "8", "17", "26", "1001", "1025", "2001", "9999"})


def proof_of(secret: str, row: str) -> str:
    return signatures.hmac_hex(secret, f"mpesa|{row}".encode())[:40]


def shillings_of(amount: int) -> Money:
    return Money(Decimal(amount), "KES")


def number_of(phone: str) -> str | None:
    """2547XXXXXXXX or 2541XXXXXXXX, as Daraja writes numbers."""
    digits = re.sub(r"[^0-9]", "", phone)
    if digits.startswith("0"):
        digits = "254" + digits[1:]
    return digits if NUMBER.fullmatch(digits) else None


def fault_of(said: Said) -> rest.Fault:
    message = text(said.get("errorMessage"))
    if DUPLICATE in message.lower():
        return "duplicate", message
    return text(said.get("errorCode")), message


def token_of(said: Said) -> tuple[str, int]:
    held, life = said.get("access_token"), str(said.get("expires_in", ""))
    if not isinstance(held, str) or not held or not life.isdigit():
        raise Unavailable("M-Pesa gave no access token.", code="no-token")
    return held, int(life)


def state_of(code: str) -> State:
    if code == "0":
        return State.SUCCEEDED
    if code in CANCELLED:
        return State.CANCELLED
    if code in TIMED_OUT:
        return State.EXPIRED
    known = code.isdigit() and code in FAILED
    return State.FAILED if known else State.PENDING


def decline_of(code: str) -> Refusing:
    return Refusing.TECHNICAL if code in TECHNICAL else Refusing.HARD


def accepted_of(said: Said) -> Status:
    code = text(said.get("ResponseCode"))
    return Status(
        reference=text(said.get("ConversationID")),
        state=State.PENDING if code == "0" else State.FAILED,
        raw=code,
        code=code,
        decline=decline_of(code) if code != "0" else None,
    )


def event_of(body: Said, row: str, raw: bytes) -> Event:
    """A prompt's end, or a payout's result."""
    pushed, result = (
        mapping(mapping(body.get("Body")).get("stkCallback")),
        mapping(body.get("Result")),
    )
    if pushed:
        code = str(pushed.get("ResultCode", ""))
        items = rows(mapping(pushed.get("CallbackMetadata")).get("Item"))
        values = {text(item.get("Name")): item.get("Value") for item in items}
        prompt = text(pushed.get("CheckoutRequestID"))
        return Event(
            provider_event_id=f"stk|{prompt}|{code}",
            kind=EventKind.DEPOSIT,
            reference="",
            # The receipt is what the payer, Safaricom's people and its statements know it by.
            payment=text(values.get("MpesaReceiptNumber")) or prompt,
            money=amount_of(values.get("Amount")),
            **told_of(code, row, "stkCallback"),
        )
    if result:
        code = str(result.get("ResultCode", ""))
        conversation = text(result.get("ConversationID"))
        ours = text(result.get("OriginatorConversationID"))
        values = parameters_of(result)
        told: Said = told_of(code, row, "b2c") | {
            "state": State.SUCCEEDED if code == "0" else State.FAILED
        }
        return Event(
            provider_event_id=f"b2c|{conversation}|{code}",
            kind=EventKind.PAYOUT if ours in {"", row} else EventKind.OTHER,
            reference=conversation,
            money=amount_of(values.get("TransactionAmount")),
            **told,
        )
    key = signatures.digest_of(raw)
    return Event(provider_event_id=key, kind=EventKind.OTHER, reference="", raw="unknown")


def told_of(code: str, row: str, raw: str) -> dict[str, Any]:
    fine = code == "0"
    return {
        "raw": f"{raw}.{code}",
        "our_id": row,
        "state": state_of(code),
        "code": "" if fine else code,
        "decline": None if fine else decline_of(code),
    }


def parameters_of(result: Said) -> dict[str, object]:
    listed = mapping(result.get("ResultParameters")).get("ResultParameter")
    return {text(item.get("Key")): item.get("Value") for item in rows(listed)}


def amount_of(thing: object) -> Money | None:
    whole = int(thing) if isinstance(thing, float) and thing.is_integer() else thing
    return DIGITS.of_minor(whole, "KES")
