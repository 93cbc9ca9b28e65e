"""I16: whatever somebody had to be told of, everybody whose work it is was told of.

Money that waits for a person, a provider that failed, a difference between books and evidence, and
a payout of which nobody could say for long whether it was sent.
"""

from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import TextClause, text

from brokerage.faults.record import Record
from brokerage.payments.depositing.telling import QUEUE
from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from brokerage.recon.permissions import Recon
from stoa.identity import roles
from stoa.tenancy.work import Work

_UNTOLD: Final = (
    "select {id} as subject, {what} as detail from {table} r, unnest(cast(:people as uuid[])) as h "
    "(person) where not exists (select from notice n where n.person = h.person and n.path = {path} "
    "and n.told_at >= r.opened_at) group by 1, 2"
)


def _law(table: str, path: str, what: str) -> TextClause:
    return text(_UNTOLD.format(id="r.id", table=table, path=path, what=what))


LAWS: Final = {
    str(Payments.RESOLVE): _law("unresolved_payment", f"'{QUEUE}'", "r.problem"),
    str(Payments.PSPS): _law(
        "provider_incident", "'/desk/psps/' || r.psp || '/health'", "r.psp || ' failed'"
    ),
    str(Recon.BREAKS): _law("recon_break", "'/desk/recon/breaks?state=open'", "r.source"),
}
"""By permission: who holds it is told of each such row, on that path, once it is there."""

_LATE: Final = (
    "select p.id, p.tries from payout_attempt p where p.state = 'sending' "
    "and p.sent_at < now() - $1 * interval '1 minute'"
)
_STORY: Final = text(
    "select p.id from payout_attempt p join withdrawal w on w.id = p.withdrawal "
    "where p.id = any(cast(:late as uuid[])) and not exists (select from "
    "jsonb_array_elements(w.story) s where s ->> 'what' = 'unknown-long' "
    "and s ->> 'code' = cast(p.id as text))"
)


class Alarms:
    """Remembers which payouts of a tenant stayed unknown for long while they were asked about."""

    def __init__(self, minutes: int) -> None:
        """`minutes` is how long a payout may be unknown before people are told."""
        self.late: set[UUID] = set()
        self._minutes = minutes
        self._seen: dict[UUID, int] = {}

    async def look(self, owner: asyncpg.Connection) -> None:
        """As superuser in a tenant's schema, between two rounds of asking."""
        for row in await owner.fetch(_LATE, self._minutes):
            known = self._seen.setdefault(row["id"], row["tries"])
            if row["tries"] > known:
                # It was late, was asked about, and nobody knows still.
                self.late.add(row["id"])

    async def compare(self, work: Work, slug: str, record: Record) -> None:
        for row in await work.table(_STORY, {"late": list(self.late)}):
            record.breach("I16", slug, row.id, "unknown for long, and nobody was told")
        await compare(work, slug, record)


async def compare(work: Work, slug: str, record: Record) -> None:
    """Name every row that somebody should have been told of and was not."""
    for permission, law in LAWS.items():
        people = list(await roles.holders(work, permission))
        for row in await work.table(law, {"people": people}):
            record.breach("I16", slug, row.subject, f"{row.detail}: not everybody was told")


def minutes_of(work: Work) -> int:
    """How long a payout may be unknown before people are told."""
    return work.settings(PaymentsSettings).withdrawals.retries.unknown_tell_min
