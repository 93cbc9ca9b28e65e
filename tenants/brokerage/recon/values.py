"""What a file of a bank or a provider says, as plain values."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One movement as the other side booked it.

    `amount` is signed: plus is money that came to us. `key` tells it from every other line of the
    same account for ever and begins with its `entry`, of which a batch has several lines; `fee` is what the provider kept of it, positive.
    """

    line: int
    entry: str
    key: str
    kind: str
    amount: Decimal
    currency: str
    at: datetime
    fee: Decimal = Decimal(0)
    valued_on: date | None = None
    reference: str = ""
    provider_id: str = ""
    structured: str = ""
    name: str = ""
    account: str = ""
    text: str = ""


@dataclass(slots=True, kw_only=True)
class Statement:
    """A run of lines of one account in one currency, and the balances around it where told."""

    account: str
    currency: str
    number: str = ""
    since: datetime
    until: datetime
    opening: Decimal | None = None
    closing: Decimal | None = None
    lines: list[Line] = field(default_factory=list[Line])

    @property
    def turnover(self) -> Decimal:
        return sum((one.amount for one in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line cannot be taken (`stops` the whole file), or what was left out and why."""

    line: int
    sentence: str
    places: dict[str, Any] = field(default_factory=dict[str, Any])
    stops: bool = True


@dataclass(slots=True)
class Answered:
    """What a bank says of one payment of ours, or of a group of them: accepted, rejected or paid.

    Without a reference it is about all of `group`, and without that about the whole file.
    """

    reference: str
    state: str
    reason: str = ""
    group: str = ""
    money: Money | None = None
    line: int = 0


@dataclass(slots=True)
class Read:
    """A whole file: its kind, its statements or answers, and what was wrong with it."""

    kind: str
    statements: list[Statement] = field(default_factory=list[Statement])
    faults: list[Fault] = field(default_factory=list[Fault])
    answers: list[Answered] = field(default_factory=list[Answered])
    about: str = ""

    @property
    def sound(self) -> bool:
        return not any(one.stops for one in self.faults)

    @property
    def lines(self) -> int:
        return sum(len(one.lines) for one in self.statements)


class Unreadable(Invalid):
    """The file is not what it should be; `line` says where."""

    kind = "unreadable"

    def __init__(self, sentence: str, *, line: int = 0, **places: Any) -> None:
        super().__init__(sentence, field="file", line=line, **places)
        self.line = line
