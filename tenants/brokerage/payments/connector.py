"""What every payment provider must speak: deposits, refunds and payouts, as plain values."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

import msgspec

from brokerage.payments.troubles import Trouble
from brokerage.payments.values import (
    Asked,
    Capabilities,
    Destination,
    DisputeStage,
    Event,
    EventKind,
    Hosted,
    Instructions,
    Instrument,
    Method,
    Offer,
    Order,
    Paid,
    Payer,
    Payout,
    State,
    Status,
    ToBank,
    ToCrypto,
    ToToken,
    ToWallet,
    join,
    sending,
)
from stoa.connectors.checks import Check
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import (
    Confirmed,
    Outcome,
    Refused,
    Sending,
    Unknown,
    not_sent,
    technical,
)
from stoa.connectors.rest import Said
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import NoAnswer
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal, Unavailable

__all__ = [
    "Asked",
    "BalanceField",
    "CallbackAddress",
    "CannotAsk",
    "Capabilities",
    "Destination",
    "DisputeStage",
    "Event",
    "EventKind",
    "Hosted",
    "Instructions",
    "Instrument",
    "ListsDisputes",
    "Method",
    "NamesTroubles",
    "NeedsCertificate",
    "Offer",
    "Order",
    "Paid",
    "Payer",
    "PaymentConnector",
    "Payout",
    "Receipt",
    "SaysMore",
    "State",
    "Status",
    "ToBank",
    "ToCrypto",
    "ToToken",
    "ToWallet",
    "ask",
    "identity",
    "join",
    "send",
    "sending",
    "stop",
]

CallbackAddress = Annotated[
    str, msgspec.Meta(extra={"filled": "callback", "hidden": True}, max_length=512)
]
"""A settings field that the product fills with the address this provider calls back."""

BalanceField = Annotated[
    str,
    msgspec.Meta(
        title="Field of the balance",
        description="Where its answer about a wallet says what is there.",
        pattern=r"^[A-Za-z_]{1,40}$",
    ),
]
"""A provider's reference does not establish it: a setting, for the day it proves to be another."""


class CannotAsk(Unavailable):
    """The provider has no way to ask: its callback alone tells, or the same order given again."""

    kind = "cannot-ask"


class Receipt(msgspec.Struct, frozen=True):
    """What a provider wants to hear after a callback."""

    status: int = 202
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@runtime_checkable
class SaysMore(Protocol):
    """A connector whose provider expects more than "202 Accepted"."""

    def receipt(self, raw: bytes, now: datetime, *, fine: bool) -> Receipt:
        """`fine` is false where a CHECK asked about a payment that is not expected."""
        ...


@runtime_checkable
class NamesTroubles(Protocol):
    """A connector whose provider's codes do not say by their words why a payout was not taken."""

    payout_troubles: ClassVar[Mapping[str, Trouble]]


@runtime_checkable
class NeedsCertificate(Protocol):
    """A connector that fetches a key of the provider before it can check a callback."""

    async def fetch_certificate(self, headers: Headers) -> None:
        """Called with no transaction open. Raises Forged for one that is not the provider's."""
        ...


@runtime_checkable
class ListsDisputes(Protocol):
    """A connector whose provider lists disputes: for notices that never came."""

    async def disputes(self, since: datetime, now: datetime) -> list[Event]:
        """Those opened since, as they stand; one event for each state a dispute was seen in."""
        ...


class PaymentConnector(Protocol):
    """One provider account of one tenant, over its line. Holds no connection; cheap to make."""

    code: ClassVar[str]
    label: ClassVar[str]
    settings_type: ClassVar[type[msgspec.Struct]]

    def __init__(self, settings: Any, secrets: Keyring, line: Line) -> None: ...

    @property
    def identity(self) -> str:
        """Whose merchant account this is; the same one may not be configured by two tenants."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def create_deposit(self, order: Order) -> Asked: ...

    async def cancel_deposit(self, reference: str) -> Outcome:
        """So that a payer sent elsewhere cannot pay here too. Refused when it is paid already."""
        ...

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """Check the proof over the raw bytes, then read.

        Raises:
            Forged: the proof is missing, doubled, stale or wrong, or no secret is set.
        """
        ...

    async def poll(self, reference: str) -> Status:
        """Where a deposit stands.

        Raises:
            NotFound: the provider has no such payment.
            CannotAsk: only a callback tells.
            Unavailable: it did not tell.
        """
        ...

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        """Give back all or part of a deposit. Repeating it with the same id gives back once."""
        ...

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        """`reference` is the provider's, or empty after an unknown outcome.

        Raises:
            CannotAsk: only a callback tells.
        """
        ...

    async def pay_out(self, payout: Payout) -> Sending:
        """Send money once. Repeating it with the same id sends once, within `idempotent_s`."""
        ...

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        """Where a payout stands; looked for by our id where `reference` is empty.

        Raises:
            NotFound: the provider has no such payout, made at or after `since`.
            CannotAsk: only a callback tells.
        """
        ...

    async def test_connection(self) -> list[Check]: ...


Told = Said | Refused | Unknown


def identity(code: str, account: str, key: str) -> str:
    """Whose merchant account it is: by its name, or by a digest of its key where it has none."""
    return f"{code}|{account or hashlib.sha256(key.encode()).hexdigest()[:24]}"


async def ask(call: Awaitable[Told], read: Callable[[Said], Asked]) -> Asked:
    """A hosted deposit's call: an answer that never came is a page nobody can pay on."""
    try:
        said = await call
        match said:
            case Unknown(code, text):
                return technical(code, text)
            case Refused():
                return said
            case _:
                return read(said)
    except NoAnswer as why:
        return technical(why.code)
    except Refusal as why:
        return not_sent(why)


async def send(call: Awaitable[Told], read: Callable[[Said], Status]) -> Sending:
    """A refund's or payout's call: without an answer nobody knows."""
    try:
        said = await call
        return said if isinstance(said, Refused | Unknown) else sending(read(said))
    except NoAnswer as why:
        return Unknown(why.code)
    except Refusal as why:
        return not_sent(why)


async def stop(call: Awaitable[Told], reference: str) -> Outcome:
    """A cancellation's call."""
    try:
        said = await call
    except NoAnswer as why:
        return Unknown(why.code)
    except Refusal as why:
        return not_sent(why)
    return said if isinstance(said, Refused | Unknown) else Confirmed(reference)
