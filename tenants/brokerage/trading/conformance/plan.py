"""What a run is given: where it may act, with what, and who trades or breaks the line for it."""

from decimal import Decimal
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from brokerage.trading.connector import DealKind


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where on the server a run acts. It touches accounts it made itself, and `login` if given.

    `group` is a demo group; `other_group` has the same currency; in `netting_group` trades of a
    symbol merge into one position. `currency` is for a platform whose groups fix none. `login` is an account that is there, for a platform that cannot
    make one. `watched` is an account whose trades are read and not touched.
    """

    group: Annotated[str, Meta(min_length=1)]
    other_group: str = ""
    netting_group: str = ""
    currency: str = "USD"
    login: int = 0
    watched: int = 0
    unknown_login: int = 1_999_999_993
    symbol: str = "EURUSD"
    lots: Decimal = Decimal("0.10")
    money: Decimal = Decimal(5000)
    leverages: tuple[int, int] = (50, 100)
    password: str = "Conform-Main-7a"  # noqa: S105 - of an account that is closed afterwards
    investor_password: str = "Conform-View-7b"  # noqa: S105 - as above
    wait_s: float = 10
    push_s: float = 5
    case_s: float = 120


class Trader(Protocol):
    """A hand that trades on an account, as its owner's terminal would. Raises when it may not.

    `position` is the number the port tells; a hand that needs another finds it by that.
    """

    @property
    def closes_by(self) -> bool:
        """Whether the platform knows closing two opposite positions against each other."""
        ...

    async def open(self, login: int, symbol: str, side: DealKind, lots: Decimal) -> None: ...

    async def close(self, login: int, position: int, lots: Decimal | None = None) -> None: ...

    async def close_by(self, login: int, position: int, other: int) -> None: ...


class Weather(Protocol):
    """Bad days on order, at a server whose line may be broken."""

    async def drop_before_money(self) -> None:
        """The line breaks once, before the next money call is carried out."""
        ...

    async def drop_after_money(self) -> None:
        """The line breaks once, after the next money call was carried out, before its answer."""
        ...

    async def cut(self) -> None:
        """Who is connected is cut off; connecting again works."""
        ...

    async def calm(self) -> None: ...
