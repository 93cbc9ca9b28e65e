"""A proof is made: what can be matched is, everything is looked at, and the outcome is kept."""

import time
from datetime import timedelta
from typing import Final

from sqlalchemy import select, text

from brokerage.recon import breaks, matching, proving
from brokerage.recon.model import Proof
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

EVERY: Final = timedelta(minutes=3)


async def prove(open_work: OpenWork) -> Proof:
    """Match what has become matchable, look at everything, keep what was found and its breaks."""
    started = time.monotonic()
    async with open_work() as work:
        await work.run(text("set local statement_timeout = '120s'"))
        for source, currency in await matching.with_open(work):
            await matching.run(work, source, currency)
    async with open_work() as work:
        await work.run(text("set local statement_timeout = '120s'"))
        found = await proving.look(work)
        opened = await breaks.settle(work, found.items)
        row = Proof(
            id=work.new_id(),
            at=work.now,
            took_ms=int((time.monotonic() - started) * 1000),
            by=work.actor.id,
            rows=[one.told() for one in proving.ordered(found.rows)],
            breaks=len(found.items),
            stale=sum(1 for one in found.rows if one.stale),
            unexplained=sum(1 for one in found.rows if one.overlooked),
        )
        work.add(row)
        await breaks.tell(work, opened)
        work.announce("desk|recon")
        return row


async def latest(work: Work) -> Proof | None:
    return await work.first(select(Proof).order_by(Proof.at.desc(), Proof.id.desc()))
