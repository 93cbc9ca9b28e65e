"""What the books say of accounts that were taken over, beside what their server says."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec
from sqlalchemy import text

from brokerage.trading.connector import TradingConnector
from brokerage.trading.importing.lines import Line
from stoa.kernel.refusals import NotFound
from stoa.tenancy.door import OpenWork

_AT_ONCE: Final = 4
_BOOKS: Final = text(
    "select t.login, t.kind, coalesce(b.balance, 0) as booked "
    "from trading_account t "
    "left join ledger_account a on a.kind = 'platform' and a.ref = t.id "
    "and a.currency = t.currency "
    "left join ledger_balance b on b.account = a.id "
    "where t.server = :server and t.login = any(cast(:logins as bigint[]))"
)


async def compare(
    open_work: OpenWork, code: str, connector: TradingConnector, told: Sequence[Line]
) -> list[Line]:
    """Raises Unavailable where the server does not answer."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def balance(line: Line) -> Decimal | None:
        async with places:
            try:
                return (await connector.get_account(line.login)).balance
            except NotFound:
                return None

    server = await asyncio.gather(*(balance(line) for line in told))
    async with open_work() as work:
        rows = await work.table(_BOOKS, {"server": code, "logins": [line.login for line in told]})
    books: Mapping[int, Decimal | None] = {
        row.login: row.booked if row.kind == "live" else None for row in rows
    }
    return [
        _compared(line, books.get(line.login), now) for line, now in zip(told, server, strict=True)
    ]


def _compared(line: Line, booked: Decimal | None, now: Decimal | None) -> Line:
    """Demo money is in no books: its server is right."""
    if now is None:
        return msgspec.structs.replace(line, books="–", why="gone")
    ours = booked if booked is not None else now
    return msgspec.structs.replace(
        line,
        balance=format(now, "f"),
        books=format(ours.quantize(now) if now else ours, "f"),
        why="" if ours == now else "differs",
    )
