"""The accounts of a batch in their turn: so many released at a time, the end seen when all have one."""

from typing import Final
from uuid import UUID

from sqlalchemy import text

from brokerage.trading.lifecycle.model import AccountBatch, BatchState
from brokerage.trading.lifecycle.planning import counts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

CHUNK: Final = 200
UNDER_WAY: Final = N_("Something of this kind was under way for the account already.")
_RELEASE: Final = text(
    "update account_request set state = 'approved', ready_at = :now, decided_at = :now, "
    "decided_by = :by where id in (select r.id from account_request r where r.batch = :batch "
    "and r.state = 'planned' and not exists (select from account_request o where "
    "o.account = r.account and o.kind = r.kind and o.state in ('asked', 'approved', 'sending')) "
    "order by r.id limit :most for update of r skip locked) returning id"
)
_STUCK: Final = text(
    "update account_request set state = 'refused', done_at = :now, answer = "
    "jsonb_build_object('text', cast(:text as text), 'places', cast('{}' as jsonb)) "
    "where batch = :batch and state = 'planned'"
)


async def released_of(work: Work, row: AccountBatch, most: int = CHUNK) -> list[UUID]:
    """The next ones whose turn it is, as approved by who let the batch run."""
    asked = {
        "now": work.now,
        "by": row.decided_by or row.asked_by,
        "batch": row.id,
        "most": most,
    }
    return [found.id for found in await work.table(_RELEASE, asked)]


async def ended(work: Work, batch: UUID, *, more: bool) -> None:
    """Done when nothing is under way and none is left. `more`: others may still be begun; without it
    what is left could not be begun for another of its kind, and is refused.
    """
    row = await work.lock(AccountBatch, batch)
    states = await counts(work, batch)
    work.announce("desk|batches")
    if row.state != BatchState.RUNNING or states.keys() & {"approved", "sending", "asked"}:
        return
    if states.get("planned"):
        if more:
            return
        await work.run(_STUCK, {"now": work.now, "text": UNDER_WAY, "batch": batch})
        states = await counts(work, batch)
    row.move(BatchState.DONE)
    row.done_at = work.now
    row.report = {**row.report, "states": states}
