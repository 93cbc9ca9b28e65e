"""What must be true between disputes, what clients owe, and the ledger."""

from typing import Final

from brokerage.ledger.hooks import Invariant

LAWS: Final = (
    Invariant(
        "dispute-unbooked",
        "What a dispute asks for is held, owed or lost, in all once; one that is over has nothing.",
        "select d.id as subject, d.reference || ' asks for ' || d.secured || ' and is ' || d.standing "
        "|| ': held ' || s.held || ', booked ' || s.booked as detail from dispute d "
        "cross join lateral (select "
        "coalesce(sum(l.amount) filter (where a.kind = 'hold'), 0) as held, "
        "coalesce(sum(l.amount) filter (where a.kind = 'chargebacks'), 0) as booked "
        "from entry e join leg l on l.entry = e.id join ledger_account a on a.id = l.account "
        "where e.ref = d.id and e.ref_kind = 'dispute') s "
        "where case d.standing when 'none' then s.held <> 0 or s.booked <> 0 "
        "when 'frozen' then s.booked <> 0 or s.held < 0 or s.held > d.secured "
        "when 'secured' then s.held < 0 or s.held + s.booked <> d.secured "
        "else s.held <> 0 or s.booked <> d.secured end",
    ),
    Invariant(
        "dispute-standing",
        "The books hold for a dispute what its stage says.",
        "select id as subject, reference || ' is ' || stage || ' and ' || standing as detail "
        "from dispute where standing <> case stage when 'inquiry' then 'frozen' "
        "when 'chargeback' then 'secured' when 'pre-arb' then 'secured' when 'lost' then 'lost' "
        "else 'none' end",
    ),
    Invariant(
        "receivable-positive",
        "A client owes or does not: no claim is above zero, and each has a cause of theirs.",
        "select a.id as subject, 'stands at ' || b.balance || ' ' || a.currency as detail "
        "from ledger_account a join ledger_balance b on b.account = a.id "
        "left join dispute d on d.id = a.ref and d.client = a.owner and a.ref_kind = 'dispute' "
        "where a.kind = 'receivable' and (b.balance > 0 or (b.balance <> 0 and case a.ref_kind "
        "when 'dispute' then d.id is null when 'transfer' then false else true end))",
    ),
    Invariant(
        "dispute-debited",
        "What a provider took for a dispute and did not give back is booked against it, once.",
        "select d.id as subject, d.reference || ' says ' || d.debited || ' was taken, booked is ' "
        "|| s.taken as detail from dispute d cross join lateral ("
        "select coalesce(sum(l.amount), 0) as taken from entry e join leg l on l.entry = e.id "
        "join ledger_account a on a.id = l.account and a.code = 'psp:' || d.psp "
        "where e.ref = d.deposit and (e.operation like 'dispute:' || d.id || ':debit:%' "
        "or e.operation like 'dispute:' || d.id || ':returned:%')) s where s.taken <> d.debited",
    ),
    Invariant(
        "dispute-given-up-alone",
        "A claim is given up by two people, for exactly what was booked.",
        "select d.id as subject, d.reference || ' gave up ' || d.written_off || ', booked ' || "
        "s.lost as detail from dispute d cross join lateral (select "
        "coalesce(-sum(l.amount), 0) as lost from entry e join leg l on l.entry = e.id "
        "join ledger_account a on a.id = l.account and a.kind = 'write-offs' "
        "where e.ref = d.id and e.ref_kind = 'dispute') s where s.lost <> d.written_off "
        "or (d.written_off > 0 and (d.decided_by is null or d.decided_by = d.asked_by "
        "or d.asked is distinct from 'write-off'))",
    ),
    Invariant(
        "dispute-invented",
        "Every entry in the name of a dispute belongs to one.",
        "select e.id as subject, e.operation || ' belongs to no dispute' as detail from entry e "
        "left join dispute d on d.id = e.ref where e.ref_kind = 'dispute' and d.id is null",
    ),
    Invariant(
        "deposit-disputed-twice",
        "The disputes of one deposit ask together for no more than the deposit.",
        "select d.deposit as subject, 'asked for are ' || sum(d.secured) || ' of ' || p.amount "
        "as detail from dispute d join deposit p on p.id = d.deposit where d.standing <> 'none' "
        "group by d.deposit, p.amount having sum(d.secured) > p.amount",
    ),
)
