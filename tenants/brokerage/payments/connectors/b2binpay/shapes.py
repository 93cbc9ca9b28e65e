"""B2BINPAY's words into ours and back. Pure."""

from typing import Final

from brokerage.payments.amounts import CRYPTO, FIAT, Digits
from brokerage.payments.connector import (
    Event,
    EventKind,
    State,
    Status,
)
from stoa.connectors.loose import mapping, rows, text
from stoa.connectors.rest import Fault, Said

DIGITS: Final = Digits([*FIAT, *CRYPTO])


def pairs_of(told: tuple[str, ...]) -> dict[str, str]:
    """`BTC=318` as a name and a number; what is not so written ties nothing."""
    found = (one.replace(":", "=").partition("=") for one in told)
    return {name.strip().upper(): number.strip() for name, _, number in found if number.strip()}


def document_of(kind: str, told: Said, wallet: str, coin: str) -> Said:
    tied: Said = {"wallet": {"data": {"type": "wallet", "id": wallet}}}
    if coin:
        tied["currency"] = {"data": {"type": "currency", "id": coin}}
    return {"data": {"type": kind, "attributes": told, "relationships": tied}}


def fault_of(said: Said) -> Fault:
    """JSON:API errors: a list of code, title and detail."""
    first = next(iter(rows(said.get("errors"))), {})
    code = first.get("code")
    return str(code) if isinstance(code, str | int) else "", text(first.get("detail"))


def included_of(body: Said, kind: str) -> Said:
    found = [one for one in rows(body.get("included")) if one.get("type") == kind]
    return mapping(found[-1].get("attributes")) | {"id": found[-1].get("id")} if found else {}


def ours_of(one: Said) -> str:
    return text(mapping(one.get("attributes")).get("tracking_id"))


def accepted_of(said: Said) -> Status:
    one = mapping(said.get("data"))
    return Status(reference=text(one.get("id")), state=State.PENDING, raw="accepted")


def moved_of(status: object) -> State:
    """A transfer: 2 is confirmed, less than nothing has failed, all else is under way."""
    if not isinstance(status, int) or isinstance(status, bool):
        return State.PENDING
    if status == 2:
        return State.SUCCEEDED
    return State.FAILED if status < 0 else State.PENDING


def event_of(body: Said, ours: str) -> Event:
    data, transfer = mapping(body.get("data")), included_of(body, "transfer")
    kind = EventKind.PAYOUT if data.get("type") == "payout" else EventKind.DEPOSIT
    state = moved_of(transfer.get("status"))
    if kind is EventKind.DEPOSIT:
        state = State.PENDING  # How much of the order it is, the deposit itself tells.
    return Event(
        provider_event_id=f"{transfer.get('id')}|{transfer.get('status')}|"
        f"{transfer.get('confirmations')}",
        kind=kind,
        reference=text(data.get("id")),
        raw=f"{data.get('type')}.{transfer.get('status')}",
        our_id=ours,
        payment=str(transfer.get("id") or ""),
        state=state,
    )
