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
        "sum(amount) as detail from reward where (server, deal, client) in "
        "(select server, deal, client from reward where dispute is not null) "
        "group by server, deal, client, partner, kind "
        "having sum(amount) < -0.000000001 and bool_or(dispute is not null) and kind <> 'adjustment' union all "
        "select r.dispute, 'took ' || sum(r.amount) || ' and stands ' || coalesce(d.standing, 'nowhere') "
        "from reward r left join dispute d on d.id = r.dispute where r.dispute is not null "
        "and r.kind <> 'adjustment' "
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
    Invariant(
        "reward-of-nobody",
        "Every reward is a partner's and of a client's, and of a deal where it names one.",
        "select r.id as subject, 'partner ' || r.partner || ', deal ' || r.server || ' ' || r.deal "
        "as detail from reward r left join partner p on p.id = r.partner "
        "left join client c on c.id = r.client "
        "left join deal d on d.server = r.server and d.number = r.deal "
        "where p.id is null or c.id is null or (r.deal > 0 and (d.number is null or d.client <> r.client))",
    ),
    Invariant(
        "reward-sum",
        "Every reward is the sum of what it states it was made of.",
        "select id as subject, 'stands ' || amount || ', comes to ' || sum as detail from ("
        "select id, amount, case when excluded is not null then 0 else round(base * "
        "greatest(rate - below, 0) * coalesce(ratio, 1) * case when cap is null then "
        "coalesce(factor, 1) else div(income * cap * 1e18, together) * 1e-18 end, 12) end "
        "- coalesce(already, 0) as sum from reward) x where amount <> sum",
    ),
    Invariant(
        "reward-already",
        "What a later line takes off as given already is what the lines before it gave.",
        "select id as subject, 'takes off ' || already || ', given were ' || coalesce(given, 0) as detail "
        "from (select id, turn, coalesce(already, 0) as already, sum(amount) over (partition by server, "
        "deal, client, partner, kind order by turn rows between unbounded preceding and 1 preceding) "
        "as given from reward where dispute is null and (server, deal, client) in "
        "(select server, deal, client from reward where turn > 0)) x "
        "where turn > 0 and already <> coalesce(given, 0)",
    ),
    Invariant(
        "standing-overlaps",
        "A partner is paid by one standing at a time.",
        "select partner as subject, 'two from ' || valid_from as detail from (select partner, valid_from, "
        "valid_to, lead(valid_from) over (partition by partner order by valid_from) as next "
        "from partner_standing) x where next is not null and (valid_to is null or valid_to > next)",
    ),
)
