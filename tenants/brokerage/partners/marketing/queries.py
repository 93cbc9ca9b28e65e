"""What each banner and landing page brought: visits, sign-ups and first deposits by their touches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from stoa.tenancy.work import Work

MOST: Final = 2_000
BROUGHT: Final = text("""
with mine as (
    select code, partner from partner_link
    where cast(:partner as uuid) is null or partner = :partner
), visits as (
    select t.source, t.link, count(*) as visits from partner_touch t
    join mine l on l.code = t.link
    where t.source like 'banner:%' or t.source like 'page:%' group by 1, 2
), joined as (
    select a.via as source, a.link, count(*) as registered, count(c.first_deposit_at) as deposited
    from attribution a join mine l on l.code = a.link and l.partner = a.partner
    join client c on c.id = a.client
    where a.via like 'banner:%' or a.via like 'page:%' group by 1, 2
)
select source, link, coalesce(v.visits, 0) as visits, coalesce(j.registered, 0) as registered,
       coalesce(j.deposited, 0) as deposited
from visits v full join joined j using (source, link)
order by 1, 2 limit :most
""")


@dataclass(frozen=True, slots=True)
class Brought:
    """By a banner or page over one campaign's link: `visits`, of them who registered and paid in."""

    source: str
    link: str
    visits: int
    registered: int
    deposited: int


async def brought(work: Work, partner: UUID | None = None) -> Sequence[Brought]:
    """Of one partner's links; without one, of everybody's."""
    rows = await work.table(BROUGHT, {"partner": partner, "most": MOST})
    return [
        Brought(row.source, row.link, row.visits, row.registered, row.deposited) for row in rows
    ]


def total(rows: Sequence[Brought], source: str, link: str | None = None) -> tuple[int, int, int]:
    """Visits, sign-ups and first deposits of one banner or page; with a link, by that alone."""
    of = [row for row in rows if row.source == source and link in (None, row.link)]
    return (
        sum(row.visits for row in of),
        sum(row.registered for row in of),
        sum(row.deposited for row in of),
    )
