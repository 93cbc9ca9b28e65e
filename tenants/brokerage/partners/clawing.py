"""Rewards taken back with a disputed payment, line by line, and given again when it stands.

Money has no name: of the client's deals since the payment was credited, the share that the disputed
money is of all they have paid in. Each line names its dispute; what is more than a partner has yet
to be paid is carried as less than nothing into their next payouts. What is taken follows what stands:
a deal that comes late, or is put right, while the payment is undone gives its share back as well.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.clients.model import Client
from brokerage.partners import acquisitions
from brokerage.payments import crediting
from brokerage.payments.disputes.model import Dispute, Standing
from brokerage.payments.hooks import Undoing
from brokerage.payments.model import Deposit
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

UNDONE: Final = (
    "array_agg(client) filter (where client in "
    "(select d.client from dispute d where d.standing in ('secured', 'lost')))"
)
"""Of clients whose rewards were just written, those whose payments are undone: what `follow` is for."""
_COLUMNS: Final = (
    "server, deal, partner, kind, turn, client, depth, deal_at, symbol, symbol_group, lots, base, "
    "rate, below, income, factor, already, fx_rate, held_s, how, found_by, tier, amount, currency, "
    "plan, plan_version, accrued_at, dispute, step"
)
_CARRIED: Final = "symbol, symbol_group, income, fx_rate, held_s, how, found_by, tier, currency, plan, plan_version"
TAKE: Final = text(f"""
with mine as (
    select r.* from deal d
    join reward r on r.deal = d.number and r.server = d.server
    where d.client = :client and d.at >= :since and d.at <= :until
    union all
    select r.* from reward r
    where r.client = :client and r.deal = 0 and r.dispute is null and r.deal_at >= :since
      and r.deal_at <= :until and r.kind <> 'shared'
    union all
    select r.* from partner_fee f
    join reward r on r.deal = f.number and r.server = f.kind
    where f.client = :client and f.at >= :since and f.at <= :until
    union all
    select r.* from reward r where r.client = :client and r.deal = 0 and r.dispute is not null
), stood as (
    select server, deal, partner, kind, max(depth) as depth, count(*) as lines,
           coalesce(sum(amount) filter (where dispute is null), 0) as given,
           coalesce(sum(amount) filter (where dispute is not null and (dispute <> :dispute
                                        or step <> :step)), 0) as other,
           coalesce(sum(amount) filter (where dispute = :dispute and step = :step), 0) as already,
           coalesce(max(turn) filter (where dispute = :dispute and step = :step) + 1, 0) as turn
    from mine group by 1, 2, 3, 4
), due as (
    select s.*, case when given <= 0 then 0 when given + other <= 0 then 0
                else least(case when kind = 'cpa' and deal = 0
                                then case when server = any(:whole) then 1 else 0 end
                                else cast(:share as numeric) end,
                           trunc((given + other) / given, 18)) end as part
    from stood s
), lines as (
    select *, round(given * -round(part, 18), 12) - already as change from due
)
insert into reward ({_COLUMNS})
select l.server, l.deal, l.partner, l.kind, l.turn, :client, l.depth, :now, x.symbol, x.symbol_group,
       0, l.given, 1, 0, x.income, -round(l.part, 18), nullif(l.already, 0), x.fx_rate, x.held_s,
       x.how, x.found_by, x.tier, l.change, x.currency, x.plan, x.plan_version, :now,
       cast(:dispute as uuid), cast(:step as integer)
