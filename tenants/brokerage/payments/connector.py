"""What every payment provider must speak: deposits, refunds and payouts, as plain values."""

from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

import msgspec

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
    Payer,
    Payout,
    State,
    Status,
    ToBank,
    ToCrypto,
    ToToken,
    join,
    sending,
)
from stoa.connectors.checks import Check
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Outcome, Sending
from stoa.connectors.signatures import Headers
from stoa.kernel.money import Money

__all__ = [
    "Asked",
    "Capabilities",
    "Destination",
    "DisputeStage",
    "Event",
    "EventKind",
    "Hosted",
    "Instructions",
    "Instrument",
    "Method",
    "Offer",
    "Order",
    "Payer",
    "PaymentConnector",
    "Payout",
    "State",
    "Status",
    "ToBank",
    "ToCrypto",
    "ToToken",
    "join",
    "sending",
]


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
            Unavailable: it did not tell.
        """
        ...

    async def refund(self, refund: UUID, reference: str, money: Money) -> Sending:
        """Give back all or part of a deposit. Repeating it with the same id gives back once."""
        ...

    async def poll_refund(self, refund: UUID, reference: str) -> Status:
        """`reference` is the provider's, or empty after an unknown outcome."""
        ...

    async def pay_out(self, payout: Payout) -> Sending:
        """Send money once. Repeating it with the same id sends once, within `idempotent_s`."""
        ...

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        """Where a payout stands; looked for by our id where `reference` is empty.

        Raises:
            NotFound: the provider has no such payout, made at or after `since`.
        """
        ...

    async def test_connection(self) -> list[Check]: ...
