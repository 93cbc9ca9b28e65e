"""Personal and master ratios: tried first, agreed to by two, from a day on, and never backwards."""

from datetime import timedelta
from decimal import Decimal

import pytest

from brokerage.partners.model import Partner
from brokerage.partners.permissions import Partners
from brokerage.partners.tree import previewing, ratios, standings
from stoa.identity.model import Person
from stoa.kernel.refusals import Conflict, Denied, Invalid
from support import people
from support.fixtures import staff
from support.web import signed_in

from .builders import a_trade, earned, imported, later, three

MAY = (str(Partners.VIEW), str(Partners.EDIT), str(Partners.APPROVE), "clients:client:view")


async def wished(work, partner, ratio="0.8", master="1", **more):
    given = {"since": work.now, "until": None, "why": "a promise of March"} | more
    return await ratios.ask(work, partner, ratio=Decimal(ratio), master=Decimal(master), **given)


async def test_what_is_tried_is_what_comes_of_it_and_nothing_is_changed_by_trying(work):
    tree = await three(work)
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, lots="10"))
    before = await standings.history(work, tree.third)

    seen = await previewing.of_ratios(work, tree.third, ratio=Decimal("0.8"), master=Decimal(1))
    assert [(one.partner, one.before, one.after) for one in seen.changes] == [(tree.third, 50, 40)]
    above = await previewing.of_ratios(work, tree.master, ratio=Decimal(1), master=Decimal("0.5"))
    assert {one.partner: one.difference for one in above.changes} == {
        tree.third: Decimal(-25),
        tree.sub: Decimal(-5),
    }
    assert await standings.history(work, tree.third) == before

    work.actor = staff(*MAY)
    await wished(work, tree.third)
    work.actor = staff(*MAY)
    await ratios.agree(work, tree.third)
    later(work, minutes=1)
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, lots="10"))
    assert (await earned(work, tree.trader.client))[tree.third] == 50 + 40


async def test_whoever_asked_does_not_agree_and_until_somebody_does_nothing_changes(work):
    tree = await three(work)
    work.actor = staff(*MAY)
    row = await wished(work, tree.third)

    assert row.wanted and (await standings.at(work, tree.third, work.now)).ratio == 1
    with pytest.raises(Denied, match="someone else"):
        await ratios.agree(work, tree.third)
    with pytest.raises(Conflict, match="wait"):
        await wished(work, tree.third, "0.5")
    await ratios.refuse(work, tree.third, why="taken back")
    await work.flush()
    assert row.wanted is None
    with pytest.raises(Conflict):
        await ratios.agree(work, tree.third)


async def test_ratios_hold_between_two_days_and_the_tiers_word_stays(work):
    tree = await three(work)
    await standings.change(work, tree.third, since=work.now, because={"judged": "2026-01-01"})
    work.actor = staff(*MAY)
    begins, ends = work.now + timedelta(days=2), work.now + timedelta(days=5)
    await wished(work, tree.third, "0.8", "1.1", since=begins, until=ends)
    work.actor = staff(*MAY)
    await ratios.agree(work, tree.third)

    for when, ratio in ((1, "1"), (3, "0.8"), (6, "1")):
        row = await standings.at(work, tree.third, work.now + timedelta(days=when))
        assert row.ratio == Decimal(ratio) and row.because["judged"] == "2026-01-01"
    shown = await ratios.shown(work, tree.third)
    assert [one["ratio"] for one in shown] == [1, Decimal("0.8"), 1]
    assert shown[1]["why"] == "a promise of March" and shown[2]["now"]
    assert await ratios.shown(work, tree.sub) == []


async def test_a_yes_that_comes_late_changes_nothing_of_the_past(work):
    tree = await three(work)
    work.actor = staff(*MAY)
    await wished(work, tree.third, until=work.now + timedelta(days=3))
    later(work, days=1)
    asked, work.actor = work.now, staff(*MAY)
    await ratios.agree(work, tree.third)

    assert (await standings.at(work, tree.third, asked - timedelta(minutes=1))).ratio == 1
    assert (await standings.at(work, tree.third, asked)).ratio == Decimal("0.8")

    work.actor = staff(*MAY)
    await wished(work, tree.sub, until=work.now + timedelta(days=1))
    later(work, days=2)
    work.actor = staff(*MAY)
    with pytest.raises(Conflict, match="over"):
        await ratios.agree(work, tree.sub)


@pytest.mark.parametrize(
    ("ratio", "master"), [("-0.1", "1"), ("3.5", "1"), ("NaN", "1"), ("1", "Infinity")]
)
async def test_ratios_that_cannot_be_are_refused(work, ratio, master):
    tree = await three(work)
    work.actor = staff(*MAY)

    with pytest.raises(Invalid):
        await wished(work, tree.third, ratio, master)
    with pytest.raises(Invalid):
        await wished(work, tree.third, since=work.now - timedelta(days=1))
    with pytest.raises(Invalid):
        await wished(work, tree.third, until=work.now - timedelta(days=1))
    with pytest.raises(Denied):
        work.actor = staff(str(Partners.VIEW), "clients:client:view")
        await wished(work, tree.third)


async def test_the_desk_tries_asks_and_decides_and_the_partner_sees_their_own(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        later(work, hours=-2)
        tree = await three(work)
        one, _ = await people.make_staff(work, ["Owner"])
        two, _ = await people.make_staff(work, ["Owner"], name="Tina Two")
        person = await work.get(Person, tree.third)
    asks = await signed_in(house, guild, one, "desk")
    agrees = await signed_in(house, guild, two, "desk")
    here = f"/desk/partners/{tree.third}/ratios"

    form = await asks.get(here)
    assert form.status_code == 200
    assert form.text.count('value="100"') == 2, "figures as they are typed, not as pages write them"
    tried = await asks.get(f"{here}/preview?ratio=80&master=100&reason=as+promised")
    assert tried.status_code == 200 and "80" in tried.text
    told = {"ratio": "80", "master": "100", "reason": "as promised"}
    assert (await asks.post(here, told)).status_code == 204
    assert (await asks.post(f"{here}/agree")).status_code == 403
    assert "as promised" in (await agrees.get("/desk/approvals")).text
    assert "as promised" in (await agrees.get(here)).text
    assert (await agrees.post(f"{here}/agree")).status_code == 204

    assert (await asks.get(here)).status_code == 200
    portal = await (await signed_in(house, guild, person, "room")).get("/partner")
    assert portal.status_code == 200 and "80" in portal.text.split("percentage", 1)[-1]
    async with house.door.open(guild, purpose="test") as work:
        assert (await work.get(Partner, tree.third)).wanted is None
        assert (await standings.at(work, tree.third, work.now)).ratio == Decimal("0.8")
