"""What the Manager API tells unasked, as the port's news."""

from collections.abc import AsyncIterator
from typing import Final

from brokerage.trading.connector import Deal, Misread, News, Told
from brokerage.trading.connectors.ctrader import messages, reading
from brokerage.trading.connectors.ctrader.directory import Directory
from brokerage.trading.connectors.ctrader.link import Link
from brokerage.trading.connectors.ctrader.messages import Kind
from brokerage.trading.connectors.ctrader.wire import BrokenMessage

_GAP: Final = News(what=Told.GAP)


async def stream(link: Link, directory: Directory) -> AsyncIterator[News]:
    """For as long as one connection holds. It begins with a gap: what came before is to be read.

    Raises:
        Unreachable: the connection broke, or none came about; whoever listens opens it again.
    """
    if not link.configured:
        return
    session = await link.session()
    ear = session.listen()
    try:
        yield _GAP
        while True:
            heard = await ear.next()
            if heard is None:
                yield _GAP
                continue
            told = await _told(*heard, directory)
            if told is not None:
                yield told
    finally:
        session.unlisten(ear)


async def _told(kind: int, payload: bytes, directory: Directory) -> News | None:
    """News of an event, or None for what is none; what cannot be read rings for everybody."""
    if kind == Kind.TRADER_CHANGED:
        try:
            return News(what=Told.ACCOUNT, login=messages.changed_trader(payload).login)
        except BrokenMessage:
            return News(what=Told.ACCOUNT)
    if kind != Kind.EXECUTION:
        return None
    try:
        deal, operation, bonus = messages.execution(payload)
        if not (deal or operation or bonus):
            return News(what=Told.POSITION)
        read = await _read(deal, operation, bonus, directory)
    except BrokenMessage:
        return News(what=Told.DEAL)
    if isinstance(read, Deal):
        return News(what=Told.DEAL, login=read.login, deals=(read,))
    # A deal that is none rings all the same: the journal puts it aside with the reason.
    return News(what=Told.DEAL, login=read.login if isinstance(read, Misread) else 0)


async def _read(
    deal: bytes, operation: bytes, bonus: bytes, directory: Directory
) -> Deal | Misread | None:
    if deal:
        await directory.login_of(messages.deal(deal).trader)
        return reading.of_deal(deal, directory.known, await directory.instruments())
    if operation:
        await directory.login_of(messages.operation(operation).trader)
        return reading.of_operation(operation, directory.known)
    await directory.login_of(messages.bonus(bonus).trader)
    return reading.of_bonus(bonus, directory.known)
