"""A sum per client (CPA): met with verification, deposits and volume, held back for some days, paid once.

The plan of the client's own partner says what has to be met and how long it is held back; everybody
above is paid by their own rate, as with deals. When the hold is over, all has still to be met.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on

from brokerage.ledger import rates
from brokerage.partners import accruals, timeline
from brokerage.partners.model import PartnerStanding, Reward
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.terms import RewardRule, best
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

SOURCE: Final = "cpa"
AT_ONCE: Final = 2000
_RULES: Final = """
unnest(cast(:plans as varchar[]), cast(:tiers as varchar[]), cast(:deposits as numeric[]),
       cast(:lots as numeric[]), cast(:levels as varchar[]), cast(:withins as integer[]),
       cast(:holds as integer[])) as r(plan, tier, deposited, lots, levels, within, hold)"""
_MET: Final = """
c.deposits_total >= r.deposited and c.volume_lots >= r.lots
and (r.levels = '' or position('|' || c.level || '|' in r.levels) > 0)"""
_OF: Final = """
a.valid_to is null and a.partner is not null and s.partner = a.partner and s.valid_from <= :now
and (s.valid_to is null or s.valid_to > :now) and r.plan = s.plan and r.tier = s.tier"""
MEET: Final = text(f"""
update attribution a set met = jsonb_build_object('at', cast(:now as timestamptz), 'deposited',
    cast(c.deposits_total as text), 'lots', cast(c.volume_lots as text), 'level', c.level)
from client c, partner_standing s, {_RULES}
where c.id = a.client and a.met is null and {_OF} and {_MET}
  and (r.within = 0 or c.registered_at > cast(:now as timestamptz) - r.within * interval '1 day')
returning a.client
""")  # noqa: S608 - every part is ours
DUE: Final = text(f"""
select a.client, a.partner,
       cast(a.met ->> 'at' as timestamptz) + r.hold * interval '1 day' as at
from attribution a join client c on c.id = a.client, partner_standing s, {_RULES}
where a.met is not null and {_OF} and {_MET}
  and cast(a.met ->> 'at' as timestamptz) + r.hold * interval '1 day' <= :now
  and not exists (select from reward w where w.client = a.client and w.kind = 'cpa'
                  and w.dispute is null and w.deal = 0)
order by a.client limit :most
""")  # noqa: S608 - every part is ours


async def sweep(open_work: OpenWork) -> None:
    """Note whose conditions are met, and pay those whose hold is over."""
    async with open_work() as work:
        if work.settings(PartnerSettings).engine.paused_at is None:
            await note(work)
            await pay(work)


async def note(work: Work) -> int:
    """Clients who meet what their partner's plan asks, since now; how many."""
    given = await _rules(work)
    if not given["plans"]:
        return 0
    rows = await work.table(MEET, given | {"now": work.now})
    if rows:
        work.record("clients.qualified", clients=[str(row.client) for row in rows[:100]])
    return len(rows)


async def pay(work: Work) -> int:
    """Reward those who met it long enough ago and still do; how many rewards were written."""
    given = await _rules(work)
    if not given["plans"]:
        return 0
    rows = await work.table(DUE, given | {"now": work.now, "most": AT_ONCE})
    facts = [
        accruals.Earned(SOURCE, 0, row.client, row.partner, row.at, Decimal(0), Decimal(1))
        for row in rows
    ]
    return await accruals.earned(work, facts, "cpa")


async def least_of(work: Work, clients: Collection[UUID]) -> dict[UUID, Decimal]:
    """What each of these clients has to have paid in, in the base currency, for the sum their partners
    were given for them; those for whom none was given, or without that condition, are absent.
    """
    rows = await work.rows(
        select(Reward)
        .ext(distinct_on(Reward.client))
        .where(
            text("reward.client = any(:clients)"),
            Reward.deal == 0,
            Reward.kind == "cpa",
            Reward.depth == 0,
            Reward.dispute.is_(None),
        )
        .params(clients=list(clients))
        .order_by(Reward.client)
    )
    if not rows:
        return {}
    known, priced = await timeline.read(work), await rates.table(work)
    found: dict[UUID, Decimal] = {}
    for row in rows:
        rule = _rule_then(known, row)
        if rule is not None and rule.when.deposited_min is not None:
            found[row.client] = _in_base(priced, rule, work.tenant.base_currency)
    return found


def _rule_then(known: Sequence[timeline.Epoch], row: Reward) -> RewardRule | None:
    epoch = [one for one in known if one.since <= row.deal_at][-1:]
    if not epoch:
        return None
    plan = epoch[0].settings.plan(row.plan)
    return _rule(plan, row.tier or "")


def _rule(plan: Any, tier: str) -> RewardRule | None:
    known = tier if tier in {one.code for one in plan.tiers.steps} else ""
    found = best(plan, "cpa", symbol="", group="", product="", tier=known)
    return found[0] if found else None


def _in_base(priced: rates.Rates, rule: RewardRule, base: str) -> Decimal:
    """The least paid in that a rule asks for. Raises NoRate."""
    least = rule.when.deposited_min
    return least.amount * priced.rate(least.currency, base) if least is not None else Decimal(0)


async def _rules(work: Work) -> dict[str, Any]:
    """The rule of every plan and tier that somebody stands in, as columns."""
    settings = work.settings(PartnerSettings)
    places = await work.table(select(PartnerStanding.plan, PartnerStanding.tier).distinct())
    priced = await rates.table(work)
    found: list[tuple[Any, ...]] = []
    for place in places:
        rule = _rule(settings.plan(place.plan), place.tier)
        if rule is None:
            continue
        levels = "|" + "|".join(rule.when.level) + "|" if rule.when.level else ""
        least = rule.when.lots_min or Decimal(0)
        found.append(
            (
                place.plan,
                place.tier,
                _in_base(priced, rule, work.tenant.base_currency),
                least,
                levels,
                rule.when.within_days,
                rule.hold_days,
            )
        )
    names = ("plans", "tiers", "deposits", "lots", "levels", "withins", "holds")
    columns: Sequence[Sequence[Any]] = list(zip(*found, strict=True)) or [()] * len(names)
    return {name: list(values) for name, values in zip(names, columns, strict=True)}


def qualified_at(met: dict[str, Any] | None) -> datetime | None:
    """When the conditions were met."""
    return datetime.fromisoformat(met["at"]) if met else None
