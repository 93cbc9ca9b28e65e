"""I15: what the books said at an instant of the storm, they say of that instant ever after.

A picture is one statement's view of every balance, with the database's own snapshot. Afterwards the
legs that were visible then must still make the same balances, and the product's own answer about
that instant must be those balances and what was being written just then.
"""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from brokerage.demo.world import World
from brokerage.faults.cast import Broker
from brokerage.faults.record import Record
from brokerage.ledger import wallets
from brokerage.ledger.accounts import Account
from brokerage.ledger.model import Guard, Tree
from stoa.tenancy.work import Work

SHOTS: Final = 8
"""So often in a storm everybody's balances are taken down."""
SAMPLE: Final = 40
"""So many accounts of each picture are asked for by the product's own verb."""

_TAKEN: Final = text(
    "select clock_timestamp() as at, cast(pg_current_snapshot() as text) as seen, "
    "(select jsonb_object_agg(account, cast(balance as text)) from ledger_balance) as clients, "
    "(select jsonb_object_agg(account, sum) from (select l.account, cast(sum(l.amount) as text) "
    "as sum from leg l where l.guard = 'none' group by 1) h) as house"
)
_THEN: Final = text(
    "select l.account, "
    "coalesce(sum(l.amount) filter (where l.seen), 0) as rebuilt, "
    "coalesce(sum(l.amount) filter (where not l.seen and l.posted_at <= :at), 0) as late, "
    "count(*) filter (where l.seen and l.posted_at > :at) as ahead, "
    "count(*) filter (where not l.seen and "
    "l.posted_at <= cast(:at as timestamptz) - interval '1 minute') as back "
    "from (select account, amount, posted_at, pg_visible_in_snapshot("
    "cast(cast(xmin as text) as xid8), cast(cast(:seen as text) as pg_snapshot)) as seen from leg) l group by 1"
)
_ACCOUNTS: Final = text(
    "select id, code, kind, tree, guard, currency, owner from ledger_account order by id"
)


@dataclass(frozen=True, slots=True)
class Picture:
    """Every balance at one instant, and which transactions could be seen in it."""

    at: datetime
    seen: str
    balances: Mapping[UUID, Decimal]


class Album:
    """The pictures of a storm, by tenant; each is due once so many operations have been begun."""

    def __init__(self, world: World, brokers: list[Broker], operations: int) -> None:
        self.due = [operations * shot // (SHOTS + 1) for shot in range(1, SHOTS + 1)]
        self.count = 0
        self._world = world
        self._brokers = brokers
        self._pictures: dict[str, list[Picture]] = defaultdict(list)

    async def take(self) -> None:
        """One of every tenant; what the driver itself cannot read is left out."""
        for broker in self._brokers:
            async with self._world.work(broker.tenant, purpose="faults.instant") as work:
                picture = await taken(work)
            self._pictures[broker.tenant.slug].append(picture)
            self.count += 1

    async def compare(self, broker: Broker, record: Record, seed: int) -> None:
        slug = broker.tenant.slug
        chance = random.Random(f"{seed}:instants")  # noqa: S311 - seeded on purpose
        async with self._world.work(broker.tenant, purpose="faults.instants") as work:
            await compare(work, slug, self._pictures[slug], record, chance)


async def taken(work: Work) -> Picture:
    """How every account stands now, in one view of the database."""
    row = (await work.table(_TAKEN))[0]
    told: dict[str, str] = {**(row.clients or {}), **(row.house or {})}
    return Picture(row.at, row.seen, {UUID(key): Decimal(one) for key, one in told.items()})


async def compare(
    work: Work, slug: str, pictures: list[Picture], record: Record, chance: random.Random
) -> None:
    """Hold every picture against the books as they are now."""
    accounts = {row.id: row for row in await work.table(_ACCOUNTS)}
    for picture in pictures:
        rows = await work.table(_THEN, {"at": picture.at, "seen": picture.seen})
        then = {row.account: row for row in rows}
        for account in sorted({*then, *picture.balances}, key=str):
            was = picture.balances.get(account, Decimal(0))
            row = then.get(account)
            rebuilt = row.rebuilt if row is not None else Decimal(0)
            if rebuilt != was:
                record.breach("I15", slug, account, f"{rebuilt} of {picture.at}, it was {was}")
            if row is not None and (row.ahead or row.back):
                # What was just being written may bear an earlier moment, by no more than a request.
                why = (
                    f"{row.ahead} legs of {picture.at} are dated after it, {row.back} later before"
                )
                record.breach("I15", slug, account, why)
        named = sorted(accounts, key=str)
        for account in chance.sample(named, min(SAMPLE, len(named))):
            row = then.get(account)
            due = picture.balances.get(account, Decimal(0))
            due += row.late if row is not None else Decimal(0)
            said = await wallets.as_of(work, _account(accounts[account]), picture.at)
            if said.amount != due:
                record.breach(
                    "I15", slug, account, f"is said to be {said} at {picture.at}, it was {due}"
                )


def _account(row: Any) -> Account:
    return Account(
        id=row.id,
        code=row.code,
        kind=row.kind,
        tree=Tree(row.tree),
        guard=Guard(row.guard),
        currency=row.currency,
        owner=row.owner,
    )