from lines l
cross join lateral (
    select {_CARRIED} from reward r
    where r.server = l.server and r.deal = l.deal and r.partner = l.partner and r.kind = l.kind
      and r.client = :client and r.dispute is null order by turn desc limit 1
) x
where l.change <> 0
on conflict do nothing
returning partner
""")  # noqa: S608 - the columns are ours
GIVE: Final = text(f"""
with back as (
    select server, deal, partner, kind, client, max(depth) as depth, -sum(amount) as amount,
           max(turn) as turn
    from reward where dispute = :dispute and step = cast(:step as integer) - 1
    group by 1, 2, 3, 4, 5
)
insert into reward ({_COLUMNS})
select b.server, b.deal, b.partner, b.kind, 0, b.client, b.depth, :now, x.symbol, x.symbol_group,
       0, b.amount, 1, 0, x.income, null, null, x.fx_rate, x.held_s, x.how, x.found_by, x.tier,
       b.amount, x.currency, x.plan, x.plan_version, :now, cast(:dispute as uuid),
       cast(:step as integer)
from back b
cross join lateral (
    select {_CARRIED} from reward r
    where r.dispute = :dispute and r.step = cast(:step as integer) - 1 and r.client = b.client
      and r.deal = b.deal and r.server = b.server and r.partner = b.partner and r.kind = b.kind
    order by turn desc limit 1
) x
where b.amount <> 0
on conflict do nothing
returning partner
""")  # noqa: S608 - the columns are ours
TOOK: Final = text(
    "select -min(factor) filter (where deal > 0 and factor < 0) as share, min(accrued_at) as at "
    "from reward where dispute = :dispute and step = :step"
)


async def taken(work: Work, what: Undoing) -> None:
    """A payer's bank takes a deposit back: so are the rewards that it paid for."""
    await _take(work, what, await _share(work, what), work.now)


async def given(work: Work, what: Undoing) -> None:
    """The deposit stands again: what was taken this time is given again, to the last digit."""
    rows = await work.table(GIVE, {"dispute": what.dispute, "step": 2 * what.turn, "now": work.now})
    _told(work, what, "rewards.given-again", rows)


async def follow(work: Work, clients: Collection[UUID]) -> None:
    """Rewards of these clients were written or put right: what is undone of their payments takes its
    share of those, too, that are of deals before it was undone.
    """
    if not clients:
        return
    rows = await work.rows(
        select(Dispute)
        .where(
            text("dispute.client = any(:clients)"),
            Dispute.standing.in_((Standing.SECURED, Standing.LOST)),
        )
        .params(clients=list(clients))
        .order_by(Dispute.id)
    )
    for row in rows:
        deposit = await work.get(Deposit, row.deposit)
        what = Undoing(
            row.deposit,
            row.client,
            row.id,
            row.turn,
            Money(row.secured, row.paid_in),
            row.secured / deposit.amount,
        )
        took = (await work.table(TOOK, {"dispute": row.id, "step": 2 * row.turn - 1}))[0]
        share = took.share if took.share is not None else await _share(work, what)
        await _take(work, what, share, took.at or row.opened_at)


async def _take(work: Work, what: Undoing, share: Decimal, until: datetime) -> None:
    deposit = await work.get(Deposit, what.deposit)
    worth = await crediting.in_base(work, what.money)
    rows = await work.table(
        TAKE,
        {
            "client": what.client,
            "since": deposit.ended_at or deposit.started_at,
            "until": until,
            "share": share,
            "whole": await acquisitions.undone(work, what.client, worth or Decimal(0)),
            "dispute": what.dispute,
            "step": 2 * what.turn - 1,
            "now": work.now,
        },
    )
    _told(work, what, "rewards.taken-back", rows)


async def _share(work: Work, what: Undoing) -> Decimal:
    """The disputed money's part of all this client has paid in; at most the whole."""
    paid_in = (await work.get(Client, what.client)).deposits_total
    worth = await crediting.in_base(work, what.money)
    return min(worth / paid_in, Decimal(1)) if worth and paid_in else min(what.share, Decimal(1))


def _told(work: Work, what: Undoing, which: str, rows: Any) -> None:
    if rows:
        work.record(which, dispute=str(what.dispute), lines=len(rows))
        for partner in {row.partner for row in rows}:
            work.announce(f"client:{partner}|rewards")
