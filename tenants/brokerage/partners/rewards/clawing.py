"""Rewards taken back with a disputed payment, line by line, and given again when it stands.

Money has no name: of the client's deals since the payment was credited, the share that the disputed
money is of all they have paid in. Each line names its dispute; what is more than a partner has yet
to be paid is carried as less than nothing into their next payouts. What is taken follows what stands:
a deal that comes late, or is put right, while the payment is undone gives its share back as well.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from brokerage.clients.model import Client
from brokerage.ledger import rates
from brokerage.partners.rewards import conditions
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
_TAKES: Final = """lateral (
        select p.part, round(d.given * -round(p.part, 18), 12) - d.already as change
        from (select case when d.given <= 0 then 0 when d.given + d.other + {before} <= 0 then 0
                     else least(d.wanted, trunc((d.given + d.other + {before}) / d.given, 18))
                     end as part) p
    )"""
"""The part of a reward that a dispute takes: never more than the others have left of it."""
TAKE: Final = text(f"""
with recursive u as (
    select * from unnest(
        cast(:disputes as uuid[]), cast(:clients as uuid[]), cast(:steps as integer[]),
        cast(:sinces as timestamptz[]), cast(:untils as timestamptz[]),
        cast(:shares as numeric[]), cast(:wholes as boolean[])
    ) with ordinality as u(dispute, client, step, since, until, share, whole, n)
), mine as (
    select u.n, r.* from u
    join deal d on d.client = u.client and d.at >= u.since and d.at <= u.until
    join reward r on r.deal = d.number and r.server = d.server
    union all
    select u.n, r.* from u join reward r on r.client = u.client
      and r.deal = 0 and r.dispute is null and r.deal_at >= u.since
      and r.deal_at <= u.until and r.kind <> 'shared'
    union all
    select u.n, r.* from u
    join partner_fee f on f.client = u.client and f.at >= u.since and f.at <= u.until
    join reward r on r.deal = f.number and r.server = f.kind
    union all
    select u.n, r.* from u join reward r on r.client = u.client
      and r.deal = 0 and r.dispute is not null
), stood as (
    select m.n, m.server, m.deal, m.partner, m.kind, max(m.depth) as depth, count(*) as lines,
           coalesce(sum(m.amount) filter (where m.dispute is null), 0) as given,
           coalesce(sum(m.amount) filter (where m.dispute is not null and
                        (m.dispute <> u.dispute or m.step <> u.step)), 0) as other,
           coalesce(sum(m.amount) filter (where m.dispute = u.dispute and m.step = u.step), 0)
               as already,
           coalesce(max(m.turn) filter (where m.dispute = u.dispute and m.step = u.step) + 1, 0)
               as turn
    from mine m join u on u.n = m.n group by 1, 2, 3, 4, 5
), due as (
    select s.*, u.dispute, u.step, u.client,
           case when s.kind = 'cpa' and s.deal = 0 then case when u.whole then 1 else 0 end
                else u.share end as wanted,
           row_number() over (partition by u.client, s.server, s.deal, s.partner, s.kind
                              order by u.n) as k
    from stood s join u on u.n = s.n
), lines as (
    select d.*, x.part, x.change, x.change as so_far
    from due d, {_TAKES.format(before="0")} x where d.k = 1
    union all
    select d.*, x.part, x.change, l.so_far + x.change
    from lines l join due d on d.k = l.k + 1 and d.client = l.client and d.server = l.server
      and d.deal = l.deal and d.partner = l.partner and d.kind = l.kind,
    {_TAKES.format(before="l.so_far")} x
)
insert into reward ({_COLUMNS})
select l.server, l.deal, l.partner, l.kind, l.turn, l.client, l.depth, :now, x.symbol, x.symbol_group,
       0, l.given, 1, 0, x.income, -round(l.part, 18), nullif(l.already, 0), x.fx_rate, x.held_s,
       x.how, x.found_by, x.tier, l.change, x.currency, x.plan, x.plan_version, :now,
       l.dispute, l.step
