"""What must be true between payments and the ledger, asked by `stoa check money`."""

# ruff: noqa: S608 - every piece of SQL here is a constant of ours, none is input

from typing import Final

from brokerage.ledger.hooks import Invariant

_LIVE: Final = "('waiting', 'sending', 'accepted')"
_MOVED: Final = "coalesce(cast(w.plan -> (p.part - 1) ->> 'moved' as boolean), false)"
"""Whether the money of a part goes another way by now."""
_REFUNDED: Final = (
    "exists (select from entry f join entry r on r.reverses = f.id "
    "where f.operation = 'fee:payout:' || p.id)"
)
_BASE: Final = (
    "(select body ->> 'base_currency' from setting where slice = 'tenant' order by id desc limit 1)"
)

LAWS: Final = (
    Invariant(
        "deposit-uncredited",
        "A credited deposit has its one entry, of its client and in its currency.",
        "select d.id as subject, d.reference || ' is credited by ' || coalesce(e.operation, "
        "'no entry') as detail from deposit d left join entry e on e.id = d.entry "
        "where d.state = 'credited' and (e.id is null or e.operation <> 'deposit:' || d.id "
        "or not exists (select from leg l join ledger_account a on a.id = l.account "
        "where l.entry = e.id and a.owner = d.client and a.kind = 'wallet' and l.amount > 0 "
        "and l.currency = d.currency))",
    ),
    Invariant(
        "deposit-differs",
        "A deposit is credited with its amount less its fee.",
        "select d.id as subject, d.reference || ' of ' || d.amount || ' less ' || d.fee || "
        "' was credited with ' || l.amount as detail from deposit d cross join lateral ("
        "select sum(l.amount) as amount from entry e join leg l on l.entry = e.id "
        "join ledger_account a on a.id = l.account and a.owner = d.client "
        "where e.id = d.entry or e.operation = 'fee:deposit:' || d.id) l "
        "where d.state = 'credited' and l.amount <> d.amount - d.fee "
        # Before deposits took on what came, a person's word credited another amount than theirs.
        "and not exists (select from unresolved_payment u where u.deposit = d.id "
        "and (u.amount, u.currency) is distinct from (d.amount, d.currency))",
    ),
    Invariant(
        "deposit-invented",
        "Every credit in the name of a deposit is of a deposit that came.",
        "select e.id as subject, e.operation || ' belongs to no deposit that came' as detail "
        "from entry e left join deposit d on d.entry = e.id "
        "where e.operation like 'deposit:%' "
        "and (d.id is null or d.state not in ('credited', 'returned'))",
    ),
    Invariant(
        "deposit-twice-paid",
        "At most one attempt of a deposit was paid, and a credited one has it.",
        "select d.id as subject, d.reference || ' has ' || count(p.id) || ' paid attempts' "
        "as detail from deposit d left join payment_attempt p on p.deposit = d.id "
        "and p.state = 'paid' where d.state = 'credited' group by d.id having count(p.id) <> 1",
    ),
    Invariant(
        "refund-beyond",
        "No more goes back along a deposit than came, in its currency, and only where it came.",
        "select d.id as subject, d.reference || ' is ' || d.state || ' with ' || d.amount || "
        "', and ' || sum(p.amount) || ' goes back along it' as detail from payout_attempt p "
        "join deposit d on d.id = p.source where p.way = 'refund' "
        "and p.state not in ('refused', 'returned', 'cancelled') group by d.id "
        "having sum(p.amount) > d.amount or bool_or(p.currency <> d.currency) "
        "or d.state not in ('credited', 'returned')",
    ),
    Invariant(
        "withdrawal-hold",
        "Held for a withdrawal is what of it is under way, or waits for another place.",
        "select w.id as subject, w.reference || ' is ' || w.state || ', ' || "
        "coalesce(b.balance, 0) || ' held, ' || coalesce(p.due, 0) || ' under way' as detail "
        "from withdrawal w left join ledger_balance b on b.account = w.hold "
        "left join lateral (select sum(case "
        f"when p.state in {_LIVE} then p.amount + p.fee when w.ended_at is not null then 0 "
        "when p.state = 'refused' and not exists (select from entry e "
        "where e.operation = 'payout-refused:' || p.id) then p.amount + p.fee "
        "when p.state = 'returned' and exists (select from entry e join leg l on l.entry = e.id "
        "and l.account = w.hold where e.operation = 'payout-returned:' || p.id) then p.amount "
        f"+ case when {_REFUNDED} then p.fee else 0 end else 0 end) as due from payout_attempt p "
        f"where p.withdrawal = w.id and not {_MOVED} and not exists (select from payout_attempt n "
        "where n.withdrawal = p.withdrawal and n.part = p.part and n.number > p.number)) p on true "
        "where coalesce(b.balance, 0) <> coalesce(p.due, 0)",
    ),
    Invariant(
        "withdrawal-parts",
        "The parts of a withdrawal are together what was asked for.",
        "select w.id as subject, w.reference || ' of ' || w.amount || ' in parts of ' || p.sum "
        "as detail from withdrawal w cross join lateral (select coalesce(sum(case "
        f"when not {_MOVED} "
        "then case when p.number = 1 then p.amount + p.fee else 0 end "
        f"when p.state = 'returned' and not {_REFUNDED} then p.fee else 0 end), 0) as sum "
        "from payout_attempt p where p.withdrawal = w.id) p where w.amount <> p.sum union all "
        "select p.id, 'is not the part it repeats' from payout_attempt p "
        "join payout_attempt f on f.withdrawal = p.withdrawal and f.part = p.part "
        "and f.number = 1 where (p.amount, p.fee, p.currency) <> (f.amount, f.fee, f.currency)",
    ),
    Invariant(
        "payout-unbooked",
        "A payout that was paid left its hold, with its fee, once; no other did.",
        "select p.id as subject, p.state || ', booked: ' || coalesce(cast(l.amount as text), 'nothing') "
        "as detail from payout_attempt p join withdrawal w on w.id = p.withdrawal "
        "left join entry e on e.operation = 'payout:' || p.id "
        "left join entry f on f.operation = 'fee:payout:' || p.id "
        "left join lateral (select sum(amount) as amount from leg "
        "where entry in (e.id, f.id) and account = w.hold) l on true "
        "where (p.state in ('paid', 'returned')) <> (e.id is not null) "
        "or (e.id is not null and coalesce(l.amount, 0) <> -(p.amount + p.fee))",
    ),
    Invariant(
        "payout-returned-twice",
        "What came back is in the wallet again, once, and only that.",
        "select p.id as subject, p.state || ' and its return is ' || coalesce(e.operation, 'missing') "
        "as detail from payout_attempt p left join entry e "
        "on e.operation = 'payout-returned:' || p.id "
        "where (p.state = 'returned') <> (e.id is not null)",
    ),
    Invariant(
        "withdrawal-unapproved",
        "What was sent has as many yeses as it needed, to exactly what was sent, by others.",
        "select w.id as subject, w.reference || ' has ' || count(distinct a.approver) || ' of ' "
        "|| w.need || ' yeses' as detail from withdrawal w left join withdrawal_approval a "
        "on a.withdrawal = w.id and a.payload_hash = w.payload_hash "
        "and a.approver <> w.asked_by and a.approver <> w.client "
        "where w.state in ('approved', 'sending', 'paid', 'returned') group by w.id "
        "having count(distinct a.approver) < w.need",
    ),
    Invariant(
        "suspense-unexplained",
        "What lies in suspense is what waits for a person to say whose it is.",
        "select coalesce(s.currency, u.currency) as subject, coalesce(s.total, 0) || "
        "' lies there, ' || coalesce(u.total, 0) || ' waits' as detail from (select l.currency, "
        "sum(l.amount) as total from leg l join ledger_account a on a.id = l.account "
        "where a.code = 'suspense' group by 1) s full join (select currency, "
        "sum(amount) as total from unresolved_payment where state = 'open' "
        "and entry is not null group by 1) u on u.currency = s.currency "
        "where coalesce(s.total, 0) <> coalesce(u.total, 0)",
    ),
    Invariant(
        "totals-differ",
        "A client's totals are what the ledger credited, where all of it was in the base currency.",
        "select c.id as subject, 'shows ' || c.deposits_count || ' deposits of ' || "
        "c.deposits_total || ', the ledger has ' || coalesce(e.count, 0) || ' of ' || "
        "coalesce(e.total, 0) as detail from client c left join (select a.owner, "
        "count(distinct l.entry) as count, sum(-s.least) as total, "
        f"bool_and(l.currency = {_BASE}) as plain from leg l "
        "join ledger_account a on a.id = l.account and a.kind = 'wallet' "
        "join entry x on x.id = l.entry join lateral (select min(amount) as least from leg "
        "where entry = x.id) s on true "
        "where x.operation like 'deposit:%' or x.operation like 'unresolved:%' "
        "group by a.owner) e on e.owner = c.id "
        "where c.deposits_count <> coalesce(e.count, 0) "
        "or (coalesce(e.plain, true) and c.deposits_total <> coalesce(e.total, 0))",
    ),
)
