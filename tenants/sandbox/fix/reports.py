"""Executions as reports: ExecutionReport (8) or TradeCaptureReport (AE), new, corrected, cancelled."""

import msgspec

from sandbox.fix.store import Executed
from sandbox.fix.wire import Fields
from sandbox.trading.amounts import to_text
from sandbox.trading.hub import Hub
from sandbox.trading.records import Action, Deal
from sandbox.trading.symbols import SYMBOLS

_LOT = 10_000
_NEW, _CORRECT, _CANCEL = "trade", "correct", "cancel"
_EXEC_TYPES = {_NEW: "F", _CORRECT: "G", _CANCEL: "H"}
_REPORT_TYPES = {_NEW: "0", _CORRECT: "2", _CANCEL: "1"}


def executed(hub: Hub, deal: Deal, exec_id: str, account: str, at: str) -> Executed:
    """A deal of the market as a fill in units of the symbol."""
    symbol = SYMBOLS[deal.symbol]
    login = hub.book.accounts[deal.login]
    units = deal.volume * symbol.contract
    quantity = f"{units // _LOT}" if not units % _LOT else f"{units / _LOT:f}"
    fee = to_text(-deal.commission, hub.floor.group(login).digits)
    return Executed(
        exec_id=exec_id,
        account=account,
        symbol=deal.symbol,
        side="1" if deal.action == Action.BUY else "2",
        quantity=quantity,
        price=to_text(deal.price, symbol.digits),
        commission=fee,
        at=at,
        state=_NEW,
        root=exec_id,
    )


def changed(
    was: Executed,
    exec_id: str,
    at: str,
    *,
    price: str = "",
    quantity: str = "",
    cancel: bool = False,
) -> Executed:
    return msgspec.structs.replace(
        was,
        exec_id=exec_id,
        at=at,
        price=price or was.price,
        quantity=quantity or was.quantity,
        state=_CANCEL if cancel else _CORRECT,
    )


def report(one: Executed, about: str, form: str) -> Fields:
    """The body of the message that tells of an execution, in either form."""
    return _capture(one, about) if form == "AE" else _execution(one, about)


def _execution(one: Executed, about: str) -> Fields:
    body: Fields = [
        (37, f"O-{one.root}"),
        (11, f"C-{one.root}"),
        (17, one.exec_id),
    ]
    if about:
        body.append((19, about))
    body += [
        (150, _EXEC_TYPES[one.state]),
        (39, "4" if one.state == _CANCEL else "2"),
        (1, one.account),
        (55, one.symbol),
        (54, one.side),
        (38, one.quantity),
        (32, one.quantity),
        (31, one.price),
        (151, "0"),
        (14, one.quantity),
        (6, one.price),
        (60, one.at),
        (75, one.at[:8]),
        (797, "Y"),
    ]
    if one.commission not in {"", "0", "0.00"}:
        body += [(12, one.commission), (13, "3")]
    return body


def _capture(one: Executed, about: str) -> Fields:
    body: Fields = [(571, one.exec_id), (487, _REPORT_TYPES[one.state]), (856, "0")]
    if about:
        body.append((572, about))
    body += [
        (150, "F"),
        (570, "N"),
        (55, one.symbol),
        (32, one.quantity),
        (31, one.price),
        (75, one.at[:8]),
        (60, one.at),
        (552, "1"),
        (54, one.side),
        (37, f"O-{one.root}"),
        (1, one.account),
    ]
    if one.commission not in {"", "0", "0.00"}:
        body += [(12, one.commission), (13, "3")]
    return body
