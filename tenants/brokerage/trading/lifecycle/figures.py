"""The reconciliation of accounts that were moved: what was there, what went, what arrived."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import text

from stoa.tenancy.work import Work

_MOVED: Final = text(
    "select wants ->> 'currency' as currency, count(*) as accounts, "
    "coalesce(sum(cast(nullif(was ->> 'before', '') as numeric)), 0) as before, "
    "coalesce(sum(cast(was ->> 'moved' as numeric)), 0) as moved, "
    "coalesce(sum(cast(was ->> 'left' as numeric)), 0) as remaining, "
    "coalesce(sum(cast(was ->> 'after' as numeric)), 0) as after, "
    "coalesce(sum(cast(was ->> 'difference' as numeric)), 0) as difference "
    "from account_request where batch = :batch and state = 'done' group by currency order by currency"
)


@dataclass(frozen=True, slots=True)
class Moved:
    """One currency's accounts. `difference` is what was there less what is on either side now."""

    currency: str
    accounts: int
    before: Decimal
    moved: Decimal
    left: Decimal
    after: Decimal
    difference: Decimal


async def moved(work: Work, batch: UUID) -> list[Moved]:
    rows = await work.table(_MOVED, {"batch": batch})
    return [
        Moved(
            row.currency,
            int(row.accounts),
            Decimal(row.before),
            Decimal(row.moved),
            Decimal(row.remaining),
            Decimal(row.after),
            Decimal(row.difference),
        )
        for row in rows
    ]
