"""The values a payment provider speaks in, whichever provider it is.

A callback is a hint, never a fact by itself: whoever takes an Event finds the row by `reference`,
compares `our_id`, amount and currency with it, and moves its state by `join` alone.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from stoa.connectors.outcomes import Accepted, Confirmed, Refused, Refusing, Sending, Unknown
from stoa.kernel.money import Money


class Method(StrEnum):
    CARD = "card"
    CRYPTO = "crypto"
    BANK = "bank"
    WALLET = "wallet"
    MOBILE = "mobile"
    QR = "qr"


Asks = Literal["iban", "sort-code", "ach", "account", "pix", "coin", "email", "phone"]
"""What a place to be paid to is known by."""


class State(StrEnum):
    """In rank order: a state only ever moves up, whatever order the news comes in.

    REVIEW: money came, but not as ordered: too little, too much, or too late.
    RETURNED: a payout that was paid came back.
    """

    CREATED = "created"
    PENDING = "pending"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    REVIEW = "review"
    SUCCEEDED = "succeeded"
    PART_REFUNDED = "part-refunded"
    REFUNDED = "refunded"
    RETURNED = "returned"
    CHARGED_BACK = "charged-back"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def open(self) -> bool:
        """Still waiting for the payer or the provider."""
        return self.rank <= State.PENDING.rank

    @property
    def money_came(self) -> bool:
        return self.rank >= State.REVIEW.rank


_RANKS = {state: rank for rank, state in enumerate(State)}


def join(states: Iterable[State]) -> State:
    """The one state that follows from all news in any order: the highest of them."""
    return max(states, key=lambda state: state.rank)


class EventKind(StrEnum):
    """What a callback is about; OTHER is kept and has no effect.

    CHECK asks whether a payment is expected, before it is taken: it is answered, not kept.
    """

    DEPOSIT = "deposit"
    REFUND = "refund"
    PAYOUT = "payout"
    DISPUTE = "dispute"
    OTHER = "other"
    CHECK = "check"


class DisputeStage(StrEnum):
    """How far the payer's bank has gone; in the order that news without a time of its own are read.

    INQUIRY: it asks, nothing was taken. PRE_ARBITRATION: it does not accept our answer. REVERSED:
    it gave the money back by itself. WON and LOST: it was decided.
    """

    INQUIRY = "inquiry"
    CHARGEBACK = "chargeback"
    PRE_ARBITRATION = "pre-arb"
    REVERSED = "reversed"
    WON = "won"
    LOST = "lost"


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays. `reference` is ours, stable and meaningless outside."""

    reference: str
    name: str = ""
    email: str = ""
    country: str = ""
    language: str = ""
    phone: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit to be paid. `id` is our row's and makes the call safe to repeat.

    `created` is the row's own time, so that a repeated call says exactly what the first one said.
    """

    id: UUID
    reference: str
    money: Money
    method: Method
    payer: Payer
    description: str
    return_url: str
    cancel_url: str
    created: datetime
    expires: datetime


class Hosted(msgspec.Struct, frozen=True, tag="hosted"):
    """Send the payer to `url`; coming back from there proves nothing."""

    reference: str
    url: str
    expires: datetime | None = None


class Instructions(msgspec.Struct, frozen=True, tag="instructions"):
    """Show these label and value pairs to the payer, and `qr` as a code where there is one."""

    reference: str
    lines: tuple[tuple[str, str], ...]
    qr: str = ""
    expires: datetime | None = None


class Paid(msgspec.Struct, frozen=True):
    """A deposit that was paid: the provider's order, and its payment where that is another object."""

    reference: str
    payment: str = ""


