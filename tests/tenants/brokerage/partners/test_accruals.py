"""What each partner earns on a deal: differences of rates, exclusions, the cap, once."""

import asyncio
import json
import random
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import settings as pace
from hypothesis import strategies as st
from sqlalchemy import text

from brokerage.partners import queries, rules
from brokerage.partners.rewards import accruals
from brokerage.partners.rewards.accruals import ACCRUE
from brokerage.partners.rewards.recompute_program import PROGRAM
from brokerage.partners.tree import joining, placing
from brokerage.trading import deals

from .builders import (
    AT_PAR,
    SERVER,
    a_partner,
    a_trade,
    a_trader,
    accrued,
    earned,
    imported,
    later,
    rewards,
    three,
)


async def test_each_earns_their_rate_less_the_highest_nearer_to_the_client(work):
    tree = await three(work)

    await imported(work, tree.trader, a_trade(tree.trader.login, work.now))

    assert await earned(work, tree.trader.client) == {tree.third: 5, tree.sub: 1, tree.master: 2}


async def test_half_a_lot_earns_half(work):
    tree = await three(work)

    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, lots="0.5"))

    assert sorted((await earned(work, tree.trader.client)).values()) == [
        Decimal("0.5"),
        Decimal(1),
        Decimal("2.5"),
    ]


async def test_one_who_asks_no_more_than_those_below_earns_nothing(work):
    master = await a_partner(work, rate="5")
    trader = await a_trader(work, await a_partner(work, master, "5"))
    later(work, hours=1)

    await imported(work, trader, a_trade(trader.login, work.now))

    assert master not in await earned(work, trader.client)
    assert sum((await earned(work, trader.client)).values()) == 5


async def test_a_deal_held_too_shortly_is_listed_with_its_reason_and_earns_nothing(work):
    tree = await three(work)

    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, held_s=119))
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, held_s=120))

    short, long = [], []
    for row in await rewards(work, tree.trader.client):
        (short if row.excluded else long).append(row)
    assert {row.excluded for row in short} == {"held 119 s, the plan asks 120 s"}
    assert [row.amount for row in short] == [0, 0, 0]
    assert sum(row.amount for row in long) == 8


async def test_together_they_never_earn_more_than_the_share_of_what_the_broker_earned(work):
    top = await a_partner(work, rate="30")
    trader = await a_trader(work, await a_partner(work, top, "10"))
    later(work, hours=1)

    await imported(work, trader, a_trade(trader.login, work.now, commission=Decimal(-5)))

    rows = await rewards(work, trader.client)
    assert {row.income for row in rows} == {Decimal(15)}
    assert {row.factor for row in rows} == {Decimal("0.4")}
    assert [row.amount for row in rows] == [4, 8]


async def test_a_demo_account_and_a_client_of_nobody_reward_nobody(work):
    partner = await a_partner(work)
    trader, stranger = await a_trader(work, partner, kind="demo"), await a_trader(work, None)
    later(work, hours=1)

    assert await imported(work, trader, a_trade(trader.login, work.now)) == 0
    assert await imported(work, stranger, a_trade(stranger.login, work.now)) == 0


async def test_accruing_twice_writes_nothing(work):
    tree = await three(work)
    told = a_trade(tree.trader.login, work.now)
    assert await imported(work, tree.trader, told) == 3

    assert await accrued(work) == 0
    assert await imported(work, tree.trader, told) == 0
    assert await accrued(work, since=work.now - timedelta(hours=1)) == 0
    assert len(await rewards(work, tree.trader.client)) == 3


