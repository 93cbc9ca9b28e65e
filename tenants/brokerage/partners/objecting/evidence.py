"""Reads what both sides of an objection are compared by; set-based, whatever the sheet's length."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from brokerage.partners.model import Partner, Reward
from brokerage.partners.objecting.causes import Before, Known, Ours
from stoa.kernel.clock import business_day
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

MOST_REWARDS: Final = 200_000
DEALS: Final = text("""
select d.number, d.server, d.symbol, d.at, d.entry, d.kind, d.imported_at, t.kind as account_kind,
       r.deal_at as earned_at, a.partner as of_partner,
       exists (select from partner_line l where l.partner = a.partner and l.above = :partner
               and l.valid_from <= d.at and (l.valid_to is null or l.valid_to > d.at)) as below,
       exists (select from attribution x join partner_line l on l.partner = x.partner
               and l.above = :partner where x.client = d.client) as ever
from deal d
join trading_account t on t.id = d.account
left join attribution a on a.client = d.client and a.valid_from <= d.at
     and (a.valid_to is null or a.valid_to > d.at)
left join lateral (select deal_at from reward where server = d.server and deal = d.number
     and partner = :partner and dispute is null limit 1) r on true
where d.number = any(:numbers)
""")


async def ours(
    work: Work, partner: UUID, start: datetime, end: datetime
) -> dict[tuple[str, int], Ours]:
    """A month of a partner's rewards by deal; what a dispute took or gave again is in the sum."""
    rows = await work.rows(
        select(Reward)
        .where(Reward.partner == partner, Reward.deal_at >= start, Reward.deal_at < end)
        .order_by(Reward.deal_at, Reward.id)
        .limit(MOST_REWARDS)
    )
    return by_deal(rows)


def by_deal(rows: Iterable[Any]) -> dict[tuple[str, int], Ours]:
    """One for each deal, whatever kinds of rewards it has."""
    together: dict[tuple[str, int], list[Any]] = {}
    for row in rows:
        together.setdefault((row.server, row.deal), []).append(row)
    return {key: _one(group) for key, group in together.items()}


def _one(group: Sequence[Any]) -> Ours:
    first = [row for row in group if row.dispute is None] or list(group)
    main = max(first, key=lambda row: (not row.excluded, row.amount))
    ratio = main.ratio if main.ratio is not None else Decimal(1)
    whole = main.base * max(main.rate - main.below, Decimal(0)) * ratio
    return Ours(
        reward=main.id,
        server=main.server,
        deal=main.deal,
        symbol=main.symbol,
        lots=main.lots,
        base=main.base,
        rate=main.rate,
        below=main.below,
        factor=main.amount / whole if whole and not main.excluded else Decimal(1),
        fx=main.fx_rate,
        excluded=main.excluded or "",
        amount=sum((row.amount for row in group), Decimal(0)),
        currency=main.currency,
        plan=main.plan,
        version=main.plan_version,
        ratio=ratio,
        taken_back=sum((row.amount for row in group if row.dispute is not None), Decimal(0)),
    )


async def before(work: Work, partner: UUID, until: datetime) -> list[Before]:
    """Rates the partner was rewarded by until an instant, the newest first."""
    rows = await work.table(
        select(Reward.rate, func.max(Reward.deal_at).label("last"))
        .where(
            Reward.partner == partner,
            Reward.deal_at < until,
            Reward.dispute.is_(None),
            Reward.rate > 0,
        )
        .group_by(Reward.rate)
        .order_by(func.max(Reward.deal_at).desc())
        .limit(100)
    )
    return [Before(row.rate, row.last) for row in rows]


async def known(
    work: Work, partner: UUID, numbers: Sequence[int], start: datetime, end: datetime
) -> dict[int, Known]:
    """Why deals that are not among the month's rewards are not. Others' deals are simply unknown."""
    if not numbers:
        return {}
    rows = await work.table(DEALS, {"partner": partner, "numbers": list(numbers)})
    codes = {
        row.id: row.code
        for row in await work.table(
            select(Partner.id, Partner.code).where(
                Partner.id.in_({row.of_partner for row in rows if row.of_partner})
            )
        )
    }
    zone = work.settings(TenantFacts).time_zone
    found: dict[int, Known] = {}
    for row in sorted(rows, key=lambda row: (not row.below, not row.ever)):
        found.setdefault(row.number, _known(row, start, end, zone, codes))
    return found


def _known(row: Any, start: datetime, end: datetime, zone: str, codes: dict[UUID, str]) -> Known:
    day = {"day": business_day(row.at, zone).isoformat()}
    if not row.below:
        inside = codes.get(row.of_partner, "") if row.of_partner else ""
        return Known("moved" if row.ever else "not-yours", {}, inside)
    if row.account_kind != "live":
        return Known("demo")
    if row.entry == "in":
        return Known("opening")
    if row.earned_at is not None and not start <= row.earned_at < end:
        edge = min(
            abs((row.earned_at - start).total_seconds()), abs((row.earned_at - end).total_seconds())
        )
        return Known("clock" if edge < 86_400 / 2 else "month", day)
    if not start <= row.at < end:
        return Known("month", day)
    if row.imported_at >= end:
        return Known("late", {"day": row.imported_at.date().isoformat()})
    if row.earned_at is None:
        return Known("symbol", {"symbol": row.symbol})
    return Known("unexplained")
