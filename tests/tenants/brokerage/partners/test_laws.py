"""Each law over partners' rewards is broken by a corruption of its own, and names it."""

from datetime import timedelta
from decimal import Decimal

import msgspec

from brokerage.partners.objecting import deciding, raising
from brokerage.partners.tree import standings
from support.fixtures import staff
from support.planting import misnamed

from .builders import a_partner, a_trade, a_trader, imported, later, rewards, three
from .conftest import PLAN
from .test_engine import recounted, with_plan
from .test_objections import DESK, as_partner

PLANTS = {
    "a reward is another sum than it states": (
        "update reward set amount = amount + 0.000000000001 where turn = 0 and excluded is null",
        {"reward-sum"},
    ),
    "an excluded deal earns": (
        "update reward set amount = 5 where excluded is not null",
        {"reward-sum"},
    ),
    "a capped reward states another factor than it was cut by": (
        "update reward set together = together * 2 where cap is not null",
        {"reward-sum"},
    ),
    "an adjustment takes off what was never given": (
        "update reward set already = already + 1, amount = amount - 1 where turn > 0",
        {"reward-already"},
    ),
    "the line an adjustment is of earns after all": (
        (
            "update reward set excluded = null, amount = base * (rate - below) where turn = 0 "
            "and (deal, partner) in (select deal, partner from reward where turn > 0)"
        ),
        {"reward-already"},
    ),
    "a reward is of a deal there is not": (
        "update reward set deal = deal + 1000000 where dispute is null",
        {"reward-of-nobody"},
    ),
    "a reward is of another client's deal": (
        "update reward set client = partner where dispute is null",
        {"reward-of-nobody"},
    ),
    "a reward is of a partner there is not": (
        "update reward set partner = gen_random_uuid() where dispute is null",
        {"reward-of-nobody"},
    ),
    "a partner is paid by two standings at once": (
        "update partner_standing set valid_to = null where valid_to is not null",
        {"standing-overlaps"},
    ),
    "more is added for an objection than was agreed": (
        "update reward set base = base + 1, amount = amount + 1 where kind = 'adjustment'",
        {"reward-adjusted-otherwise"},
    ),
    "what was agreed is not written": (
        "delete from reward where kind = 'adjustment'",
        {"reward-adjusted-otherwise"},
    ),
}


async def test_each_corruption_of_rewards_is_named_by_its_law(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        mine = work.actor
        tree = await three(work)
        capped = await a_trader(work, await a_partner(work, rate="30"))
        later(work, hours=1)
        for held in (60, 600):
            await imported(work, tree.trader, a_trade(tree.trader.login, work.now, held_s=held))
        await imported(work, capped, a_trade(capped.login, work.now))
        await standings.change(
            work, tree.sub, since=work.now + timedelta(hours=2), ratio=Decimal("0.5")
        )
        shorter = msgspec.structs.replace(PLAN.excluded, held_less_than_s=30)
        assert await recounted(work, with_plan(version=2, excluded=shorter))
        await imported(work, tree.trader, a_trade(tree.trader.login, work.now, held_s=40))
        last = [one for one in await rewards(work, tree.trader.client) if one.excluded][-1]
        as_partner(work, last.partner)
        objection = await raising.to_line(work, last.id, claimed=None, says="it was held by you")
        work.actor = staff(*DESK)
        await deciding.agree(work, objection.id, lines=[0], why="the server was slow")
        work.actor = mine

    assert await misnamed(house, guild, PLANTS) == {}
