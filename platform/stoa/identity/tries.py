"""Wrong tries, counted before the answer is worked out, so that guessing in parallel gains nothing.

What is counted is what was typed: an address nobody has locks exactly as one that somebody has.
"""

import math
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, delete, func
from sqlalchemy.dialects.postgresql import insert

from stoa.identity.model import OperatorTry, SignInTry
from stoa.kernel.refusals import TooMany
from stoa.tenancy.work import PlatformWork, Work

MOST: Final = 5
PAUSE: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=24)
FORGOTTEN: Final = timedelta(hours=24)


class Locked(TooMany):
    """Paused: not even the right answer is looked at."""

    kind = "locked"

    def __init__(self, now: datetime, until: datetime) -> None:
        self.until = until
        seconds = max(1, math.ceil((until - now).total_seconds()))
        super().__init__(
            "Too many wrong tries. This is paused for {minutes} minutes. If it was not you, your "
            "account is safe. Nothing was changed.",
            retry_after_s=seconds,
            minutes=math.ceil(seconds / 60),
        )


def _table(work: Work | PlatformWork) -> Any:
    return SignInTry if isinstance(work, Work) else OperatorTry


async def spend(work: Work | PlatformWork, what: str, whom: bytes) -> datetime | None:
    """Count one try. Returns until when it is paused should this one be wrong too, or None.

    Raises Locked during a pause. Every fifth try in a row begins one, each longer than the last.
    Call it in a transaction that commits whether the try was right or wrong.
    """
    table = _table(work)
    fresh = insert(table).values(what=what, whom=whom, tries=1, last_at=work.now)
    idle = table.last_at < work.now - FORGOTTEN
    paused = func.coalesce(table.locked_until > work.now, False)
    counted = fresh.on_conflict_do_update(
        index_elements=[table.what, table.whom],
        set_={
            "tries": case((idle, 1), (paused, table.tries), else_=table.tries + 1),
            "last_at": work.now,
        },
    ).returning(table.tries, table.locked_until)
    row = (await work.run(counted)).one()
    if row.locked_until is not None and row.locked_until > work.now:
        raise Locked(work.now, row.locked_until)
    if row.tries % MOST:
        return None
    until: datetime = work.now + min(PAUSE * 2 ** min(row.tries // MOST - 1, 10), LONGEST)
    await work.run(
        table.__table__.update()
        .where(table.what == what, table.whom == whom)
        .values(locked_until=until)
    )
    return until


async def clear(work: Work | PlatformWork, what: str, whom: bytes) -> None:
    """It was right: what went before is forgotten."""
    table = _table(work)
    await work.run(delete(table).where(table.what == what, table.whom == whom))
