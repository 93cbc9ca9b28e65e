"""What must be true between partners' rewards, their payouts and the ledger."""

from typing import Final

from brokerage.ledger.hooks import Invariant

LAWS: Final = (
    Invariant(
        "partner-unbooked",
        "A paid payout has its entry over its amount; no other payout has one.",
        "select p.id as subject, p.state || ' over ' || p.amount || ', booked: ' || "
        "coalesce(cast(m.amount as text), 'nothing') as detail from partner_payout p "
        "left join (select e.operation, sum(l.amount) as amount from entry e "
        "join leg l on l.entry = e.id join ledger_account a on a.id = l.account "
        "and a.kind = 'wallet' where e.operation like 'partner-payout:%' group by 1) m "
        "on m.operation = 'partner-payout:' || p.id "
        "where (p.state = 'paid') <> (m.operation is not null) "
        "or coalesce(p.pay_amount, p.amount) <> coalesce(m.amount, p.pay_amount, p.amount)",
    ),
    Invariant(
        "partner-overpaid",
        "Payouts hold no more rewards than there are, and carry every remainder.",
        "select p.partner as subject, 'holds ' || p.rewards || ' rewards of ' || p.earned || "
        "', accrued are ' || coalesce(r.rewards, 0) || ' of ' || coalesce(r.earned, 0) as detail "
        "from (select partner, sum(rewards) as rewards, sum(earned) as earned from partner_payout "
        "where state <> 'refused' group by 1) p left join (select partner, count(*) as rewards, "
        "sum(amount) as earned from reward group by 1) r on r.partner = p.partner "
        "where p.rewards > coalesce(r.rewards, 0) union all "
        "select id, earned || ' and ' || carried_in || ' became ' || amount || ' and ' || carried "
        "from partner_payout where earned + carried_in <> amount + carried",
    ),
    Invariant(
        "reward-taken-twice",
        "Of a reward no more is taken back than it was, and nothing for a payment that stands.",
        "select min(cast(id as text))::uuid as subject, 'deal ' || deal || ' is left with ' || "
        "sum(factor) as detail from reward group by server, deal, partner, kind "
        "having sum(factor) < 0 and bool_or(dispute is not null) and kind <> 'adjustment' union all "
        "select r.dispute, 'took ' || sum(r.amount) || ' and stands ' || coalesce(d.standing, 'nowhere') "
        "from reward r left join dispute d on d.id = r.dispute "
        "where r.dispute is not null and r.kind <> 'adjustment' "
        "and not exists (select from deal v where v.id = r.dispute and v.reverses = r.deal) "
        "group by r.dispute, d.standing having sum(r.amount) > 0 "
        "or (sum(r.amount) <> 0 and coalesce(d.standing, 'none') in ('none', 'frozen'))",
    ),
    Invariant(
        "reward-adjusted-otherwise",
        "What an objection adds to rewards is what was agreed, line by line.",
        "select o.id as subject, 'agreed ' || coalesce(o.adjusted, 0) || ', written ' || "
        "coalesce(r.amount, 0) as detail from partner_objection o left join (select dispute, "
        "sum(amount) as amount from reward where kind = 'adjustment' group by 1) r on r.dispute = o.id "
        "where coalesce(o.adjusted, 0) <> coalesce(r.amount, 0)",
    ),
)
