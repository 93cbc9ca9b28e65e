"""What was open over time: one point of each part of the book every five minutes."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from brokerage.risk import book
from brokerage.risk.ground import read as ground_of
from brokerage.risk.model import RiskPoint
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

KEPT: Final = ("all", "symbol", "family", "book")
"""Parts of the book whose line over time is kept."""
_STEP_S: Final = 300


async def keep(open_work: OpenWork) -> None:
    """Write down what is open, at most every five minutes, and forget what is too old to show."""
    async with open_work() as work:
        ground = await ground_of(work)
        at = datetime.fromtimestamp(
            int(work.now.timestamp()) // _STEP_S * _STEP_S, tz=work.now.tzinfo
        )
        for by in KEPT:
            top = book.grouped(ground, by)
            chosen = select(
                literal(by), top.c.key, literal(at), top.c.positions, top.c.net, top.c.notional, top.c.result,
            )  # fmt: skip
            new = insert(RiskPoint).from_select(
                ["by", "key", "at", "positions", "net", "notional", "profit"], chosen
            )
            await work.run(
                new.on_conflict_do_update(
                    index_elements=["by", "key", "at"],
                    set_={
                        name: new.excluded[name]
                        for name in ("positions", "net", "notional", "profit")
                    },
                )
            )
        oldest = work.now - timedelta(days=ground.settings.keep_days)
        await work.run(
            delete(RiskPoint)
            .where(RiskPoint.at < oldest, RiskPoint.by != "hedge")
            .execution_options(synchronize_session=False)
        )


async def line(
    work: Work, by: str, key: str, hours: int
) -> tuple[list[str], list[float], list[float]]:
    """Moments, net value and clients' result of one part over some hours, one point a step."""
    step = max(_STEP_S, hours * 3600 // 288 // _STEP_S * _STEP_S)
    bucket = func.floor(func.extract("epoch", RiskPoint.at) / step)
    rows = await work.table(
        select(
            func.max(RiskPoint.at).label("at"),
            func.avg(RiskPoint.notional).label("notional"),
            func.avg(RiskPoint.profit).label("profit"),
        )
        .where(
            RiskPoint.by == by,
            RiskPoint.key == key,
            RiskPoint.at >= work.now - timedelta(hours=hours),
        )
        .group_by(bucket)
        .order_by(func.max(RiskPoint.at))
        .limit(400)
    )
    return (
        [row.at.isoformat() for row in rows],
        [float(row.notional) for row in rows],
        [float(row.profit) for row in rows],
    )
