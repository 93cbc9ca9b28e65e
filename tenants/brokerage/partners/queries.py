"""Reads for the portal and the desk: figures, trees, lines that open to their deal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, func, select, text

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.partners import rules
from brokerage.partners.fees.model import PartnerFee
from brokerage.partners.model import Attribution, Partner, PartnerLine, Reward
from brokerage.partners.tree import placing
from brokerage.partners.wordings import FoundBy, Said
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_MOST_NODES: Final = 120
TREE: Final = text("""
select p.id, d.above, p.code, p.state, p.currency, l.depth,
       (select count(*) from client c where c.partner = p.id) as clients,
       (select count(*) from partner_line b where b.above = p.id and b.depth = 1
        and b.valid_from <= :now and (b.valid_to is null or b.valid_to > :now)) as below,
       coalesce((select sum(r.amount) from reward r where r.partner = p.id
                 and r.deal_at >= :since), 0) as earned
from partner_line l
join partner p on p.id = l.partner
left join partner_line d on d.partner = p.id and d.depth = 1 and d.valid_from <= :now
     and (d.valid_to is null or d.valid_to > :now)
where l.above = :top and l.valid_from <= :now and (l.valid_to is null or l.valid_to > :now)
  and exists (select from partner_line w where w.partner = :top and w.above = :within
              and w.valid_from <= :now and (w.valid_to is null or w.valid_to > :now))
order by l.depth, p.joined_at, p.id limit :most
""")
_LATE_S: Final = 3600
_REWARD: Final[Table] = Reward.__table__  # type: ignore[assignment]
_NUMBERS: Final = (
    "lots", "base", "rate", "below", "ratio", "income", "cap", "together", "factor", "already",
    "fx_rate", "pips", "amount",
)  # fmt: skip
_EXPORTED: Final = (
    "id", "server", "deal", "deal_at", "symbol", "kind", "how", "found_by", "tier", "depth", "spread",
    "held_s", "excluded", "dispute", "cause", "currency", "plan", "plan_version", *_NUMBERS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    clients: int
    active_clients: int
    partners: int
    lots: Decimal
    today: Decimal
    month: Decimal
    unpaid: Decimal
    currency: str
    days: Sequence[str]
    series: Sequence[float]
    volume: Sequence[float]


RANGES: Final = (30, 90, 365)
LOTS_ONCE: Final = "(array_agg(lots order by abs(lots) desc))[1]"
"""Of a deal's lines, one for each kind of reward: its lots count once, however many it earned by."""
LOTS_OF_KIND: Final = "coalesce(sum(lots) filter (where dispute is null), 0)"
_BY_DAY: Final = text(f"""
select day, sum(amount) as amount, sum(lots) as lots, bool_or(is_today) as is_today from (
    select day, is_today, sum(amount) as amount, {LOTS_ONCE} as lots from (
        select (deal_at at time zone :zone)::date as day, deal_at >= :today as is_today,
               server, deal, client, kind, sum(amount) as amount, {LOTS_OF_KIND} as lots
        from reward where partner = :partner and deal_at >= :first group by 1, 2, 3, 4, 5, 6
    ) k group by day, is_today, server, deal, client
) d group by 1 order by 1
""")  # noqa: S608 - every part is ours


async def figures(work: Work, partner: UUID, unpaid: Decimal, *, back: int = 30) -> Figures:
    """What a partner's first page shows: their own tree, this month, the lines over so many days."""
    row = await work.get(Partner, partner)
    zone = work.settings(TenantFacts).time_zone
    today = business_day(work.now, zone)
    month_start, _ = day_bounds(today.replace(day=1), zone)
    today_start, _ = day_bounds(today, zone)
    first, _ = day_bounds(today - timedelta(days=back - 1), zone)
    below = placing.now_below(partner, work.now)
    counted = (
        await work.table(
            select(
                select(func.count())
                .select_from(Client)
                .where(Client.partner.in_(below))
                .scalar_subquery(),
                select(func.count())
                .select_from(Client)
                .where(
                    Client.partner.in_(below),
                    Client.last_trade_at > work.now - timedelta(days=30),
                )
                .scalar_subquery(),
                select(func.count() - 1)
                .select_from(PartnerLine)
                .where(PartnerLine.above == partner, *placing.holds(work.now))
                .scalar_subquery(),
            )
        )
    )[0]
    earned = await work.table(
        _BY_DAY,
        {"zone": zone, "partner": partner, "first": min(first, month_start), "today": today_start},
    )
    by_day = {item.day: item for item in earned}
    days = [today - timedelta(days=ago) for ago in range(back - 1, -1, -1)]
    in_month = [item for item in earned if item.day >= today.replace(day=1)]
    return Figures(
        clients=counted[0],
        active_clients=counted[1],
        partners=counted[2],
        lots=sum((item.lots for item in in_month), Decimal(0)),
        today=by_day[today].amount if today in by_day else Decimal(0),
        month=sum((item.amount for item in in_month), Decimal(0)),
        unpaid=unpaid,
        currency=row.currency,
        days=[str(day) for day in days],
        series=[float(by_day[day].amount) if day in by_day else 0.0 for day in days],
        volume=[float(by_day[day].lots) if day in by_day else 0.0 for day in days],
    )


