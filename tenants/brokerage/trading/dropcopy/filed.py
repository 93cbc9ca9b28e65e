"""Executions with the messages that told them, and how they are read back from what is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from brokerage.trading.connectors.fix import codec, executions
from brokerage.trading.connectors.fix.executions import Execution
from brokerage.trading.dropcopy.model import FixMessage
from stoa.tenancy.work import Work


class Filed(msgspec.Struct, frozen=True):
    """`id` is the row of the message, or of the side of it, that told the execution."""

    id: int
    execution: Execution


async def since(
    work: Work, server: str, account: str, first: int, limit: int
) -> tuple[list[Filed], int]:
    """Kept executions of an account from one message on, and the message to go on from (0: none)."""
    rows = await work.table(
        select(FixMessage.id, FixMessage.part, FixMessage.raw, FixMessage.at)
        .where(
            FixMessage.server == server,
            FixMessage.account == account,
            FixMessage.exec_id.is_not(None),
            FixMessage.id >= first,
        )
        .order_by(FixMessage.id)
        .limit(limit)
    )
    more = rows[-1].id + 1 if len(rows) == limit else 0
    return _read(rows), more


async def all_of(work: Work, server: str, account: str, before: int) -> list[Filed]:
    """All executions of an account before a message, and what changed them."""
    rows = await work.table(
        select(FixMessage.id, FixMessage.part, FixMessage.raw, FixMessage.at)
        .where(
            FixMessage.server == server,
            FixMessage.account == account,
            FixMessage.exec_id.is_not(None),
            FixMessage.id < before,
        )
        .order_by(FixMessage.id)
    )
    return _read(rows)


async def named(work: Work, server: str, exec_id: str, before: int) -> Filed | None:
    """The latest execution of a name before a message: a name may come again on another day."""
    rows = await work.table(
        select(FixMessage.id, FixMessage.part, FixMessage.raw, FixMessage.at)
        .where(FixMessage.server == server, FixMessage.exec_id == exec_id, FixMessage.id < before)
        .order_by(FixMessage.exec_day.desc(), FixMessage.id.desc())
        .limit(1)
    )
    found = _read(rows)
    return found[0] if found else None


def _read(rows: Sequence[Any]) -> list[Filed]:
    return [Filed(row.id, again(row.raw, row.part, row.at)) for row in rows]


def again(raw: bytes, part: int, at: datetime) -> Execution:
    """The execution of a kept message. It was read before it was kept, so it is read again."""
    (message,) = [one for one in codec.Framer().feed(bytes(raw)) if isinstance(one, codec.Message)]
    return executions.read(message, at)[part]
