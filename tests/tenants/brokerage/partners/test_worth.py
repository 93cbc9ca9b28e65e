"""The statement over many deals and a plain sum deal by deal say the same, to the last digit."""

from datetime import timedelta
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import settings as pace
from hypothesis import strategies as st
from sqlalchemy import select

from brokerage.partners import rules
from brokerage.partners.model import Reward
from brokerage.partners.rewards import accruals, recounting
from brokerage.partners.rewards.timeline import BEGINNING, Epoch
from brokerage.partners.settings import PartnerSettings, SymbolGroup
from brokerage.partners.terms import (
    Amount,
    Cap,
    Excluded,
    Levels,
    Plan,
    RewardRule,
    Tier,
    Tiers,
    When,
)
from brokerage.partners.tree import standings
from brokerage.trading import deals
from brokerage.trading.model import Deal, TradingServer

from . import reference
from .builders import AT_PAR, SERVER, a_partner, a_trade, a_trader, later

money = st.decimals("0.01", "9.99", places=2)
percent = st.decimals(1, 60, places=1)
GROUPS = (
    SymbolGroup(code="fx", symbols=("EURUSD", "USDJPY"), income_per_lot=Decimal("9.37")),
    SymbolGroup(code="index", symbols=("US500",), income_per_lot=Decimal("3.1")),
)


@st.composite
def rule(draw):
    kind = draw(st.sampled_from(["per-lot", "spread-share", "commission-share", "revenue-share"]))
    when = When(
        symbol=draw(st.sampled_from([(), (), ("EURUSD",)])),
        symbol_group=draw(st.sampled_from([(), ("fx",), ("index",), ("other",)])),
        product=draw(st.sampled_from([(), ("standard",)])),
        tier=draw(st.sampled_from([(), (), ("silver",)])),
    )
    if kind == "per-lot":
        return RewardRule(kind=kind, rate=Amount(amount=draw(money)), when=when)
    of = draw(st.sampled_from(["markup", "tick"]))
    return RewardRule(kind=kind, percent=draw(percent), of=of, when=when)


@st.composite
def plan(draw, code, version):
    by_level = draw(st.booleans())
    levels = (
        Levels(pay="by-level", shares=tuple(draw(st.lists(percent, min_size=1, max_size=4))))
        if by_level
        else Levels(
            same_rank_percent=draw(st.sampled_from([Decimal(0), Decimal("7.5")])),
            same_rank_depth=draw(st.integers(1, 2)),
            depth=draw(st.integers(1, 5)),
        )
    )
    return Plan(
        code=code,
        label=code,
        version=version,
        rewards=tuple(draw(st.lists(rule(), min_size=1, max_size=6))),
        levels=levels,
        excluded=Excluded(
            held_less_than_s=draw(st.sampled_from([0, 120])),
            pips_less_than=draw(st.sampled_from([Decimal(0), Decimal("2.5")])),
        ),
        cap=Cap(percent_of_income=draw(st.sampled_from([0, 35, 80, 100]))),
        tiers=Tiers(steps=(Tier(code="silver", label="Silver", lots_min=Decimal(1)),)),
    )


@st.composite
def world(draw):
    """Two plans in two versions, a line of partners, a client's deals, a change on the way."""
    rates = st.none() | st.sampled_from(["1.5", "2", "2.25", "4"])
    ratio = st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("1.1"), Decimal("0.333333333")])
    partner = st.fixed_dictionaries(
        {
            "plan": st.sampled_from(["a", "b"]),
            "tier": st.sampled_from(["", "silver", "gone"]),
            "rate": rates,
            "ratio": ratio,
            "master": ratio,
        }
    )
    deal = st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(["EURUSD.m", "USDJPY", "NAS100", "#US500"]),
            "lots": st.sampled_from(["0.01", "0.37", "1", "12.5"]),
            "commission": st.sampled_from(["0", "-0.07", "-3.5"]),
            "held_s": st.sampled_from([30, 119, 120, 9000]),
            "move": st.sampled_from(["0", "0.0001", "0.00026", "0.07"]),
            "ago_s": st.integers(0, 3000),
        }
    )
    plans = [tuple(draw(plan(code, version)) for code in "ab") for version in (1, 2)]
    return {
        "plans": plans,
        "partners": draw(st.lists(partner, min_size=1, max_size=5)),
        "deals": draw(st.lists(deal, min_size=1, max_size=6)),
        "changed": draw(st.integers(0, 4)),
    }


