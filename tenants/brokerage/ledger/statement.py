"""The one statement that writes the ledger: locks, guards, entry, legs and balances together.

It is one round trip. Accounts with a balance are locked in the order of their ids, so postings
queue and never deadlock; every leg's version and balance are computed from the locked rows; the
entry goes in only when no account is closed, frozen or short, and legs and balances only when
every entry of the batch was new. Anything this text got wrong the constraints of `model` refuse.
"""

from typing import Final

from sqlalchemy import text

POST: Final = text(
    """
with asked as materialized (
    select a.entry, a.line, a.account, a.amount, a.n
    from unnest(
        cast(:legs_entry as uuid[]), cast(:legs_line as smallint[]),
        cast(:legs_account as uuid[]), cast(:legs_amount as numeric[])
    ) with ordinality as a (entry, line, account, amount, n)
),
locked as materialized (
    select id, kind, currency, guard, balance, coalesce(version, 0) as version, moved_at,
        frozen_at, closed_at
    from ledger_account
    where id = any(cast(:legs_account as uuid[])) and guard <> 'none'
    order by id
    for no key update
),
stamp as materialized (
    select greatest(cast(:now as timestamptz), max(moved_at)) as at from locked
),
known as (
    select id, currency, guard, balance, version, frozen_at, closed_at from locked
    union all
    select id, currency, guard, null, null, null, closed_at
    from ledger_account
    where id = any(cast(:legs_account as uuid[])) and guard = 'none'
),
computed as materialized (
    select a.entry, a.line, a.amount, k.currency, a.account, k.guard,
        k.version + row_number() over w as version,
        k.balance + sum(a.amount) over w as balance,
        k.balance as was,
        row_number() over (partition by a.account order by a.n desc) = 1 as newest,
        k.closed_at is not null as closed,
        k.frozen_at is not null and a.amount < 0 and not cast(:despite_freeze as boolean) as frozen
    from asked a
    join known k on k.id = a.account
    window w as (partition by a.account order by a.n rows unbounded preceding)
),
verdict as materialized (
    select count(*) as found,
        coalesce(bool_or(closed or frozen or (guard = 'floor' and balance < 0)), false) as refused
    from computed
),
fresh as (
    insert into entry (id, operation, asked_hash, kind, amount, currency, ref_kind, ref, reason,
        posted_at, effective_at, reverses, posted_by_kind, posted_by)
    select e.id, e.operation, e.asked_hash, e.kind, e.amount, e.currency, e.ref_kind, e.ref,
        e.reason, s.at, coalesce(e.effective_at, s.at), e.reverses, :by_kind, cast(:by as uuid)
    from unnest(
        cast(:id as uuid[]), cast(:operation as text[]), cast(:asked_hash as bytea[]),
        cast(:kind as text[]), cast(:amount as numeric[]), cast(:currency as text[]),
        cast(:ref_kind as text[]), cast(:ref as uuid[]), cast(:reason as text[]),
        cast(:effective_at as timestamptz[]), cast(:reverses as uuid[])
    ) as e (id, operation, asked_hash, kind, amount, currency, ref_kind, ref, reason,
        effective_at, reverses), stamp s, verdict v
    where not v.refused and v.found = cardinality(cast(:legs_account as uuid[]))
    on conflict (operation) do nothing
    returning id
),
complete as materialized (
    select count(*) = cardinality(cast(:id as uuid[])) as yes, count(*) as fresh from fresh
),
legs as (
    insert into leg (entry, line, amount, currency, account, guard, version, balance, posted_at)
    select c.entry, c.line, c.amount, c.currency, c.account, c.guard, c.version, c.balance, s.at
    from computed c, stamp s
    where (select yes from complete)
    order by c.entry, c.line, c.amount
),
moved as (
    update ledger_account a
    set balance = c.balance, version = c.version, moved_at = s.at
    from computed c, stamp s
    where a.id = c.account and c.newest and c.guard <> 'none' and (select yes from complete)
)
select v.found, p.fresh, s.at, c.account, c.was, c.balance,
    c.closed, c.frozen, c.guard = 'floor' and c.balance < 0 as short
from verdict v
cross join complete p
cross join stamp s
left join (
    select account, min(was) as was, max(guard) as guard, bool_or(closed) as closed,
        bool_or(frozen) as frozen,
        case when bool_or(guard = 'floor' and balance < 0) then min(balance)
            else max(balance) filter (where newest) end as balance
    from computed
    group by account
) c on true
"""
)
"""Returns one row per account: `fresh` counts the entries written, `balance` is what the account
has after them or, where it is short, how far below zero it would have gone.
"""