async def tree(work: Work, top: UUID, *, within: UUID | None = None) -> dict[str, Any]:
    """The partner and everyone below as one node of nodes, with clients and earnings on each.

    As much as a page bears, the nearest first; where there is more below, the node says how many and
    leads on. `within` is a partner looking at their own tree: names are masked, and nobody outside is
    found. Raises NotFound.
    """
    rows = await work.table(
        TREE,
        {
            "top": top,
            "within": within or top,
            "now": work.now,
            "since": work.now - timedelta(days=30),
            "most": _MOST_NODES,
        },
    )
    if not rows:
        raise NotFound
    masked = within is not None
    names = {} if masked else await clients.names(work, [row.id for row in rows])
    nodes: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        node: dict[str, Any] = {
            "title": names.get(row.id) or row.code,
            "clients": row.clients,
            "value": rules_money(row.earned, row.currency),
            "note": row.code if names.get(row.id) else "",
            "href": f"/partner/tree?at={row.code}" if masked else f"/desk/partners/{row.id}",
            "tone": "" if row.state == "active" else "waiting",
            "children": [],
            "below": row.below,
            "leads": f"/partner/tree?at={row.code}" if masked else f"/desk/partners/{row.id}",
        }
        nodes[row.id] = node
        if row.id != top and row.above in nodes:
            nodes[row.above]["children"].append(node)
    for node in nodes.values():
        hidden = node["below"] - len(node["children"])
        if hidden > 0:
            node["children"].append(
                {
                    "title": f"+{hidden}",
                    "text": N_("more below"),
                    "href": node["leads"],
                    "tone": "waiting",
                    "children": [],
                }
            )
    return nodes[top]


def rules_money(amount: Decimal, currency: str) -> str:
    return f"{amount.quantize(Decimal('0.01'))} {currency}"


def mask(name: str) -> str:
    """First letter of each word: what a partner may read of a client."""
    return " ".join(f"{word[0]}•••" for word in name.split() if word)[:24] or "•••"


def rewards_within(work: Work) -> ColumnElement[bool]:
    """The condition on `Reward` that holds staff to their data scope: by its partner or client."""
    return clients.within(work, Reward.partner) | clients.within(work, Reward.client)


async def reward(work: Work, reward_id: UUID, *, partner: UUID | None = None) -> dict[str, Any]:
    """One reward with everything it was made of, and the sum done again from what is stored.

    With `partner`, only their own reward is found. Raises NotFound.
    """
    mine = rewards_within(work) if partner is None else Reward.partner == partner
    row = await work.first(select(Reward).where(Reward.id == reward_id, mine))
    if row is None:
        raise NotFound
    waterfall = await work.rows(
        select(Reward)
        .where(
            Reward.server == row.server,
            Reward.deal == row.deal,
            Reward.kind == row.kind,
            Reward.client == row.client,
            Reward.turn == row.turn,
            Reward.dispute.is_not_distinct_from(row.dispute),
            Reward.step.is_not_distinct_from(row.step),
        )
        .order_by(Reward.depth)
    )
    attributed = await work.first(
        select(Attribution)
        .where(Attribution.client == row.client, Attribution.valid_from <= row.deal_at)
        .order_by(Attribution.valid_from.desc())
    )
    codes = {
        one.id: one.code
        for one in await work.rows(
            select(Partner).where(Partner.id.in_([line.partner for line in waterfall]))
        )
    }
    again = rules.recompute(row)
    late = int((row.accrued_at - row.deal_at).total_seconds())
    return {
        "row": row,
        "found_by": FoundBy(row.found_by or ""),
        "again": again,
        "agrees": again == row.amount,
        "waterfall": [
            {"code": codes.get(line.partner, ""), "line": line, "mine": line.partner == row.partner}
            for line in waterfall
            if partner is None or line.depth <= row.depth
        ],
        "fee": await _fee(work, row) if row.deal < 0 else None,
        "rule": Said(attributed.rule) if attributed is not None else "",
        "excluded": Said(row.excluded) if row.excluded else "",
        "cause": Said(row.cause) if row.cause else "",
        "late": late if row.turn == 0 and row.deal and late > _LATE_S else None,
    }


async def _fee(work: Work, row: Reward) -> PartnerFee | None:
    """What was told of the fee that a reward is of."""
    return await work.first(
        select(PartnerFee).where(PartnerFee.number == row.deal, PartnerFee.kind == row.server)
    )


async def month_of(
    work: Work, partner: UUID, start: datetime, end: datetime
) -> list[dict[str, Any]]:
    """Every reward of a period with its inputs, for the download that anyone can recompute."""
    rows = await work.table(
        select(*(_REWARD.c[name] for name in _EXPORTED))
        .where(_REWARD.c.partner == partner, _REWARD.c.deal_at >= start, _REWARD.c.deal_at < end)
        .order_by(_REWARD.c.deal_at, _REWARD.c.id)
        .limit(200_000)
    )
    return [
        {
            "deal": f"{row.server}:{row.deal}" if row.deal else row.server,
            "at": row.deal_at.isoformat(),
            "symbol": row.symbol,
            "kind": row.kind,
            "how": row.how or "",
            "found_by": row.found_by or "",
            "tier": row.tier or "",
            "level": row.depth,
            **{name: _plain(getattr(row, name)) for name in _NUMBERS},
            "spread": row.spread or "",
            "held_s": "" if row.held_s is None else str(row.held_s),
            "excluded": row.excluded or "",
            "dispute": str(row.dispute) if row.dispute else "",
            "cause": row.cause or "",
            "currency": row.currency,
            "plan": f"{row.plan} v{row.plan_version}",
        }
        for row in rows
    ]


def _plain(number: Decimal | None) -> str:
    """Without idle zeros; what is not stored is empty."""
    return "" if number is None else format(number.normalize(), "f")


async def by_code(work: Work, code: str | None) -> UUID | None:
    """The partner of this code, nobody where none is given. Raises Invalid for one that nobody has."""
    if not code:
        return None
    found = await work.first(select(Partner.id).where(Partner.code == code.strip().lower()))
    if found is None:
        raise Invalid("There is no partner with this code.", field="under")
    return found