async def told_and_paid(work, one):
    """The deals of a world, stored and rewarded; with the chain that each of them met."""
    above, ids = None, []
    for _ in one["partners"]:
        above = await a_partner(work, above)
        ids.insert(0, above)
    trader = await a_trader(work, ids[0])
    began = work.now
    for partner, who in zip(ids, one["partners"], strict=True):
        own = {"rates": {"per-lot": who["rate"], "commission-share": "33.3"}} if who["rate"] else {}
        await standings.change(
            work, partner, since=began, plan=who["plan"], tier=who["tier"], own=own,
            ratio=who["ratio"], master=who["master"],
        )  # fmt: skip
    later(work, seconds=4000)
    turn = work.now - timedelta(seconds=1500)
    changed = ids[one["changed"] % len(ids)]
    await standings.change(work, changed, since=turn, ratio=Decimal("0.25"), tier="silver")
    epochs = [
        Epoch(since, PartnerSettings(plans=plans, default_plan="a", symbol_groups=GROUPS))
        for since, plans in zip((BEGINNING, turn), one["plans"], strict=True)
    ]
    pairs = []
    for deal in one["deals"]:
        opening, closing = a_trade(
            trader.login,
            work.now - timedelta(seconds=deal["ago_s"]),
            held_s=deal["held_s"],
            lots=deal["lots"],
            symbol=deal["symbol"],
            commission=Decimal(deal["commission"]),
        )
        moved = closing.price + Decimal(deal["move"])
        pairs += [opening, msgspec.structs.replace(closing, price=moved)]
    await deals.store(work, SERVER, pairs, trader.owners)
    await accruals.accrue(
        work, since=work.now, until=work.now, rates=AT_PAR, server=SERVER, epochs=epochs
    )
    return trader, ids, epochs


async def chain_at(work, ids, when):
    found = []
    for partner in ids:
        row = await standings.at(work, partner, when)
        found.append({"plan": row.plan, "tier": row.tier, "own": row.own,
                      "ratio": row.ratio, "master": row.master})  # fmt: skip
    return found


async def test_the_statement_says_what_a_sum_deal_by_deal_says(house, guild):
    worlds = []

    @pace(max_examples=12, deadline=None, database=None)
    @given(world())
    def collect(one):
        worlds.append(one)

    collect()
    async with house.door.open(guild, purpose="test") as work:
        step = await work.session.begin_nested()
        work.add(
            TradingServer(
                code=SERVER,
                symbols=[],
                prices={"USDJPY": {"bid": "1.079", "ask": "1.0813"}},
                prices_at=work.now + timedelta(seconds=4000),
            )
        )
        await work.flush()
        seen = 0
        for one in worlds:
            trader, ids, epochs = await told_and_paid(work, one)
            rows = await work.rows(select(Reward).where(Reward.client == trader.client))
            stored = {(row.deal, row.partner, row.kind): (row.excluded, row.amount) for row in rows}
            expected = {}
            for deal in await work.rows(
                select(Deal).where(Deal.client == trader.client, Deal.entry == "out")
            ):
                chain = await chain_at(work, ids, deal.at)
                for depth, kind, excluded, amount in reference.worth(deal, chain, epochs):
                    expected[deal.number, ids[depth], kind] = (excluded, amount)
            assert stored == expected, one
            seen += len(stored)
            assert all(rules.recompute(row) == row.amount for row in rows)
            again = await recounting.recount(
                work, work.now - timedelta(days=1), work.now + timedelta(hours=1),
                rates=AT_PAR, why="again", epochs=epochs,
            )  # fmt: skip
            mine = [one for one in again if one.partner in ids]
            assert mine == []
        await step.rollback()
    assert seen > len(worlds)


async def test_the_master_ratio_is_of_the_tops_own_however_far_above_the_plan_reaches(house, guild):
    """Beyond the reach of every plan, the highest within it was taken for the top of the tree."""
    reach = Plan(
        code="a", label="a", version=1, levels=Levels(depth=2),
        rewards=(RewardRule(kind="per-lot", rate=Amount(amount=Decimal(4))),),
    )  # fmt: skip
    one = PartnerSettings(plans=(reach,), default_plan="a", symbol_groups=GROUPS)
    async with house.door.open(guild, purpose="test") as work:
        step = await work.session.begin_nested()
        top = await a_partner(work)
        middle = await a_partner(work, top)
        near = await a_partner(work, middle)
        trader = await a_trader(work, near)
        began = work.now
        masters = {top: Decimal("0.5"), middle: Decimal("0.25"), near: Decimal(1)}
        for partner, master in masters.items():
            await standings.change(
                work,
                partner,
                since=began,
                plan="a",
                tier="",
                own={},
                ratio=Decimal(1),
                master=master,
            )
        later(work, seconds=1000)
        pair = a_trade(trader.login, work.now, lots="1", held_s=600)
        await deals.store(work, SERVER, pair, trader.owners)
        await accruals.accrue(
            work, since=work.now, until=work.now, rates=AT_PAR, server=SERVER,
            epochs=[Epoch(BEGINNING, one)],
        )  # fmt: skip
        rows = await work.rows(select(Reward).where(Reward.client == trader.client))
        found = {row.partner: row.amount for row in rows}
        await step.rollback()

    assert found == {near: Decimal(2)}
