"""Rewards taken back with a disputed payment, line by line, and given again when it stands.

Money has no name: of the client's deals since the payment was credited, the share that the disputed
money is of all they have paid in. Each line names its dispute; what is more than a partner has yet
to be paid is carried as less than nothing into their next payouts.
"""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text

from brokerage.clients.model import Client
from brokerage.payments import crediting
from brokerage.payments.hooks import Undoing
from brokerage.payments.model import Deposit
from stoa.tenancy.work import Work

COLUMNS: Final = (
    "server, deal, partner, kind, client, depth, deal_at, symbol, symbol_group, lots, base, rate, "
    "below, income, factor, fx_rate, held_s, amount, currency, plan, plan_version, accrued_at, "
    "dispute, step"
)
TAKE: Final = text(f"""
with earned as (
    select r.*, r.factor + coalesce((
        select sum(c.factor) from reward c where c.server = r.server and c.deal = r.deal
        and c.partner = r.partner and c.kind = r.kind and c.dispute is not null
    ), 0) as left_over
    from reward r
    where r.client = :client and r.dispute is null and r.amount > 0 and r.deal_at >= :since
), taken as (
    select e.*, -round(least(e.factor * :share, e.left_over), 18) as back from earned e
)
insert into reward ({COLUMNS})
select server, deal, partner, kind, client, depth, :now, symbol, symbol_group, 0, base, rate, below,
       income, back, fx_rate, held_s, round(base * (rate - below) * back, 12), currency, plan,
       plan_version, :now, cast(:dispute as uuid), :step
from taken where back < 0
on conflict do nothing
returning partner
""")  # noqa: S608 - the columns are ours
GIVE: Final = text(f"""
insert into reward ({COLUMNS})
select server, deal, partner, kind, client, depth, :now, symbol, symbol_group, 0, base, rate, below,
       income, -factor, fx_rate, held_s, -amount, currency, plan, plan_version, :now, dispute,
       cast(:step as integer)
from reward where dispute = :dispute and step = cast(:step as integer) - 1
on conflict do nothing
returning partner
""")  # noqa: S608 - the columns are ours


async def taken(work: Work, what: Undoing) -> None:
    """A payer's bank takes a deposit back: so are the rewards that it paid for."""
    deposit = await work.get(Deposit, what.deposit)
    rows = await work.table(
        TAKE,
        {
            "client": what.client,
            "since": deposit.ended_at or deposit.started_at,
            "share": await _share(work, what),
            "dispute": what.dispute,
            "step": 2 * what.turn - 1,
            "now": work.now,
        },
    )
    _told(work, what, "rewards.taken-back", rows)


async def given(work: Work, what: Undoing) -> None:
    """The deposit stands again: what was taken this time is given again, to the last digit."""
    rows = await work.table(GIVE, {"dispute": what.dispute, "step": 2 * what.turn, "now": work.now})
    _told(work, what, "rewards.given-again", rows)


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