async def test_an_import_that_two_reward_at_once_is_rewarded_once(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        tree = await three(work)
        pairs = [a_trade(tree.trader.login, work.now, lots=lots) for lots in ("1", "2")]
        await deals.store(
            work, SERVER, [deal for pair in pairs for deal in pair], tree.trader.owners
        )
        when = work.now

    async def once(until_others=None):
        async with house.door.open(guild, purpose="test") as work:
            count = await accruals.accrue(work, since=when, until=when, rates=AT_PAR, server=SERVER)
            if until_others is not None:
                others.extend(asyncio.create_task(once()) for _ in range(2))
                await asyncio.sleep(until_others)
            return count

    others = []
    first = await once(until_others=0.5)

    assert (first, await asyncio.gather(*others)) == (6, [0, 0])
    async with house.door.open(guild, purpose="test") as work:
        assert await earned(work, tree.trader.client) == {
            tree.third: 15, tree.sub: 3, tree.master: 6,
        }  # fmt: skip


async def test_deals_late_doubled_and_in_any_order_come_to_the_same(work):
    tree = await three(work)
    again = await a_trader(work, tree.third)
    later(work, hours=1)
    plan = [(600, "1"), (30, "2"), (121, "0.01"), (119, "0.37"), (86_400, "5")]
    straight = [a_trade(tree.trader.login, work.now, held_s=h, lots=n) for h, n in plan]
    await imported(work, tree.trader, [deal for pair in straight for deal in pair])

    shuffled = [d for h, n in plan for d in a_trade(again.login, work.now, held_s=h, lots=n)]
    random.Random(7).shuffle(shuffled)
    for deal in [*shuffled, *shuffled[::-1]]:
        await imported(work, again, [deal])

    assert await earned(work, again.client) == await earned(work, tree.trader.client)


async def test_a_closing_deal_that_comes_before_its_opening_is_judged_once_both_are_here(work):
    tree = await three(work)
    opening, closing = a_trade(tree.trader.login, work.now, held_s=10)

    assert await imported(work, tree.trader, [closing]) == 0
    assert await imported(work, tree.trader, [opening]) == 3

    assert {r.excluded for r in await rewards(work, tree.trader.client)} == {
        "held 10 s, the plan asks 120 s"
    }


async def test_a_partner_put_elsewhere_leaves_the_past_where_it_was(work):
    tree = await three(work)
    other = await a_partner(work, rate="7")
    before = work.now - timedelta(minutes=30)
    later(work, seconds=1)
    await placing.move(work, tree.third, parent=other)
    later(work, minutes=5)

    await imported(work, tree.trader, a_trade(tree.trader.login, before))
    assert await earned(work, tree.trader.client) == {tree.third: 5, tree.sub: 1, tree.master: 2}

    await imported(work, tree.trader, a_trade(tree.trader.login, work.now))
    assert await earned(work, tree.trader.client) == {
        tree.third: 10,
        tree.sub: 1,
        tree.master: 2,
        other: 2,
    }


async def test_a_partner_moved_away_and_back_earns_as_before(work):
    tree = await three(work)
    for parent in (None, tree.sub):
        later(work, minutes=1)
        await placing.move(work, tree.third, parent=parent)
    later(work, minutes=1)

    await imported(work, tree.trader, a_trade(tree.trader.login, work.now))

    assert await earned(work, tree.trader.client) == {tree.third: 5, tree.sub: 1, tree.master: 2}


async def test_a_closed_partner_earns_nothing_from_then_on_and_keeps_what_was(work):
    tree = await three(work)
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now))
    later(work, hours=1)

    await joining.close(work, tree.sub, why="left the programme")
    later(work, hours=1)
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now))

    assert await earned(work, tree.trader.client) == {tree.third: 10, tree.sub: 1, tree.master: 5}


async def test_the_sum_of_a_partner_is_repeated_by_the_program_they_download(work, tmp_path):
    top = await a_partner(work, rate="29.37")
    trader = await a_trader(work, await a_partner(work, top, "7.77"))
    later(work, hours=1)
    told = [
        deal
        for lots, held in (("0.13", 700), ("3.33", 121), ("0.01", 5), ("1.07", 9999))
        for deal in a_trade(trader.login, work.now, lots=lots, held_s=held)
    ]
    await imported(work, trader, told)
    rows = await rewards(work, trader.client)
    assert all(rules.recompute(row) == row.amount for row in rows)

    window = (work.now - timedelta(days=1), work.now + timedelta(days=1))
    month = await queries.month_of(work, top, *window)
    (tmp_path / "recompute.py").write_text(PROGRAM)
    (tmp_path / "rewards.json").write_text(json.dumps(month))
    ran = subprocess.run(  # noqa: ASYNC221 - a moment, and nothing else runs
        [sys.executable, "-I", "recompute.py", "rewards.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("4 rewards, total ")
    assert ran.stdout.rstrip().endswith("0 differ")
    month[0]["amount"] = "999"
    (tmp_path / "rewards.json").write_text(json.dumps(month))
    assert (
        subprocess.run(  # noqa: ASYNC221
            [sys.executable, "-I", "recompute.py", "rewards.json"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        ).returncode
        == 1
    )


AMOUNT = "round(base * greatest(rate - below, 0) * coalesce(ratio, 1) * coalesce(factor, 1), 12)"


async def test_the_database_and_the_rule_agree_to_the_last_digit(work):
    """Random inputs through the very expression of the statement."""
    assert AMOUNT in ACCRUE.fresh.text
    found: list[tuple[Decimal, ...]] = []
    number = st.decimals(0, 10**6, places=18)
    share = st.none() | st.decimals(0, 1, places=18)

    @pace(max_examples=300, deadline=None, database=None)
    @given(st.tuples(number, number, number, share, share))
    def collect(inputs):
        found.append(inputs)

    collect()
    half = (Decimal("0.000001"), Decimal("0.0000005"), Decimal(0), None, None)
    found += [half, (half[0], half[1] * 3, *half[2:])]
    told = await work.table(
        text(
            f"select {AMOUNT} as amount from unnest(cast(:a as numeric[]), "
            "cast(:b as numeric[]), cast(:c as numeric[]), cast(:d as numeric[]), "
            "cast(:e as numeric[])) with ordinality as x(base, rate, below, factor, ratio, at) "
            "order by at"
        ),
        {name: [row[at] for row in found] for at, name in enumerate("abcde")},
    )

    differ = [
        (inputs, row.amount)
        for inputs, row in zip(found, told, strict=True)
        if row.amount != rules.amount(*inputs[:4], ratio=inputs[4])
    ]
    assert differ == []


async def test_storing_the_same_deals_again_stores_none(work):
    tree = await three(work)
    told = a_trade(tree.trader.login, work.now)

    assert await deals.store(work, SERVER, told + told, tree.trader.owners) == 2
    assert await deals.store(work, SERVER, told, tree.trader.owners) == 0
