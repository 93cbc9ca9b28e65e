"""A sum per client (CPA): met with verification, deposits and volume, held back for some days, paid once.

The plan of the client's own partner says what has to be met and how long it is held back; everybody
above is paid by their own rate, as with deals. When the hold is over, all has still to be met.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select, text

from brokerage.ledger import rates
from brokerage.partners.model import PartnerStanding
from brokerage.partners.rewards import accruals, conditions
from brokerage.partners.settings import PartnerSettings
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

SOURCE: Final = "cpa"
AT_ONCE: Final = 2000
RULES: Final = """
unnest(cast(:plans as varchar[]), cast(:tiers as varchar[]), cast(:deposits as numeric[]),
       cast(:lots as numeric[]), cast(:levels as varchar[]), cast(:withins as integer[]),
       cast(:holds as integer[])) as r(plan, tier, deposited, lots, levels, within, hold)"""
MET: Final = """
c.deposits_total >= r.deposited and c.volume_lots >= r.lots
and (r.levels = '' or position('|' || c.level || '|' in r.levels) > 0)"""
OF: Final = """
a.valid_to is null and a.partner is not null and s.partner = a.partner and s.valid_from <= :now
and (s.valid_to is null or s.valid_to > :now) and r.plan = s.plan and r.tier = s.tier"""
MEET: Final = text(f"""
update attribution a set met = jsonb_build_object('at', cast(:now as timestamptz), 'deposited',
    cast(c.deposits_total as text), 'lots', cast(c.volume_lots as text), 'level', c.level)
from client c, partner_standing s, {RULES}
where c.id = a.client and a.met is null and {OF} and {MET}
  and (r.within = 0 or c.registered_at > cast(:now as timestamptz) - r.within * interval '1 day')
returning a.client
""")  # noqa: S608 - every part is ours
DUE: Final = text(f"""
select a.client, a.partner,
       cast(a.met ->> 'at' as timestamptz) + r.hold * interval '1 day' as at
from attribution a join client c on c.id = a.client, partner_standing s, {RULES}
where a.met is not null and {OF} and {MET}
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
    given = await rules_of(work, work.settings(PartnerSettings))
    if not given["plans"]:
        return 0
    rows = await work.table(MEET, given | {"now": work.now})
    if rows:
        work.record("clients.qualified", clients=[str(row.client) for row in rows[:100]])
    return len(rows)


async def pay(work: Work) -> int:
    """Reward those who met it long enough ago and still do; how many rewards were written."""
    given = await rules_of(work, work.settings(PartnerSettings))
    if not given["plans"]:
        return 0
    rows = await work.table(DUE, given | {"now": work.now, "most": AT_ONCE})
    facts = [
        accruals.Earned(SOURCE, 0, row.client, row.partner, row.at, Decimal(0), Decimal(1))
        for row in rows
    ]
    return await accruals.earned(work, facts, "cpa")


async def rules_of(work: Work, settings: PartnerSettings) -> dict[str, Any]:
    """The rule of every plan and tier that somebody stands in, as columns."""
    places = await work.table(select(PartnerStanding.plan, PartnerStanding.tier).distinct())
    priced = await rates.table(work)
    found: list[tuple[Any, ...]] = []
    for place in places:
        rule = conditions.rule_of(settings.plan(place.plan), place.tier)
        if rule is None:
            continue
        levels = "|" + "|".join(rule.when.level) + "|" if rule.when.level else ""
        least = rule.when.lots_min or Decimal(0)
        found.append(
            (
                place.plan,
                place.tier,
                conditions.in_base(priced, rule, work.tenant.base_currency),
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