from lines l
cross join lateral (
    select {_CARRIED} from reward r
    where r.server = l.server and r.deal = l.deal and r.partner = l.partner and r.kind = l.kind
      and r.client = l.client and r.dispute is null order by turn desc limit 1
) x
where l.change <> 0
on conflict do nothing
returning dispute, partner
""")  # noqa: S608 - the columns are ours
"""Of several disputes of one client the later takes of what the earlier left: `lines` walks them in
their order, each with what those before it took just now (`so_far`).
"""
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
returning cast(:dispute as uuid) as dispute, partner
""")  # noqa: S608 - the columns are ours
TOOK: Final = text("""
select dispute, -min(factor) filter (where deal > 0 and factor < 0) as share, min(accrued_at) as at
from reward join unnest(cast(:disputes as uuid[]), cast(:steps as integer[])) as u(id, turn)
  on dispute = u.id and step = u.turn
group by 1
""")
UNDER: Final = text("""
select d.id as dispute, d.turn, d.client, d.secured, d.paid_in, d.opened_at, p.amount,
       coalesce(p.ended_at, p.started_at) as since, c.deposits_total as total
from dispute d join deposit p on p.id = d.deposit join client c on c.id = d.client
where d.client = any(:clients) and d.standing in ('secured', 'lost')
order by d.client, d.id
""")


@dataclass(frozen=True, slots=True)
class _Taking:
    """What one dispute takes of one client's rewards."""

    dispute: UUID
    client: UUID
    step: int
    since: datetime
    until: datetime
    share: Decimal
    worth: Decimal
    """Of the disputed money in the base currency; nothing where there is no rate."""
    total: Decimal
    """All this client has paid in, in the base currency."""


async def taken(work: Work, what: Undoing) -> None:
    """A payer's bank takes a deposit back: so are the rewards that it paid for."""
    deposit = await work.get(Deposit, what.deposit)
    total = (await work.get(Client, what.client)).deposits_total
    worth = _worth(await rates.table(work), what.money, work.tenant.base_currency)
    since = deposit.ended_at or deposit.started_at
    share = _share(worth, total, what.share)
    step = 2 * what.turn - 1
    await _take(
        work,
        [_Taking(what.dispute, what.client, step, since, work.now, share, worth, total)],
    )


async def given(work: Work, what: Undoing) -> None:
    """The deposit stands again: what was taken this time is given again, to the last digit."""
    rows = await work.table(GIVE, {"dispute": what.dispute, "step": 2 * what.turn, "now": work.now})
    _told(work, "rewards.given-again", rows)


async def follow(work: Work, clients: Collection[UUID]) -> None:
    """Rewards of these clients were written or put right: what is undone of their payments takes its
    share of those, too, that are of deals before it was undone. As many questions for one as for all.
    """
    if not clients:
        return
    under = await work.table(UNDER, {"clients": list(clients)})
    if not under:
        return
    took = {
        row.dispute: row
        for row in await work.table(
            TOOK,
            {
                "disputes": [row.dispute for row in under],
                "steps": [2 * row.turn - 1 for row in under],
            },
        )
    }
    priced, base = await rates.table(work), work.tenant.base_currency
    takings: list[_Taking] = []
    for row in under:
        before = took.get(row.dispute)
        worth = _worth(priced, Money(row.secured, row.paid_in), base)
        share = before.share if before is not None else None
        if share is None:
            share = _share(worth, row.total, row.secured / row.amount)
        until = before.at if before is not None else row.opened_at
        takings.append(
            _Taking(
                row.dispute, row.client, 2 * row.turn - 1, row.since, until, share, worth, row.total
            )
        )
    await _take(work, takings)


async def _take(work: Work, takings: Sequence[_Taking]) -> None:
    least = await conditions.least_of(work, {one.client for one in takings})
    rows = await work.table(
        TAKE,
        {
            "disputes": [one.dispute for one in takings],
            "clients": [one.client for one in takings],
            "steps": [one.step for one in takings],
            "sinces": [one.since for one in takings],
            "untils": [one.until for one in takings],
            "shares": [one.share for one in takings],
            "wholes": [
                one.client in least and one.total - one.worth < least[one.client] for one in takings
            ],
            "now": work.now,
        },
    )
    _told(work, "rewards.taken-back", rows)


def _worth(priced: rates.Rates, money: Money, base: str) -> Decimal:
    return priced.convert(money, base).amount if priced.knows(money.currency, base) else Decimal(0)


def _share(worth: Decimal, paid_in: Decimal, otherwise: Decimal) -> Decimal:
    """The disputed money's part of all this client has paid in; at most the whole."""
    return min(worth / paid_in, Decimal(1)) if worth and paid_in else min(otherwise, Decimal(1))


def _told(work: Work, which: str, rows: Sequence[Any]) -> None:
    for dispute, lines in Counter(row.dispute for row in rows).items():
        work.record(which, dispute=str(dispute), lines=lines)
    for partner in {row.partner for row in rows}:
        work.announce(f"client:{partner}|rewards")
