"""What people send over HTTP, as types: anything else is refused with the reason."""

import msgspec

from sandbox.trading.records import Action


class ClockForm(msgspec.Struct, forbid_unknown_fields=True):
    """``now``: UTC seconds or ISO 8601; or ``offset_s`` from the machine's clock."""

    now: float | str | None = None
    offset_s: float | None = None
    frozen: bool = False


class RobotForm(msgspec.Struct, forbid_unknown_fields=True):
    """``rate`` is deals an hour; one robot for each login."""

    login: int = 0
    logins: list[int] = msgspec.field(default_factory=list[int])
    style: str = "mixed"
    rate: float = 6.0
    seed: int = 0
    symbols: list[str] = msgspec.field(default_factory=list[str])


class HistoryForm(
    msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}
):
    """A past to make. ``from`` and ``to``: UTC seconds or ISO 8601. ``deals`` for each login."""

    start: float | str
    end: float | str
    deals: int
    login: int = 0
    logins: list[int] = msgspec.field(default_factory=list[int])
    seed: int = 0
    style: str = "mixed"
    keep_open: int = 0
    deposit: str = "0"
    comment: str = "Deposit"


class ShockForm(msgspec.Struct, forbid_unknown_fields=True):
    symbol: str
    percent: float


class MoneyForm(msgspec.Struct, forbid_unknown_fields=True):
    """A balance operation by the desk's own hand; ``forced`` lets it go below zero."""

    amount: str
    type: int = Action.BALANCE
    comment: str = ""
    forced: bool = False


class OrderForm(msgspec.Struct, forbid_unknown_fields=True):
    """``lots``, prices and stops as decimal text; ``expires`` in UTC seconds."""

    symbol: str
    side: str
    lots: str
    type: str = "market"
    price: str = "0"
    sl: str = "0"
    tp: str = "0"
    expires: int = 0
    comment: str = ""


class CloseForm(msgspec.Struct, forbid_unknown_fields=True):
    position: int
    lots: str = ""
    by: int = 0
    comment: str = ""


class ChangeForm(msgspec.Struct, forbid_unknown_fields=True):
    position: int
    sl: str = "0"
    tp: str = "0"


class CancelForm(msgspec.Struct, forbid_unknown_fields=True):
    order: int
