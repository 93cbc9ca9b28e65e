"""Carrying out what two people agreed to: step by step, and a certificate at the end.

Every batch is a transaction that notes itself on the erasure's row, which it holds locked: whoever
dies, the next goes on with what is left, and whoever comes second finds it done.
"""

import hashlib
from typing import Any, Final
from uuid import UUID

from brokerage.clients.model import Client
from brokerage.privacy import asking, certificates, holds, rules
from brokerage.privacy.model import Erasure, ErasureState
from brokerage.privacy.steps import STEPS, Step, Took
from stoa.kernel.faultpoints import faultpoint
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

_NONE: Final[dict[str, Any]] = {"count": 0, "digest": "", "done": False}


async def carry_out(open_work: OpenWork, erasure: UUID) -> None:
    """All that is left of it. A legal hold stops it where it is; lifted, it goes on."""
    for step in STEPS:
        while await _batch(open_work, erasure, step):
            faultpoint("erasure.batch")
    async with open_work() as work:
        row = await work.lock(Erasure, erasure)
        if row.state == ErasureState.RUNNING and _finished(row):
            await _conclude(work, row)


async def _batch(open_work: OpenWork, erasure: UUID, step: Step) -> bool:
    """One batch of one step; whether there may be another."""
    async with open_work() as work:
        row = await work.lock(Erasure, erasure)
        if row.state != ErasureState.RUNNING or step.category not in _going(row):
            return False
        so_far = row.gone.get(step.name, _NONE)
        if so_far["done"] or await holds.standing(work, row.client):
            return False
        work.subject, work.reason = row.client, row.reference
        took = await step.run(work, row.client)
        row.gone = row.gone | {step.name: _noted(so_far, step, took)}
        if took.count:
            work.record("erased", of=step.name, rows=took.count, erasure=row.reference)
        return took.more


def _noted(so_far: dict[str, Any], step: Step, took: Took) -> dict[str, Any]:
    digest = so_far["digest"]
    for one in took.digests:
        digest = hashlib.sha256(f"{digest}{one}".encode()).hexdigest()
    return {
        "category": str(step.category),
        "count": so_far["count"] + took.count,
        "digest": digest,
        "done": not took.more,
    }


def _going(row: Erasure) -> list[str]:
    return rules.going(asking.verdicts_of(row))


def _finished(row: Erasure) -> bool:
    going = _going(row)
    return all(row.gone.get(step.name, _NONE)["done"] for step in STEPS if step.category in going)


async def _conclude(work: Work, row: Erasure) -> None:
    client = await work.lock(Client, row.client)
    client.erased = sorted({*client.erased, *_going(row)})
    row.done_at = work.now
    await certificates.issue(work, row)
    work.subject = row.client
    work.announce(f"desk|client-{row.client}", "desk|erasures", "desk|clients")
