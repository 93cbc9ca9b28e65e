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
        "and a.kind = 'platform' where e.kind in ('transfer', 'negative-balance', 'loss-owed') "
        "and e.ref_kind = 'transfer' "
        "group by e.ref) m on m.ref = t.id "
        "where (t.state = 'done' and t.cause is null) <> (m.ref is not null) or (m.ref is not null and (m.entries <> 1 "
        "or m.amount <> case t.direction when 'to-wallet' then -t.amount else t.amount end))",
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
    Invariant(
        "cover-misbooked",
        "A loss beyond the balance was borne by who should bear it, and is owed only by its client.",
        "select t.id as subject, t.payer || ' should bear ' || t.amount || ', booked ' || "
        "coalesce(s.borne, 0) || ', owed ' || coalesce(b.balance, 0) as detail from transfer t "
        "left join lateral (select -sum(l.amount) as borne from entry e join leg l on l.entry = e.id "
        "join ledger_account a on a.id = l.account where e.operation = 'cover:' || t.id "
        "and a.kind = case t.payer when 'house' then 'negative-balance' else 'receivable' end) s on true "
        "left join ledger_account r on r.kind = 'receivable' and r.ref = t.id and r.owner = t.client "
        "left join ledger_balance b on b.account = r.id "
        "where t.direction = 'cover' and (coalesce(s.borne, 0) <> case t.state when 'done' "
        "then t.amount else 0 end or coalesce(b.balance, 0) > 0 or coalesce(b.balance, 0) < -t.amount)",
    ),
    Invariant(
        "cover-owed-by-nobody",
        "What is owed for a loss beyond a balance names its account's cover.",
        "select a.id as subject, 'owes ' || b.balance as detail from ledger_account a "
        "join ledger_balance b on b.account = a.id and b.balance <> 0 "
        "left join transfer t on t.id = a.ref and t.client = a.owner and t.direction = 'cover' "
        "where a.kind = 'receivable' and a.ref_kind = 'transfer' and t.id is null",
    ),
)
