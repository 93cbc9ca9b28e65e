"""The first screen of the day: what a role reads alike is read once, what is mine stays mine."""

import asyncio

from brokerage.clients import gathered
from brokerage.crm import tasks
from stoa.tenancy.actor import Actor, Kind
from support.clients import a_client
from support.people import make_staff
from support.verification import applicant, listed, settled


async def _reader(house, tenant, *roles, scope="all", team=None) -> Actor:
    async with house.door.open(tenant, purpose="test") as work:
        person, _ = await make_staff(work, roles or ("Owner",), scope=scope, team=team)
        held = house.product.permissions
    return Actor(Kind.STAFF, id=person.id, permissions=frozenset(held), scope=scope, team=team)


async def _ask(house, tenant, todays, actor):
    async with house.door.open(tenant, actor=actor, purpose="test") as work:
        return (await todays.ask(work))[0]


async def test_every_module_reads_for_a_role_what_it_reads_for_each_person(house, aurora):
    reader = await _reader(house, aurora)
    async with house.door.open(aurora, purpose="test") as work:
        for _ in range(3):
            await a_client(work)
    await listed(house)
    who = await applicant(house, aurora)
    await who.all_of_it()
    await settled(house, aurora, who, "review")
    for module in house.product.modules:
        if module.today is None:
            continue
        async with house.door.open(aurora, actor=reader, purpose="test") as work:
            own = list(await module.today(work))
            work.actor = reader.of_role()
            assert list(await module.today(work)) == own, f"{module.name}: goes into `mine`"


async def test_tasks_are_told_to_their_owner_alone(house, aurora):
    todays = gathered.Todays(house.product)
    one, two = await _reader(house, aurora), await _reader(house, aurora)
    async with house.door.open(aurora, actor=one, purpose="test") as work:
        await tasks.open(work, "Call her back", owner=one.id)
    cards = await asyncio.gather(*(_ask(house, aurora, todays, who) for who in (one, two) * 6))
    for asked, found in zip((one, two) * 6, cards, strict=True):
        titles = [item.title for card in found if card.key == "tasks" for item in card.items]
        assert titles == (["Call her back"] if asked is one else [])


async def test_narrow_scopes_and_other_tenants_share_nothing(house, aurora, borealis):
    todays = gathered.Todays(house.product)
    wide = await _reader(house, aurora)
    narrow = await _reader(house, aurora, scope="own")
    other = await _reader(house, borealis)
    async with house.door.open(aurora, purpose="test") as work:
        await a_client(work)
    asked = [(aurora, wide), (aurora, narrow), (borealis, other)] * 4
    cards = await asyncio.gather(*(_ask(house, t, todays, who) for t, who in asked))
    new = [next(c.figure for c in found if c.key == "clients-new") for found in cards]
    assert all(count >= 1 for count in new[0::3])
    assert set(new[1::3]) == {0}, "a client of no owner is not in a scope of one's own"
    assert len(set(new[2::3])) == 1


async def test_who_may_not_see_today_arrives_where_they_may_work(desk):
    browser = await desk("crm:leads:view")

    answer = await browser.get("/desk")

    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/leads")


async def test_who_may_see_nothing_is_told_so_and_can_sign_out(desk):
    browser = await desk("identity:security:own")

    answer = await browser.get("/desk")

    assert answer.status_code == 200
    assert "Nothing is open to you yet" in answer.text
    assert "/desk/sign-out" in answer.text
