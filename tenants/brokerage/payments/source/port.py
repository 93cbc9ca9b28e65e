"""What a chain analyst must speak: where the coins of one transfer came from."""

from decimal import Decimal
from typing import Any, ClassVar, Protocol, runtime_checkable

import msgspec

from stoa.connectors.checks import Check
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """One payment to an address of ours: `hash` is the network's, `address` where it arrived."""

    hash: str
    address: str
    asset: str
    network: str = ""
    customer: str = ""

    @property
    def key(self) -> str:
        return f"{self.hash}/{self.address}"


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the money that came from one kind of source, in percent of it."""

    category: str
    percent: Decimal
    entity: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What an analyst says of one transfer.

    `score` is 0 (no risk seen) to 100; None where it knows too little to say. `reference` is its
    own, under which an officer reads the rest at the analyst.
    """

    reference: str
    score: Decimal | None
    exposures: tuple[Exposure, ...] = ()


class ChainAnalyst(Protocol):
    """One account at an analyst, over its line."""

    code: ClassVar[str]
    label: ClassVar[str]
    settings_type: ClassVar[type[msgspec.Struct]]

    def __init__(self, settings: Any, secrets: Keyring, line: Line) -> None: ...

    async def examine(self, transfer: Transfer) -> Finding:
        """Where its coins came from. Repeating it asks again and changes nothing.

        Raises:
            NotFound: the analyst has not seen the transfer (yet).
            Invalid: it cannot examine this one, now or later.
            Unavailable: it did not tell.
        """
        ...

    async def test_connection(self) -> list[Check]: ...


@runtime_checkable
class TellsTransfers(Protocol):
    """A payment connector whose provider tells by which transfers an order was paid."""

    async def transfers(self, reference: str) -> list[Transfer]:
        """Those that arrived for a deposit. Raises NotFound or Unavailable."""
        ...