Asked = Hosted | Instructions | Refused
"""A hosted page whose address we never learned can be paid by nobody: no answer is a refusal."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """What a payer paid with, as far as the provider tells: for paying back to the source.

    `three_ds` is how the payer's bank made sure of them, in the provider's word.
    """

    method: Method
    token: str = ""
    brand: str = ""
    last4: str = ""
    fingerprint: str = ""
    holder: str = ""
    country: str = ""
    network: str = ""
    address: str = ""
    three_ds: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider says now. `money` is what it received or sent, where that is known.

    `decline` tells of the last failed attempt; the deposit may still be open for another card.
    `as_ordered`: the provider takes the whole amount of the order or nothing, and does not repeat it.
    `payment` is its id of the payment beneath, by which disputes name it.
    """

    reference: str
    state: State
    raw: str
    money: Money | None = None
    our_id: str = ""
    decline: Refusing | None = None
    code: str = ""
    instrument: Instrument | None = None
    as_ordered: bool = False
    payment: str = ""


def sending(status: Status) -> Sending:
    """What the first answer to a refund or a payout means."""
    if not status.reference:
        return Unknown("no-reference", status.raw)
    if status.state.open:
        return Accepted(status.reference)
    if status.state.money_came:
        return Confirmed(status.reference)
    return Refused(status.decline or Refusing.HARD, status.code or status.raw)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a callback tells. (connector, `provider_event_id`) is unique for ever.

    `payment` is the provider's id of the payment beneath, where the reference is another object.
    Of a dispute `numbered` says that the reference is the case's own, `due` until when to answer,
    `debited` and `fee` what the provider took for it, where it tells.
    """

    provider_event_id: str
    kind: EventKind
    reference: str
    raw: str
    our_id: str = ""
    payment: str = ""
    state: State | None = None
    stage: DisputeStage | None = None
    money: Money | None = None
    decline: Refusing | None = None
    code: str = ""
    at: datetime | None = None
    numbered: bool = True
    due: datetime | None = None
    debited: Money | None = None
    fee: Money | None = None


class ToToken(msgspec.Struct, frozen=True, tag="token"):
    """A card or account the provider already holds: the source of an earlier deposit."""

    token: str
    method: Method = Method.CARD


class ToBank(msgspec.Struct, frozen=True, tag="bank"):
    """IBAN countries fill `iban` and perhaps `bic`; others the number and its code; PIX its key."""

    country: str
    bank_name: str = ""
    city: str = ""
    iban: str = ""
    bic: str = ""
    account_number: str = ""
    routing_number: str = ""
    sort_code: str = ""
    pix_key: str = ""


class ToCrypto(msgspec.Struct, frozen=True, tag="crypto"):
    address: str
    network: str
    asset: str
    memo: str = ""


class ToWallet(msgspec.Struct, frozen=True, tag="wallet"):
    """An account at a wallet: an e-mail address, or a mobile number with its country and operator."""

    account: str
    method: Method = Method.WALLET
    country: str = ""
    operator: str = ""


Destination = ToToken | ToBank | ToCrypto | ToWallet


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """Money to a client. `id` is our row's and the provider's idempotency key."""

    id: UUID
    reference: str
    money: Money
    destination: Destination
    payer: Payer
    description: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One method a provider carries. No countries named means all; limits are per currency.

    `asks` names what a place to pay to is known by, as `places.FORMS` has it; `operators` the
    mobile networks it reaches, where it has to be told which.
    """

    method: Method
    currencies: frozenset[str]
    countries: frozenset[str] = frozenset()
    least: tuple[Money, ...] = ()
    most: tuple[Money, ...] = ()
    asks: tuple[Asks, ...] = ()
    operators: tuple[str, ...] = ()

    def fits(self, money: Money, country: str = "") -> bool:
        """Whether an amount may be tried; an unknown country is left to the provider."""
        if money.currency not in self.currencies:
            return False
        if self.countries and country and country not in self.countries:
            return False
        above = all(one <= money for one in self.least if one.currency == money.currency)
        below = all(money <= one for one in self.most if one.currency == money.currency)
        return above and below


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """`idempotent_s` is how long a repeated call with the same id is surely the same call."""

    deposits: tuple[Offer, ...]
    payouts: tuple[Offer, ...]
    refunds: bool
    idempotent_s: int

    def deposit(self, method: Method, money: Money, country: str = "") -> bool:
        return any(one.method is method and one.fits(money, country) for one in self.deposits)

    def payout(self, method: Method, money: Money, country: str = "") -> bool:
        return any(one.method is method and one.fits(money, country) for one in self.payouts)
