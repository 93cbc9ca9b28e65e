"""What clients' trading of a month left us, in the plans' currency: what a share of profit is of."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from brokerage.partners.rewards.accruals import Earned
from stoa.tenancy.work import Work

RESULTS: Final = text("""
select d.client, a.partner, t.currency, -sum(d.profit + d.swap + d.commission) as won
from deal d
join trading_account t on t.id = d.account and t.kind = 'live'
join attribution a on a.client = d.client and a.partner is not null
     and a.valid_from <= d.at and (a.valid_to is null or a.valid_to > d.at)
where d.at >= :first and d.at < :last and d.kind in ('buy', 'sell')
  and (:anew or not exists (select from reward r where r.client = d.client and r.deal = 0
                            and r.kind = 'profit-share' and r.server = :month and r.dispute is null))
group by 1, 2, 3
""")
TAKEN: Final = text("""
select r.client, min(t.currency) as currency, max(r.fx_rate) as rate
from reward r join trading_account t on t.client = r.client and t.kind = 'live'
where r.server = :month and r.kind = 'profit-share' and r.deal = 0 and r.dispute is null and r.turn = 0
group by 1 having count(distinct t.currency) = 1 order by 1
""")


async def of_month(
    work: Work,
    first: datetime,
    last: datetime,
    month: str,
    *,
    into: Mapping[str, Decimal],
    anew: bool,
) -> list[Earned]:
    """Each client's result and whose client they were. `anew`: also of clients who were counted already.

    Then the rates of exchange are those that the month was closed with, as far as its lines tell them:
    what a client has in one currency keeps its rate in the line, while several are one sum.
    """
    rows = await work.table(RESULTS, {"first": first, "last": last, "month": month, "anew": anew})
    taken = await work.table(TAKEN, {"month": month}) if anew else []
    kept = {(row.client, row.currency): row.rate for row in taken}
    rates = {**into, **{row.currency: row.rate for row in taken}}
    held: dict[tuple[UUID, UUID], list[Any]] = {}
    for row in rows:
        held.setdefault((row.client, row.partner), []).append(row)
    at = last - timedelta(microseconds=1)
    facts: list[Earned] = []
    for (client, partner), results in held.items():
        won, fx = results[0].won, Decimal(1)
        if len(results) == 1:
            currency = results[0].currency
            fx = kept.get((client, currency), rates[currency])
        else:
            won = sum((round(row.won * rates[row.currency], 18) for row in results), Decimal(0))
        if won:
            facts.append(Earned(month, 0, client, partner, at, won, fx))
    return facts


def before(month: str) -> str:
    """The month before one written as `YYYY-MM`."""
    year, number = (int(part) for part in month.split("-"))
    return f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"
