"""What must be true between bonuses and the ledger, asked by `stoa check money`."""

from typing import Final

from brokerage.ledger.hooks import Invariant

LAWS: Final = (
    Invariant(
        "bonus-unbooked",
        "What is left of a bonus lies in its own credit account, and nothing else does.",
        "select coalesce(g.id, a.ref) as subject, coalesce(g.reference || ' has ' || "
        "(g.amount - g.released - g.burnt) || ' left', 'no such bonus') || ', booked: ' || "
        "coalesce(a.balance, 0) as detail from (select * from bonus_grant "
        "where terms ->> 'kind' is distinct from 'cashback') g full join (select a.ref, a.owner, "
        "a.currency, b.balance from ledger_account a join ledger_balance b on b.account = a.id "
        "where a.kind = 'credit') a on a.ref = g.id and a.owner = g.client "
        "and a.currency = g.currency "
        "where coalesce(a.balance, 0) <> coalesce(g.amount - g.released - g.burnt, 0)",
    ),
    Invariant(
        "bonus-released-otherwise",
        "A bonus became as much money as its terms released, in its own client's wallet.",
        "select coalesce(g.id, e.ref) as subject, coalesce(g.reference || ' released ' || "
        "g.released, 'no such bonus') || ', booked: ' || coalesce(e.sum, 0) as detail "
        "from bonus_grant g full join (select x.ref, a.owner, l.currency, sum(l.amount) as sum "
        "from entry x join leg l on l.entry = x.id join ledger_account a on a.id = l.account "
        "and a.kind = 'wallet' where x.kind in ('bonus-released', 'cashback') group by 1, 2, 3) e "
        "on e.ref = g.id and e.owner = g.client and e.currency = g.currency "
        "where coalesce(e.sum, 0) <> coalesce(g.released, 0)",
    ),
)
