"""What the server keeps, and what its journal is made of: one frozen record per thing or change.

Times are UTC milliseconds; money is in minor units of the account's currency; prices are in
points of the symbol; volumes are in 1/10,000 lot; rates are in 1e-8.
"""

from enum import IntEnum

import msgspec

from sandbox.trading.amounts import RATE


class Action(IntEnum):
    """What a deal was, by the platform's numbers; those below ``BALANCE`` are trades."""

    BUY = 0
    SELL = 1
    BALANCE = 2
    CREDIT = 3
    CHARGE = 4
    CORRECTION = 5
    BONUS = 6
    SO_COMPENSATION = 19


class Entry(IntEnum):
    IN = 0
    OUT = 1
    IN_OUT = 2
    OUT_BY = 3


class Reason(IntEnum):
    CLIENT = 0
    EXPERT = 1
    DEALER = 2
    SL = 3
    TP = 4
    STOP_OUT = 5
    MOBILE = 16
    WEB = 17


class Kind(IntEnum):
    """Type of an order."""

    BUY = 0
    SELL = 1
    BUY_LIMIT = 2
    SELL_LIMIT = 3
    BUY_STOP = 4
    SELL_STOP = 5
    CLOSE_BY = 8

    @property
    def side(self) -> Action:
        return Action.SELL if self in _SELLING else Action.BUY


_SELLING = frozenset({Kind.SELL, Kind.SELL_LIMIT, Kind.SELL_STOP})


class State(IntEnum):
    """State of an order."""

    PLACED = 1
    CANCELLED = 2
    FILLED = 4
    REJECTED = 5
    EXPIRED = 6


class Right:
    """Bits of a user's rights. ``CLOSE_ONLY`` is ours, for the platforms that have such a thing."""

    ENABLED = 0x1
    PASSWORD = 0x2
    TRADE_DISABLED = 0x4
    INVESTOR = 0x8
    EXPERT = 0x40
    READ_ONLY = 0x200
    CLOSE_ONLY = 0x10_0000
    DEFAULT = 0x163


class _Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    pass


class User(_Record, frozen=True, tag="user"):
    """The client's record on the server. Passwords are kept as salted digests."""

    login: int
    group: str
    rights: int = Right.DEFAULT
    leverage: int = 100
    name: str = ""
    company: str = ""
    account: str = ""
    country: str = ""
    language: int = 0
    client: int = 0
    city: str = ""
    state: str = ""
    zip_code: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    identity: str = ""
    status: str = ""
    comment: str = ""
    color: int = 0xFF000000
    agent: int = 0
    phone_password: str = ""
    mqid: str = ""
    lead_campaign: str = ""
    lead_source: str = ""
    trade_accounts: str = ""
    registered: int = 0
    password_changed: int = 0
    main: str = ""
    investor: str = ""
    api: str = ""


class UserGone(_Record, frozen=True, tag="gone"):
    login: int


class Deal(_Record, frozen=True, tag="deal"):
    """One deal. Money it moves: profit + storage + commission, to balance or (credit) to credit."""

    deal: int
    login: int
    action: int
    time: int
    profit: int = 0
    comment: str = ""
    reason: int = Reason.DEALER
    dealer: int = 0
    order: int = 0
    entry: int = Entry.IN
    symbol: str = ""
    price: int = 0
    volume: int = 0
    closed: int = 0
    storage: int = 0
    commission: int = 0
    position: int = 0
    opened: int = 0
    sl: int = 0
    tp: int = 0
    raw: int = 0
    rate_profit: int = RATE
    rate_margin: int = RATE
    expert: int = 0

    @property
    def money(self) -> int:
        return self.profit + self.storage + self.commission

    @property
    def trade(self) -> bool:
        return self.action < Action.BALANCE


class Position(_Record, frozen=True, tag="pos"):
    """An open position. ``cost`` is points times volume, so that averages stay exact."""

    position: int
    login: int
    symbol: str
    action: int
    volume: int
    cost: int
    created: int
    updated: int
    swap_day: int
    margin: int
    rate_margin: int = RATE
    sl: int = 0
    tp: int = 0
    storage: int = 0
    reason: int = Reason.CLIENT
    expert: int = 0
    dealer: int = 0
    comment: str = ""


class PositionGone(_Record, frozen=True, tag="pos-"):
    login: int
    position: int


class Order(_Record, frozen=True, tag="ord"):
    """A pending order, or one that ended without or after waiting."""

    order: int
    login: int
    symbol: str
    kind: int
    volume: int
    price: int
    setup: int
    state: int = State.PLACED
    done: int = 0
    expires: int = 0
    sl: int = 0
    tp: int = 0
    reason: int = Reason.CLIENT
    position: int = 0
    comment: str = ""
    expert: int = 0


class StopOut(_Record, frozen=True, tag="so"):
    """Margin call (1) or stop-out (2) of an account, with the figures of that moment."""

    login: int
    activation: int
    time: int = 0
    level: int = 0
    equity: int = 0
    margin: int = 0


class ClockSet(_Record, frozen=True, tag="clock"):
    offset_ms: int
    frozen_at: int | None = None


class Shock(_Record, frozen=True, tag="shock"):
    symbol: str
    percent: float
    at: int


class RobotSet(_Record, frozen=True, tag="robot"):
    """A robot on an account: what style it trades in, and how many deals an hour."""

    robot: int
    login: int
    style: str
    rate: float
    seed: int
    gear: float = 1.0
    symbols: tuple[str, ...] = ()


class RobotGone(_Record, frozen=True, tag="robot-"):
    robot: int


Record = (
    User
    | UserGone
    | Deal
    | Position
    | PositionGone
    | Order
    | StopOut
    | ClockSet
    | Shock
    | RobotSet
    | RobotGone
)
