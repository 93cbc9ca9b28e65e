"""The values a trading platform speaks in, whichever platform it is.

Amounts are Decimals in the account's own currency, times are UTC, volumes are lots.
"""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec


class Access(StrEnum):
    FULL = "full"
    CLOSE_ONLY = "close-only"
    NO_TRADING = "no-trading"
    NO_LOGIN = "no-login"


class Which(StrEnum):
    """Which of an account's passwords."""

    MAIN = "main"
    INVESTOR = "investor"


class MoneyKind(StrEnum):
    """Direction is in the kind; amounts are always positive."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    CREDIT_IN = "credit-in"
    CREDIT_OUT = "credit-out"
    CORRECTION_IN = "correction-in"
    CORRECTION_OUT = "correction-out"
    CHARGE = "charge"

    @property
    def outward(self) -> bool:
        return self in {
            MoneyKind.WITHDRAWAL,
            MoneyKind.CREDIT_OUT,
            MoneyKind.CORRECTION_OUT,
            MoneyKind.CHARGE,
        }


class DealKind(StrEnum):
    """What a deal did. Only BUY and SELL are trades; the rest moved money."""

    BUY = "buy"
    SELL = "sell"
    BALANCE = "balance"
    CREDIT = "credit"
    CHARGE = "charge"
    CORRECTION = "correction"
    BONUS = "bonus"
    COMMISSION = "commission"
    INTEREST = "interest"
    DIVIDEND = "dividend"
    TAX = "tax"
    AGENT = "agent"
    CANCELLED = "cancelled"
    COMPENSATION = "compensation"
    OTHER = "other"

    @property
    def trade(self) -> bool:
        return self is DealKind.BUY or self is DealKind.SELL


class Entry(StrEnum):
    IN = "in"
    OUT = "out"
    REVERSAL = "reversal"
    OUT_BY = "out-by"
    NONE = "none"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Who an account belongs to, as the platform's own staff see it."""

    name: str
    email: str = ""
    phone: str = ""
    country: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    address: str = ""
    company: str = ""


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """`external_id` is ours and finds the account again; a `login` of 0 lets the server choose."""

    external_id: str
    group: str
    leverage: int
    profile: Profile
    password: str
    investor_password: str
    access: Access = Access.FULL
    login: int = 0
    currency: str = ""
    """What the account is kept in, where the group does not say it."""

    def __repr__(self) -> str:
        return f"<NewAccount {self.external_id} in {self.group}>"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    login: int
    group: str
    currency: str
    name: str
    external_id: str
    leverage: int
    access: Access
    balance: Decimal
    credit: Decimal
    equity: Decimal
    margin: Decimal
    margin_free: Decimal
    margin_level: Decimal
    floating: Decimal
    email: str = ""
    registered: datetime | None = None
    last_access: datetime | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    position: int
    login: int
    symbol: str
    kind: DealKind
    lots: Decimal
    contract_size: Decimal
    price_open: Decimal
    price_current: Decimal
    stop_loss: Decimal
    take_profit: Decimal
    profit: Decimal
    swap: Decimal
    opened: datetime
    comment: str = ""


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the platform's journal; (server, `deal`) is its identity for ever."""

    deal: int
    login: int
    kind: DealKind
    entry: Entry
    at: datetime
    symbol: str
    lots: Decimal
    lots_closed: Decimal
    contract_size: Decimal
    price: Decimal
    profit: Decimal
    swap: Decimal
    commission: Decimal
    position: int
    order: int
    rate_profit: Decimal
    comment: str = ""
    external_id: str = ""
    reason: str = ""
    reverses: int = 0
    """The deal that this one takes back: its lots and money are that one's with the other sign."""
    opened: datetime | None = None
    """When the position that this closes was opened, where the platform tells it beside it."""


class Misread(msgspec.Struct, frozen=True):
    """A deal that could not be understood: kept aside for a person, it never stops the others."""

    login: int
    raw: str
    why: str


class DealCursor(msgspec.Struct, frozen=True, order=True):
    """How far the journal was read. Platforms have no "since ticket": readers overlap and drop."""

    at: datetime
    deal: int = 0

    @classmethod
    def start(cls) -> "DealCursor":
        return cls(datetime(2000, 1, 1, tzinfo=UTC))


class DealBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Deals in order of (time, deal), the overlap included; `cursor` is where to go on."""

    deals: tuple[Deal, ...]
    cursor: DealCursor
    misread: tuple[Misread, ...] = ()
    missing: tuple[int, ...] = ()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """`currency` is empty where each account of the group has its own."""

    group: str
    currency: str
    currency_digits: int
    company: str = ""
    margin_call: Decimal = Decimal(0)
    stop_out: Decimal = Decimal(0)


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    symbol: str
    path: str
    description: str
    digits: int
    contract_size: Decimal
    currency_base: str
    currency_profit: str
    currency_margin: str
    lots_min: Decimal
    lots_max: Decimal
    lots_step: Decimal


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    digits: int
    at: datetime | None = None


class Ticks(msgspec.Struct, frozen=True):
    """`since` goes into the next call, which then answers only what is newer."""

    ticks: tuple[Tick, ...]
    since: int


class Told(StrEnum):
    """What a platform's push is about. GAP: the stream began anew, ask for everything again."""

    DEAL = "deal"
    POSITION = "position"
    ACCOUNT = "account"
    GAP = "gap"


class News(msgspec.Struct, frozen=True, kw_only=True):
    """Something a platform told unasked. It rings; what is true is read from the platform again.

    `login` 0 means any account. `deals` are there where the push carries them whole.
    """

    what: Told
    login: int = 0
    deals: tuple[Deal, ...] = ()
