"""What must be true of shares and of fees that earn."""

from typing import Final

from brokerage.ledger.hooks import Invariant

LAWS: Final = (
    Invariant(
        "share-unbooked",
        "What a partner shares leaves their rewards and reaches the client's wallet, once and in full.",
        "select coalesce(r.id, m.entry) as subject, 'taken ' || coalesce(-r.amount, 0) || ', booked ' || "
        "coalesce(m.amount, 0) as detail from (select id, client, amount from reward where kind = 'shared') r "
        "full join (select substr(e.operation, 15) as line, min(cast(e.id as text))::uuid as entry, a.owner, "
        "sum(l.amount) as amount from entry e join leg l on l.entry = e.id "
        "join ledger_account a on a.id = l.account and a.kind = 'wallet' "
        "where e.operation like 'partner-share:%' group by 1, 3) m "
        "on m.line = cast(r.id as text) and m.owner = r.client "
        "where coalesce(-r.amount, 0) <> coalesce(m.amount, 0)",
    ),
    Invariant(
        "share-beyond",
        "Of a share no more comes back than was given, and none is given of what was never earned.",
        "select client as subject, 'given ' || sum(-amount) filter (where kind = 'shared') || ', earned ' || "
        "coalesce(sum(amount) filter (where kind <> 'shared' and amount > 0), 0) as detail from reward "
        "where (partner, client) in (select partner, client from reward where kind = 'shared') "
        "group by partner, client having sum(-amount) filter (where kind = 'shared') < 0 "
        "or sum(-amount) filter (where kind = 'shared') > "
        "coalesce(sum(amount) filter (where kind <> 'shared' and amount > 0), 0)",
    ),
    Invariant(
        "fee-reward",
        "What is earned on a fee names one that was told, of that client; one given back earns nothing.",
        "select min(cast(r.id as text))::uuid as subject, r.server || ' ' || r.deal || ' earns ' || "
        "sum(r.amount) as detail from reward r left join partner_fee f "
        "on f.number = r.deal and f.kind = r.server and f.client = r.client where r.deal < 0 "
        "group by r.server, r.deal, f.id, f.undone_at "
        "having f.id is null or (f.undone_at is not null and sum(r.amount) filter "
        "(where r.dispute is null) <> 0)",
    ),
)
