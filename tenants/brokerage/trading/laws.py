"""What must be true between transfers to trading accounts and the ledger."""

from typing import Final

from brokerage.ledger.hooks import Invariant

LAWS: Final = (
    Invariant(
        "transfer-unbooked",
        "A finished transfer moved its amount between wallet side and platform, once; no other did.",
        "select t.id as subject, t.direction || ' of ' || t.amount || ' is ' || t.state || "
        "', booked: ' || coalesce(cast(m.amount as text), 'nothing') as detail from transfer t "
        "left join (select e.ref, sum(l.amount) as amount, count(distinct e.id) as entries "
        "from entry e join leg l on l.entry = e.id join ledger_account a on a.id = l.account "
        "and a.kind = 'platform' where e.kind = 'transfer' and e.ref_kind = 'transfer' "
        "group by e.ref) m on m.ref = t.id "
        "where (t.state = 'done') <> (m.ref is not null) or (m.ref is not null and (m.entries <> 1 "
        "or m.amount <> case t.direction when 'to-account' then t.amount else -t.amount end))",
    ),
    Invariant(
        "transfer-hold",
        "Money for a trading account is held while it is on its way, and not longer.",
        "select t.id as subject, t.state || ', held: ' || coalesce(b.balance, 0) as detail "
        "from transfer t left join ledger_account a on a.kind = 'hold' "
        "and a.ref_kind = 'transfer' and a.ref = t.id "
        "left join ledger_balance b on b.account = a.id where coalesce(b.balance, 0) <> "
        "case when t.direction = 'to-account' and t.state in ('held', 'sending') "
        "then t.amount else 0 end",
    ),
    Invariant(
        "transfer-invented",
        "Every entry in the name of a transfer belongs to one.",
        "select e.id as subject, e.operation || ' belongs to no transfer' as detail from entry e "
        "left join transfer t on t.id = e.ref where e.ref_kind = 'transfer' and t.id is null",
    ),
)
