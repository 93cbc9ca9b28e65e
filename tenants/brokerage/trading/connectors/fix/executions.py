"""What a drop copy says was done: trades, corrections, cancels, from either form of report.

Tags 8 (ExecutionReport) and AE (TradeCaptureReport) of FIX 4.4 and 5.0 SP2. What cannot be believed
is a `Misread` with its reason; what says nothing of a trade (a new order, a cancelled one) is nothing.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from brokerage.trading.connectors.fix.codec import Field, Message, text_of
from brokerage.trading.values import DealKind

_NUMBER: Final = re.compile(r"-?\d{1,18}(\.\d{0,18})?|-?\.\d{1,18}")
_WHEN: Final = re.compile(r"(\d{8})-(\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?")
_ID_MOST: Final = 100
_ACCOUNT_MOST: Final = 64
_SYMBOL_MOST: Final = 32
_AHEAD: Final = timedelta(days=1)
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SIDES: Final = {
    "1": DealKind.BUY,
    "3": DealKind.BUY,
    "2": DealKind.SELL,
    "4": DealKind.SELL,
    "5": DealKind.SELL,
    "6": DealKind.SELL,
}
_SILENT: Final = frozenset("0345678ABCDEILN9JK")
"""ExecTypes that move nothing: orders placed, changed, cancelled, rejected, asked about."""


class What(StrEnum):
    TRADE = "trade"
    CORRECT = "correct"
    CANCEL = "cancel"


_EXEC_TYPES: Final = {"F": What.TRADE, "G": What.CORRECT, "H": What.CANCEL}
_REPORT_TYPES: Final = {"0": What.TRADE, "2": What.CORRECT, "1": What.CANCEL, "4": What.CANCEL}


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One side's fill. (`exec_id`, `day`) is its name within the session; `ref` what it is about."""

    what: What
    account: str
    exec_id: str
    day: date
    ref: str = ""
    symbol: str = ""
    side: DealKind = DealKind.BUY
    quantity: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)
    order: str = ""
    at: datetime


class Bent(ValueError):
    """A report that cannot be believed; its text is the reason."""


def read(message: Message, now: datetime) -> list[Execution]:
    """The executions of one application message, none for what moves nothing.

    Raises:
        Bent: it says something nobody may book.
    """
    if message.kind == "8":
        return _report(message, now)
    if message.kind == "AE":
        return _capture(message, now)
    return []


def account_of(message: Message) -> str:
    """Whose it is, as far as it says so: for lists of what was put aside."""
    return _plain(message.get(1))[:_ACCOUNT_MOST]


def _report(message: Message, now: datetime) -> list[Execution]:
    kind = message.get(150)
    what = _EXEC_TYPES.get(kind)
    if what is None:
        if kind in _SILENT and len(kind) == 1:
            return []
        raise Bent(f"ExecType {kind or '(none)'} is not in the list")
    exec_id = message.get(17)
    return [_execution(message, message.fields, what, exec_id, message.get(19), now)]


def _capture(message: Message, now: datetime) -> list[Execution]:
    kind = message.get(487) or "0"
    what = _REPORT_TYPES.get(kind)
    if what is None:
        raise Bent(f"TradeReportTransType {kind} is not in the list")
    exec_type = message.get(150)
    if what is What.TRADE and exec_type in {"G", "H"}:
        what = _EXEC_TYPES[exec_type]
    sides = message.group(552, 54)
    if not 0 < len(sides) <= 2 or message.whole(552) != len(sides):
        raise Bent("NoSides does not agree with the sides that are there")
    name = message.get(17) or message.get(571) or message.get(1003)
    about = message.get(19) or message.get(572) or message.get(1126)
    found: list[Execution] = []
    for at, side in enumerate(sides):
        # The counter-party's side bears the same name: it is told apart by its place.
        mark = f"/{at + 1}" if at else ""
        found.append(
            _execution(
                message, side, what, name + mark if name else "", about + mark if about else "", now
            )
        )
    return found


def _execution(
    message: Message, side: tuple[Field, ...], what: What, exec_id: str, ref: str, now: datetime
) -> Execution:
    account = _word("Account", text_of(side, 1) or message.get(1), _ACCOUNT_MOST)
    exec_id = _word("ExecID", exec_id, _ID_MOST)
    at = _when(message.get(60) or message.get(122) or message.get(52))
    if at > now + _AHEAD:
        raise Bent("TransactTime lies in the future")
    if at < _FIRST:
        raise Bent("TransactTime lies before the year 2000")
    day = _day(message.get(75)) or at.date()
    if what is not What.TRADE:
        ref = _word("ExecRefID", ref, _ID_MOST)
    if what is What.CANCEL:
        return Execution(what=what, account=account, exec_id=exec_id, day=day, ref=ref, at=at)
    kind = _SIDES.get(text_of(side, 54))
    if kind is None:
        raise Bent(f"Side {text_of(side, 54) or '(none)'} is not in the list")
    return Execution(
        what=what,
        account=account,
        exec_id=exec_id,
        day=day,
        ref=ref,
        symbol=_word("Symbol", message.get(55), _SYMBOL_MOST),
        side=kind,
        quantity=_positive("LastQty", message.get(32)),
        price=_positive("LastPx", message.get(31)),
        commission=_commission(message, side),
        order=_plain(text_of(side, 37) or message.get(37))[:_ID_MOST],
        at=at,
    )


def _commission(message: Message, side: tuple[Field, ...]) -> Decimal:
    """What was charged, as money: CommType 3 (absolute) or unsaid; other kinds are not money yet."""
    told = text_of(side, 12) or message.get(12)
    if not told or (text_of(side, 13) or message.get(13) or "3") != "3":
        return Decimal(0)
    return _number("Commission", told)


def _word(name: str, text: str, most: int) -> str:
    if not text:
        raise Bent(f"{name} is missing")
    if len(text) > most:
        raise Bent(f"{name} is longer than {most} characters")
    if _plain(text) != text:
        raise Bent(f"{name} holds characters that cannot be kept")
    return text


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def _positive(name: str, text: str) -> Decimal:
    value = _number(name, text)
    if value <= 0:
        raise Bent(f"{name} is {text}: it must be more than nothing")
    return value


def _number(name: str, text: str) -> Decimal:
    if not text:
        raise Bent(f"{name} is missing")
    if _NUMBER.fullmatch(text) is None:
        raise Bent(f"{name} is no number")
    return Decimal(text)


def _when(text: str) -> datetime:
    """UTCTimestamp, to the microsecond; a leap second counts as the one before."""
    found = _WHEN.fullmatch(text)
    if found is None:
        raise Bent("TransactTime is no time")
    day, hour, minute, second, part = found.groups()
    micros = int(((part or "") + "000000")[:6])
    try:
        return datetime.strptime(day, "%Y%m%d").replace(
            hour=int(hour),
            minute=int(minute),
            second=min(int(second), 59) if second == "60" else int(second),
            microsecond=micros,
            tzinfo=UTC,
        )
    except ValueError as why:
        raise Bent("TransactTime is no time") from why


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError as why:
        raise Bent("TradeDate is no date") from why


def moment(text: str) -> datetime | None:
    """SendingTime as an instant, None where it is none."""
    try:
        return _when(text)
    except Bent:
        return None
