"""How far trading has earned a bonus: counted anew from the deals themselves, then released."""

from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.bonuses import abuse, cashback, moving, rules
from brokerage.bonuses.grants import terms_of
from brokerage.bonuses.model import Grant, GrantState
from brokerage.bonuses.story import tell
from brokerage.clients.model import Client
from brokerage.trading.events import DealsImported
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

COUNT: Final = text("""
update bonus_grant g set done_lots = t.lots
from (
    select g.id, sum(case when d.entry = 'reversal' then d.lots_closed else d.lots end) as lots
    from bonus_grant g
    join deal d on d.client = g.client and d.at >= g.granted_at and d.at <= g.expires_at
    join trading_account a on a.id = d.account and a.kind = 'live'
    where g.state = 'active'
      and g.client in (select distinct n.client from deal n
                       where n.imported_at >= :since and n.imported_at <= :until)
      and (cardinality(g.symbols) = 0 or d.symbol like any(g.symbols))
      and d.kind in ('buy', 'sell') and d.entry in ('out', 'reversal', 'out-by')
      and d.reverses is null and not exists (
          select from deal v where v.server = d.server and v.reverses = d.number)
      and (g.hold_s = 0 or extract(epoch from d.at - coalesce(d.opened_at, d.at)) >= g.hold_s)
    group by g.id
) t
where g.id = t.id and g.done_lots <> t.lots
returning g.id
""")


async def counted(open_work: OpenWork, fact: DealsImported) -> None:
    """Deals came: count anew what they bring, and release what is earned. Safe to repeat."""
    async with open_work() as work:
        rows = await work.table(COUNT, {"since": fact.first, "until": fact.last})
        moved = [row.id for row in rows]
        if moved:
            work.record("bonus turnover", grants=len(moved))
            for client in await work.rows(select(Grant.client).where(Grant.id.in_(moved))):
                work.announce(f"client:{client}|bonuses")
    for grant in moved:
        async with open_work() as work:
            await release_due(work, grant)


async def release_due(work: Work, grant: UUID) -> Money | None:
    """Turn what is earned into money; how much, None where nothing is due."""
    await work.lock(Client, (await work.get(Grant, grant)).client)
    row = await work.lock(Grant, grant)
    if row.state != GrantState.ACTIVE:
        return None
    if await abuse.look(work, row):
        return None
    if terms_of(row).kind == "cashback":
        return await cashback.pay_due(work, row, terms_of(row))
    amount, released = Money(row.amount, row.currency), Money(row.released, row.currency)
    due = rules.due(terms_of(row), amount, released, row.need_lots, row.done_lots)
    due = min(due, Money(row.left, row.currency), key=lambda one: one.amount)
    if not due:
        return None
    await moving.release(work, row, due)
    places = {"amount": str(due), "done": f"{row.done_lots:.2f}", "need": f"{row.need_lots:.2f}"}
    tell(work, row, "released", places)
    if not row.left:
        moving.end(work, row, GrantState.RELEASED)
    moving.announce(work, row)
    await notices.tell(
        work,
        row.client,
        N_("{amount} of your bonus is money now"),
        path=f"/bonuses/{row.id}",
        amount=str(due),
    )
    return due
