"""Matches nobody need look at: an identifier both sides carry, or our reference. Set-based.

A line names something of ours: the provider's id of a payment or a payout, our own id, or our
reference in its text. What we have of it is found by the same name, and the entries of it that
moved the same account the same way stand for it. Amounts that differ stay as the rest of the
line or of the entry, and so become a break; nothing is ever written off here.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.ledger import accounts
from brokerage.recon.model import OutsideLine, OutsideStatement
from stoa.tenancy.work import Work

_MATCH: Final = text(
    """
with lines as materialized (
    select id, amount - matched as rest, provider_id, reference, ours, at
    from outside_line where source = :source and currency = :currency and open
),
deposits as materialized (
    select n.id as line, a.deposit as subject, 1 as rank from lines n
        join payment_attempt a on a.psp = :psp and a.reference = n.provider_id
    union all
    select n.id, a.deposit, 1 from lines n
        join payment_attempt a on a.psp = :psp and a.payment = n.provider_id
        where n.provider_id <> ''
    union all
    select n.id, a.deposit, 2 from lines n
        join payment_attempt a on a.psp = :psp and a.id = cast(n.reference as uuid)
        where n.reference ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
    union all
    select n.id, d.id, 3 from lines n
        join deposit d on d.reference = coalesce(n.ours, n.reference) and d.psp = :psp
),
payouts as materialized (
    select n.id as line, p.id, p.withdrawal as subject from lines n
        join payout_attempt p on p.psp = :psp and p.reference = n.provider_id
        where n.provider_id <> ''
    union
    select n.id, p.id, p.withdrawal from lines n
        join payout_attempt p on p.psp = :psp and p.id = cast(n.reference as uuid)
        where n.reference ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
),
transfers as materialized (
    -- Movements between our own accounts that the other end's line was booked as.
    select m.entry, nullif(o.provider_id, '') as provider_id, nullif(o.reference, '') as reference
    from line_match m join outside_line o on o.id = m.line
    where m.how = 'posted' and m.state = 'live' and m.source <> :source
        and m.currency = :currency
),
named as (
    select s.line, e.id as entry, s.rank from deposits s join entry e on e.ref = s.subject
    union all
    select p.line, e.id, 1 from payouts p join entry e on e.operation = 'payout:' || p.id
    union all
    select p.line, e.id, 1 from payouts p join entry e on e.operation = 'payout-returned:' || p.id
    union all
    select n.id, e.id, 3 from lines n join withdrawal w on w.reference = coalesce(n.ours, n.reference)
        join entry e on e.ref = w.id
    union all
    select n.id, t.entry, 4 from lines n join transfers t on t.provider_id = n.provider_id
    union all
    select n.id, t.entry, 4 from lines n join transfers t on t.reference = n.provider_id
),
sided as (
    -- By the table's own key: of what is in a CTE the planner knows no number.
    select n.line, n.entry, min(n.rank) as rank, max(l.amount - l.matched) as rest,
        max(l.at) as at, max(g.amount) as moved
    from named n join outside_line l on l.id = n.line
    join lateral (
        select -sum(g.amount) as amount from leg g where g.entry = n.entry and g.account = :account
    ) g on g.amount is not null
    group by n.line, n.entry
),
open_sides as materialized (
    select s.*, s.moved - coalesce((
        select sum(m.amount) from line_match m
        where m.source = :source and m.currency = :currency and m.entry = s.entry
            and m.state = 'live'
    ), 0) as left_over
    from sided s
),
ranked as (
    select o.*,
        row_number() over (
            partition by line order by rank, (rest = left_over) desc, entry
        ) as by_line,
        row_number() over (
            partition by entry order by (rest = left_over) desc, rank, at, line
        ) as by_entry
    from open_sides o
    where sign(rest) = sign(left_over) and not exists (
        select from line_match m where m.line = o.line and m.entry = o.entry
    )
),
-- Whole before the first match is written, or each row would be sought among those just made.
chosen as materialized (
    select line, entry, rank, rest = left_over as exact,
        sign(rest) * least(abs(rest), abs(left_over)) as amount
    from ranked where by_line = 1 and by_entry = 1
),
made as (
    insert into line_match (id, line, entry, source, currency, amount, how, score, reasons, state,
        made_at)
    select gen_random_uuid(), line, entry, :source, :currency, amount,
        case rank when 1 then 'provider-id' when 2 then 'our-id' when 3 then 'our-reference'
            else 'same-movement' end,
        case when exact then 100 else 80 end,
        cast('[]' as jsonb), 'live', cast(:now as timestamptz)
    from chosen
    on conflict do nothing
    returning line, amount
)
update outside_line o set matched = o.matched + m.amount, open = o.amount <> o.matched + m.amount
from made m where o.id = m.line
returning o.id
"""
)


async def run(work: Work, source: str, currency: str) -> int:
    """Match what can be matched by name in one source and currency; how many lines were."""
    account = accounts.house(work, source, currency)
    # Tens of thousands of lines take seconds and are sorted, which a page may not, but this may.
    await work.run(text("set local statement_timeout = '120s'"))
    await work.run(text("set local work_mem = '64MB'"))
    done = await work.run(
        _MATCH,
        {
            "source": source,
            "currency": currency,
            "psp": source.partition(":")[2],
            "account": account.id,
            "now": work.now,
        },
    )
    count = len(done.all())
    if count:
        work.record("recon.matched", source=source, currency=currency, lines=count)
        work.announce("desk|recon")
    return count


async def sources(work: Work) -> list[tuple[str, str]]:
    """Every (source, currency) there is evidence of."""
    rows = await work.table(
        select(OutsideStatement.source, OutsideStatement.currency)
        .distinct()
        .order_by(OutsideStatement.source, OutsideStatement.currency)
    )
    return [(row[0], row[1]) for row in rows]


async def with_open(work: Work) -> list[tuple[str, str]]:
    """Every (source, currency) that has open lines."""
    rows = await work.table(
        select(OutsideLine.source, OutsideLine.currency)
        .where(OutsideLine.open.is_(True))
        .distinct()
    )
    return [(row[0], row[1]) for row in rows]


async def of_file(work: Work, file: UUID) -> list[tuple[str, str]]:
    rows = await work.table(
        select(OutsideStatement.source, OutsideStatement.currency)
        .where(OutsideStatement.file == file)
        .distinct()
    )
    return [(row[0], row[1]) for row in rows]
