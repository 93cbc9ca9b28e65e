"""The books' side of the proof: every entry of a source, and what became of it outside.

All of it is read in one statement, and once: a ledger of years has millions of legs, and the proof
is made every few minutes. Few entries are fees or were undone; these are sought by themselves, so
that of all others nothing but their legs is read.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import text

from stoa.tenancy.work import Work

_SIDES: Final = text(
    """
with covered as materialized (
    -- An advice tells of single movements: it covers no time.
    select source, currency, since, until from outside_statement where kind not like 'camt.054%'
),
evidence as (
    select source, currency, max(until) as until from covered group by source, currency
),
place as materialized (
    select a.code as source, a.currency, array_agg(a.id) as accounts, max(v.until) as until
    from ledger_account a left join evidence v on v.source = a.code and v.currency = a.currency
    where a.owner is null and a.kind in ('psp', 'bank', 'house-bank')
    group by a.code, a.currency
),
turned as materialized (
    select id as entry, reverses as other from entry where reverses is not null
    union all
    select reverses, id from entry where reverses is not null
),
fee as materialized (
    select e.id as entry from outside_file f join entry e on e.ref = f.id
    where e.kind = 'outside-cost' and e.ref_kind = 'outside-file'
        and not exists (select from entry r where r.reverses = e.id)
),
entries as (
    -- One under the other and added up, not joined: of lines just brought there are no statistics,
    -- and a join the planner believes to be small would take minutes.
    select source, currency, until, entry, min(at) as at, sum(amount) as amount,
        coalesce(sum(taken), 0) as taken
    from (
        select p.source, p.currency, p.until, l.entry, l.posted_at as at, -l.amount as amount,
            cast(null as numeric) as taken
        from place p join leg l on l.account = any(p.accounts)
        union all
        select p.source, p.currency, p.until, m.entry, null, null, m.amount
        from place p join line_match m on m.source = p.source and m.currency = p.currency
        where m.state = 'live'
    ) told
    group by source, currency, until, entry having min(at) is not null
),
sorted as (
    select l.source, l.currency, l.entry, l.at, l.amount, l.amount - l.taken as rest,
        case
            when l.entry in (select entry from fee) then 'fee'
            when l.amount = l.taken then 'matched'
            when l.taken = 0 and l.entry in (select entry from turned)
                and (l.entry, cast(l.source as text)) not in (
                    select u.entry, cast(o.source as text) from turned u
                    join line_match o on o.entry = u.other and o.state = 'live'
                ) then 'undone'
            when l.until is null then 'uncovered'
            when l.at >= l.until then 'flight'
            when l.at > l.until - cast(:late as interval) and l.taken = 0
                and l.source not like 'psp:%' then 'flight'
            when l.taken <> 0 or exists (
                select from covered c where c.source = l.source and c.currency = l.currency
                    and l.at >= c.since and l.at < c.until
            ) then 'missing'
            else 'uncovered'
        end as became
    from entries l
    offset 0 -- What became of an entry is worked out before it is grouped by, not each time.
),
found as materialized (
    -- What is missing stays entry by entry; of the rest only the sums are asked for.
    select source, currency, became, case when became = 'missing' then entry end as entry,
        sum(amount) as amount, sum(rest) as rest, count(*) as entries, min(at) as at
    from sorted group by 1, 2, 3, 4
),
totals as (
    select source, currency, sum(amount) as books,
        coalesce(sum(rest) filter (where became = 'flight'), 0) as flight,
        coalesce(sum(rest) filter (where became in ('uncovered', 'undone')), 0) as uncovered,
        coalesce(sum(rest) filter (where became = 'missing'), 0) as missing,
        coalesce(sum(entries) filter (where became = 'missing'), 0) as missing_count,
        min(at) filter (where became in ('flight', 'uncovered')) as oldest
    from found group by source, currency
),
missing as (
    select source, currency, entry, at, amount, rest from found where became = 'missing'
    order by at, entry limit :most
)
select source, currency, null as entry, null as at, books as amount, null as rest,
    flight, uncovered, missing, cast(missing_count as integer) as missing_count, oldest
from totals
union all
select source, currency, entry, at, amount, rest, null, null, null, null, null
from missing
order by at, entry
"""
)


@dataclass(frozen=True, slots=True)
class Sides:
    """`totals` by source and currency; `missing` are entries nobody outside told of, the oldest."""

    totals: list[Any]
    missing: list[Any]


async def read(work: Work, late: timedelta, most: int) -> Sides:
    """Of what is missing the first `most`, each by itself; the totals are of all."""
    rows = await work.table(_SIDES, {"late": late, "most": most})
    return Sides(
        [row for row in rows if row.entry is None], [row for row in rows if row.entry is not None]
    )
