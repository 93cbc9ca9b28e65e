"""What a client has to have met for a sum per client (CPA): the rule of a plan and tier, now and then."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on

from brokerage.ledger import rates
from brokerage.partners.model import Reward
from brokerage.partners.rewards import timeline
from brokerage.partners.terms import RewardRule, best
from stoa.tenancy.work import Work


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
            found[row.client] = in_base(priced, rule, work.tenant.base_currency)
    return found


def _rule_then(known: Sequence[timeline.Epoch], row: Reward) -> RewardRule | None:
    epoch = [one for one in known if one.since <= row.deal_at][-1:]
    if not epoch:
        return None
    plan = epoch[0].settings.plan(row.plan)
    return rule_of(plan, row.tier or "")


def rule_of(plan: Any, tier: str) -> RewardRule | None:
    known = tier if tier in {one.code for one in plan.tiers.steps} else ""
    found = best(plan, "cpa", symbol="", group="", product="", tier=known)
    return found[0] if found else None


def in_base(priced: rates.Rates, rule: RewardRule, base: str) -> Decimal:
    """The least paid in that a rule asks for. Raises NoRate."""
    least = rule.when.deposited_min
    return least.amount * priced.rate(least.currency, base) if least is not None else Decimal(0)
