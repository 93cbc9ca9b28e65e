"""Moves on a day to come: the tree of each instant is the one a deal finds; nothing past changes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from brokerage.clients.model import Client
from brokerage.partners.model import Partner, PartnerLine
from brokerage.partners.tree import attribution, placing
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.actor import SYSTEM

from .builders import a_partner, a_person, a_trade, a_trader, earned, imported, later, three


async def lines(work):
    rows = await work.rows(select(PartnerLine))
    return sorted((r.partner, r.above, r.valid_from, str(r.valid_to), r.depth) for r in rows)


async def test_deals_before_and_after_the_day_find_their_own_tree(work):
    tree = await three(work)
    other = await a_partner(work, rate="7")
    day = work.now + timedelta(days=2)
    await placing.move(work, tree.third, parent=other, at=day, why="a new region")

    work.now = day - timedelta(seconds=1)
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now))
    before = await earned(work, tree.trader.client)
    work.now = day + timedelta(minutes=1)
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now))

    assert before == {tree.third: 5, tree.sub: 1, tree.master: 2}
    assert await earned(work, tree.trader.client) == {
        tree.third: 10,
        tree.sub: 1,
        tree.master: 2,
        other: 2,
    }


async def test_what_pages_show_follows_when_the_day_is_there(work):
    tree = await three(work)
    other = await a_partner(work, rate="7")
    day = work.now + timedelta(days=2)
    row = await placing.move(work, tree.third, parent=other, at=day)
    work.actor = SYSTEM
    await work.flush()

    assert await placing.follow(work) == 0
    assert (row.parent, (row.moving or {})["to"]) == (tree.sub, str(other))
    assert tree.third in await work.rows(placing.now_below(tree.master, work.now))
    work.now = day
    assert await placing.follow(work) == 1
    await work.session.refresh(row)
    assert (row.parent, row.moving) == (other, None)
    assert tree.third not in await work.rows(placing.now_below(tree.master, work.now))


async def test_a_move_that_is_cancelled_was_never_there(work):
    tree = await three(work)
    other = await a_partner(work, rate="7")
    before = await lines(work)
    await placing.move(work, tree.third, parent=other, at=work.now + timedelta(days=2))
    assert await lines(work) != before

    await placing.stay(work, tree.third)

    assert await lines(work) == before
    with pytest.raises(Conflict):
        await placing.stay(work, tree.third)


async def test_one_who_joins_below_meanwhile_moves_along(work):
    tree = await three(work)
    other = await a_partner(work, rate="7")
    day = work.now + timedelta(days=2)
    await placing.move(work, tree.third, parent=other, at=day)
    later(work, hours=1)
    new = await a_partner(work, tree.third, "4")
    trader = await a_trader(work, new)

    work.now = day + timedelta(minutes=1)
    await imported(work, trader, a_trade(trader.login, work.now))

    assert await earned(work, trader.client) == {new: 4, tree.third: 1, other: 2}


async def test_a_second_plan_for_the_same_part_of_the_tree_is_refused(work):
    tree = await three(work)
    other = await a_partner(work, rate="7")
    await placing.move(work, tree.third, parent=other, at=work.now + timedelta(days=2))

    for partner, parent in ((tree.third, None), (tree.sub, other), (other, tree.third)):
        with pytest.raises((Conflict, Invalid)):
            await placing.move(work, partner, parent=parent)


async def test_the_past_and_the_far_future_are_refused_and_so_is_ones_own_tree(work):
    tree = await three(work)
    other = await a_partner(work)
    for at in (work.now - timedelta(days=1), work.now + timedelta(days=400)):
        with pytest.raises(Invalid):
            await placing.move(work, tree.third, parent=other, at=at)
    with pytest.raises(Invalid, match="below"):
        await placing.move(work, tree.master, parent=tree.third)
    with pytest.raises(Invalid, match="already"):
        await placing.move(work, tree.third, parent=tree.sub)


async def test_a_client_goes_over_on_a_day_to_come(work):
    first, second = await a_partner(work), await a_partner(work)
    trader = await a_trader(work, first)
    day = work.now + timedelta(days=3)
    await attribution.reassign(work, trader.client, partner=second, why="a new manager", at=day)
    await work.flush()
    assert (await work.get(Client, trader.client)).partner == first

    work.now = day - timedelta(minutes=1)
    await imported(work, trader, a_trade(trader.login, work.now))
    work.now = day + timedelta(minutes=1)
    await imported(work, trader, a_trade(trader.login, work.now))

    assert await earned(work, trader.client) == {first: 5, second: 5}
    work.actor = SYSTEM
    assert await placing.follow(work) == 1
    await work.session.refresh(await work.get(Client, trader.client))
    assert (await work.get(Client, trader.client)).partner == second


async def test_a_later_word_replaces_the_plan(work):
    first, second, third = [await a_partner(work) for _ in range(3)]
    trader = await a_trader(work, first)
    later(work, minutes=1)
    day = work.now + timedelta(days=3)
    await attribution.reassign(work, trader.client, partner=second, why="a new manager", at=day)
    await work.flush()
    later(work, minutes=1)
    await attribution.reassign(work, trader.client, partner=third, why="a better idea")
    await work.flush()

    work.now = day + timedelta(minutes=1)
    await imported(work, trader, a_trade(trader.login, work.now))

    assert await earned(work, trader.client) == {third: 5}


async def contested(work):
    both, visitor = [await a_partner(work), await a_partner(work)], uuid7()
    for partner in both:
        later(work, hours=1)
        row = await work.get(Partner, partner)
        await attribution.touch(work, visitor, code=row.code, source="link", click=f"c-{row.code}")
    await work.flush()
    client = await a_person(work)
    later(work, minutes=1)
    row = await attribution.attribute(work, client, visitor)
    await work.flush()
    return both, client, row


async def test_a_client_whom_two_partners_brought_is_shown_with_the_rules_answer(work):
    both, client, row = await contested(work)

    assert (row.contest, row.partner) == ("open", both[0])
    assert row.link == (await work.get(Partner, both[0])).code
    assert row.click == f"c-{row.link}"
    await attribution.confirm(work, client, row.valid_from)
    assert row.contest == "decided"
    with pytest.raises(Conflict):
        await attribution.confirm(work, client, row.valid_from)


async def test_the_desk_may_give_them_to_the_other_one_and_to_nobody_else(work):
    both, client, row = await contested(work)
    stranger = await a_partner(work)
    later(work, minutes=1)

    after = await attribution.award(
        work, client, row.valid_from, partner=both[1], why="they met in person"
    )

    await work.session.refresh(row)
    assert (row.contest, row.valid_to) == ("decided", after.valid_from)
    assert (await work.get(Client, client)).partner == both[1]
    _, other, again = await contested(work)
    with pytest.raises(Invalid):
        await attribution.award(work, other, again.valid_from, partner=stranger, why="because")


async def test_one_partner_alone_is_no_contest(work):
    partner, visitor = await a_partner(work), uuid7()
    code = (await work.get(Partner, partner)).code
    for _ in range(2):
        later(work, hours=1)
        await attribution.touch(work, visitor, code=code, source="link")
    await work.flush()
    client = await a_person(work)
    later(work, minutes=1)

    row = await attribution.attribute(work, client, visitor)

    assert row.contest is None
