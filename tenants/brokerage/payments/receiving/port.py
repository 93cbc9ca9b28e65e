"""What a provider must speak to give a client an address that stays, beside the common port."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

import msgspec

from brokerage.payments.values import State
from stoa.connectors.outcomes import Refused, Unknown, not_sent, technical
from stoa.connectors.rest import Said
from stoa.connectors.trouble import NoAnswer
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal


class Coin(msgspec.Struct, frozen=True):
    """An asset on one network, as `payments.addresses.networks` names both."""

    asset: str
    network: str

    @property
    def code(self) -> str:
        return f"{self.asset}:{self.network}"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An address for one client. `id` is our row's: the same one again is the same address."""

    id: UUID
    reference: str
    coin: Coin
    email: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """`reference` is the provider's; `ends` is when it stops telling us of payments, if ever."""

    reference: str
    address: str
    memo: str = ""
    ends: datetime | None = None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One payment that was seen. `transfer` is unique for ever at the provider.

    PENDING: not enough blocks yet. SUCCEEDED: it is there. FAILED: it will not come after all.
    """

    transfer: str
    state: State
    raw: str
    money: Money | None
    confirmations: int | None = None
    needed: int | None = None
    hash: str = ""


@runtime_checkable
class GivesAddresses(Protocol):
    """A connector whose provider keeps an address for a client and tells each payment apart."""

    @property
    def coins(self) -> tuple[Coin, ...]: ...

    async def give_address(self, wanted: Wanted) -> Place | Refused:
        """An answer that never came is an address nobody was shown: a technical refusal."""
        ...

    async def arrivals(self, place: str, wanted: Wanted, named: tuple[str, ...]) -> list[Arrival]:
        """All payments to it. `named` are transfers a callback told of, or that are under way.

        Raises:
            NotFound: the provider has no such address.
            Unavailable: it did not tell.
        """
        ...


async def ask_place(
    call: Awaitable[Said | Refused | Unknown], read: Callable[[Said], Place | Refused]
) -> Place | Refused:
    """An address's call: an answer that never came is an address nobody is shown."""
    try:
        said = await call
    except NoAnswer as why:
        return technical(why.code)
    except Refusal as why:
        return not_sent(why)
    if isinstance(said, Unknown):
        return technical(said.code, said.text)
    return said if isinstance(said, Refused) else read(said)
