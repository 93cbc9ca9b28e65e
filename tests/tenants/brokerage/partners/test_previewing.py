"""What a move would have come to, counted by the engine itself, and that it comes to just that."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from brokerage.partners.model import Partner
from brokerage.partners.tree import attribution, placing, previewing
from stoa.kernel.refusals import Invalid
from support import people
from support.web import signed_in

from .builders import a_partner, a_trade, a_trader, earned, imported, later, three


async def state(work):
    """Everything a preview might touch."""
    return [
        await work.table(text(f"select * from {name} order by 1, 2, 3"))
        for name in ("partner_line", "attribution", "reward", "partner")
    ]


async def trades(work, trader):
    """A day of trading, the same whenever it is done."""
    for lots, held in (("1", 600), ("0.5", 600), ("3", 20)):
        later(work, minutes=1)
        await imported(work, trader, a_trade(trader.login, work.now, lots=lots, held_s=held))


def by_partner(found):
    return {one.partner: one for one in found.changes}


async def test_the_preview_of_a_partners_move_equals_what_comes_of_it(work):
    tree = await three(work)
    other = await a_partner(work, rate="7")
    await trades(work, tree.trader)
    before, kept = await earned(work, tree.trader.client), await state(work)

    found = await previewing.of_move(work, tree.third, parent=other)

    assert await state(work) == kept
    seen = by_partner(found)
    assert set(seen) == {tree.sub, tree.master, other}
    assert (seen[tree.sub].after, seen[tree.master].after) == (0, 0)
    assert seen[tree.sub].before == before[tree.sub]
    later(work, minutes=1)
    await placing.move(work, tree.third, parent=other)
    await trades(work, tree.trader)
    after = await earned(work, tree.trader.client)
    for partner in (tree.third, tree.sub, tree.master, other):
        fresh = after.get(partner, Decimal(0)) - before.get(partner, Decimal(0))
        wanted = seen[partner].after if partner in seen else before[partner]
        assert fresh == wanted, partner
    assert found.difference == sum((one.after - one.before for one in found.changes), Decimal(0))


async def test_a_move_to_the_top_and_a_partner_moved_within_the_window_are_counted_once(work):
    tree = await three(work)
    other = await a_partner(work, rate="7")
    await trades(work, tree.trader)
    later(work, minutes=1)
    await placing.move(work, tree.third, parent=other)
    later(work, minutes=1)
    await trades(work, tree.trader)

    found = by_partner(await previewing.of_move(work, tree.third, parent=None))

    assert {one: row.after for one, row in found.items()} == dict.fromkeys(
        (tree.sub, tree.master, other), Decimal(0)
    )
    assert tree.third not in found


async def test_the_preview_of_a_client_given_away_equals_what_comes_of_it(work):
    tree = await three(work)
    other = await a_partner(work, rate="7")
    await trades(work, tree.trader)
    before, kept = await earned(work, tree.trader.client), await state(work)

    found = by_partner(await previewing.of_client(work, tree.trader.client, partner=other))

    assert await state(work) == kept
    later(work, minutes=1)
    await attribution.reassign(work, tree.trader.client, partner=other, why="a new manager")
    await trades(work, tree.trader)
    after = await earned(work, tree.trader.client)
    fresh = {one: after[one] - before.get(one, Decimal(0)) for one in after}
    assert {one: row.after for one, row in found.items()} == fresh


async def test_a_preview_of_what_cannot_be_is_refused_and_one_without_deals_is_empty(work):
    tree = await three(work)
    with pytest.raises(Invalid):
        await previewing.of_move(work, tree.master, parent=tree.third)
    with pytest.raises(Invalid):
        await previewing.of_move(work, tree.third, parent=None, at=work.now - timedelta(days=2))
    with pytest.raises(Invalid):
        await previewing.of_client(work, tree.third, partner=tree.third)
    lonely = await a_trader(work, None)

    found = await previewing.of_client(work, lonely.client, partner=tree.third)

    assert (list(found.changes), found.deals, found.difference) == ([], 0, 0)


async def test_the_desk_sees_the_money_before_it_confirms(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        now = work.now
        later(work, hours=-3)
        tree = await three(work)
        other = await a_partner(work, rate="7")
        work.now = now - timedelta(minutes=30)
        await trades(work, tree.trader)
        code = (await work.get(Partner, other)).code
        owner, _ = await people.make_staff(work, ["Owner"])
    desk = await signed_in(house, guild, owner, "desk")

    for path, name in (
        (f"/desk/partners/{tree.third}/move", "under"),
        (f"/desk/clients/{tree.trader.client}/attribution", "code"),
    ):
        page = await desk.get(f"{path}?{name}={code}")
        assert page.status_code == 200, page.text[:300]
        assert code in page.text
        assert (await desk.get(f"{path}?{name}=nobody")).status_code == 422
        assert (await desk.get(f"{path}?{name}={code}&since=soon")).status_code == 422
    done = await desk.post(f"/desk/partners/{tree.third}/move", {"under": code, "reason": "a test"})
    assert done.status_code == 204
    async with house.door.open(guild, purpose="test") as work:
        assert (await work.get(Partner, tree.third)).parent == other
