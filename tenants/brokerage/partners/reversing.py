"""Rewards taken back with a deal that its server took back: a line of its own for each, to the digit.

The line names the deal that did it where another names its dispute, with step 0, so that a second run
writes none.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from brokerage.partners.clawing import COLUMNS
from stoa.tenancy.work import Work

REVERSE: Final = text(f"""
with back as (
    select r.*, v.id as by, v.at as back_at, r.factor + coalesce((
        select sum(c.factor) from reward c where c.server = r.server and c.deal = r.deal
        and c.partner = r.partner and c.kind = r.kind and c.dispute is not null
        and c.dispute <> v.id
    ), 0) as left_over
    from deal v
    join reward r on r.server = v.server and r.deal = v.reverses and r.dispute is null
    where v.reverses is not null and v.imported_at >= :since and v.imported_at <= :until
      and (cast(:server as varchar) is null or v.server = :server) and r.amount <> 0
)
insert into reward ({COLUMNS})
select server, deal, partner, kind, client, depth, back_at, symbol, symbol_group, -lots, base, rate,
       below, income, -left_over, fx_rate, held_s, -round(base * (rate - below) * left_over, 12),
       currency, plan, plan_version, :now, by, 0
from back where left_over > 0
on conflict do nothing
returning partner
""")  # noqa: S608 - the columns are ours


async def reverse(
    work: Work, *, since: datetime, until: datetime, server: str | None = None
) -> int:
    """Take back the rewards of deals taken back between two instants (both included)."""
    rows: Any = await work.table(
        REVERSE, {"since": since, "until": until, "server": server, "now": work.now}
    )
    if rows:
        work.record("rewards.reversed", lines=len(rows))
        for partner in {row.partner for row in rows}:
            work.announce(f"client:{partner}|rewards")
    return len(rows)
