"""Where an import of a server stands: its row's document, and the sealed report beside it."""

from datetime import datetime
from typing import Final, Literal

import msgspec
from sqlalchemy.dialects.postgresql import insert

from brokerage.trading.importing import lines
from brokerage.trading.importing.lines import Line, Options
from brokerage.trading.model import TradingServer
from stoa.tenancy.work import Work

Stage = Literal["looking", "looked", "taking", "comparing", "done", "failed"]
UNDER_WAY: Final = frozenset({"looking", "taking", "comparing"})


class State(msgspec.Struct, frozen=True, kw_only=True):
    """`turn` is a fence: a job that carries another one has been overtaken and does nothing."""

    stage: Stage
    options: Options
    asked_at: datetime
    asked_by: str
    told_at: datetime
    turn: int = 1
    why: str = ""
    counts: dict[str, int] = {}


async def locked(work: Work, server: str) -> TradingServer:
    """The server's row, made if it was never heard of."""
    await work.run(
        insert(TradingServer)
        .values(code=server, state="unknown", symbols=[], prices={}, deals_seen=0)
        .on_conflict_do_nothing()
    )
    return await work.lock(TradingServer, server)


def of(row: TradingServer | None) -> State | None:
    if row is None or row.importing is None:
        return None
    return msgspec.convert(row.importing, State)


def report(work: Work, row: TradingServer) -> list[Line]:
    return lines.unseal(work, row.code, row.import_sealed)


def keep(work: Work, row: TradingServer, now: State, told: list[Line] | None = None) -> None:
    """Write down where it stands, and the report where it changed."""
    if told is not None:
        now = msgspec.structs.replace(now, counts=lines.counts(told))
        row.import_sealed = lines.seal(work, row.code, told)
    row.importing = msgspec.to_builtins(msgspec.structs.replace(now, told_at=work.now))
    work.announce(f"import-{row.code}")
