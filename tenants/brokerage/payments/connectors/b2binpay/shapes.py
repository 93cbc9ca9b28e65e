"""B2BINPAY's words into ours and back. Pure."""

from types import MappingProxyType
from typing import Final

from brokerage.payments.amounts import CRYPTO, FIAT, Digits, of_major
from brokerage.payments.connector import (
    Asked,
    Event,
    EventKind,
    Hosted,
    Instructions,
    Instrument,
    Method,
    State,
    Status,
)
from stoa.connectors.loose import mapping, rows, text
from stoa.connectors.outcomes import technical
from stoa.connectors.rest import Fault, Said
from stoa.theming.texts import N_

DIGITS: Final = Digits([*FIAT, *CRYPTO])
DEPOSITS: Final = MappingProxyType(
    {2: State.CREATED, 3: State.SUCCEEDED, 4: State.CANCELLED, 5: State.REVIEW}
)


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


def asked_of(said: Said, *, hosted: bool) -> Asked:
    one = mapping(said.get("data"))
    told, reference = mapping(one.get("attributes")), text(one.get("id"))
    page, address = text(told.get("payment_page")), text(told.get("address"))
    if reference and page and hosted:
        return Hosted(reference, page)
    if not reference or not address:
        return technical("no-address", "the provider gave no address to pay to")
    due = text(told.get("target_amount_requested"))
    lines = [(N_("Send exactly"), due), (N_("To this address"), address)]
    if tag := text(mapping(told.get("destination")).get("tag")):
        lines.append((N_("Memo or tag"), tag))
    return Instructions(reference, tuple(lines), address)


def deposit_of(one: Said, wallets: dict[str, str]) -> Status:
    told = mapping(one.get("attributes"))
    number = told.get("status")
    state = DEPOSITS.get(number, State.PENDING) if isinstance(number, int) else State.PENDING
    currency = currency_of(one, wallets)
    came = of_major(told.get("target_paid"), currency)
    if state is State.CREATED and came:
        state = State.PENDING
    ordered = of_major(told.get("target_amount_requested"), currency)
    paid = Instrument(method=Method.CRYPTO, brand=currency) if state.money_came else None
    return Status(
        reference=text(one.get("id")),
        state=state,
        raw=f"deposit.{number}",
        money=came if state.money_came else ordered,
        our_id=text(told.get("tracking_id")),
        instrument=paid,
    )


def currency_of(one: Said, wallets: dict[str, str]) -> str:
    """The wallet's currency: what the amounts of a deposit are in."""
    wallet = mapping(mapping(mapping(one.get("relationships")).get("wallet")).get("data"))
    number = text(wallet.get("id"))
    return next((code for code, held in wallets.items() if held == number), "")
