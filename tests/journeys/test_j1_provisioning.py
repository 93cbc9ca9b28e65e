"""J1: the operator provisions a sub-broker; its owner makes it ready; the operator looks after it.

Not in the product yet, and so not walked: domains and mail domains of one's own (step 5), the
go-live checklist (4, 9), billing plans and grace dates (1, 7, 12), a test account and a test deposit
at the press of *test* (8: the connection itself is tried), and the age of backups (10).
"""

import pytest

from support.walk import closing, connecting, entering, provisioning, supporting
from support.walk.entering import Login

pytestmark = pytest.mark.browser


async def test_two_are_provisioned_at_once_and_their_owners_come_in(world):
    """Steps 1, 3 and 4."""
    begun = await world.begun()

    for broker in begun.both:
        await broker.owner.open("/desk")
        await broker.owner.sees("Today", broker.name)
    known = {one["slug"] for one in await begun.control.tenants()}
    assert {broker.slug for broker in begun.both} <= known


async def test_a_worker_killed_in_the_middle_leaves_one_whole_sub_broker(world):
    """Step 2: another worker goes on where the first one was; nothing is there twice."""
    begun = await world.begun()
    crash = begun.crash

    done = await provisioning.ended(begun.control, crash.where)

    assert 0 < crash.steps_before < len(done["steps"])
    assert [step["step"] for step in done["steps"]] == [
        "reserve", "schema", "settings", "seed", "owner", "open",
    ]  # fmt: skip
    assert world.installation.pid("worker") != crash.pid
    assert await begun.control.tenant(crash.slug) == done["tenant"]
    link = await begun.nova.post.link(crash.owner, "/desk/invitation/")
    assert await begun.nova.post.count(crash.owner, "/desk/invitation/") == 1
    hand = await world.at_plain_pages(world.installation.url(f"{crash.slug}.localhost", ""))
    await entering.accept(hand, link, Login(crash.owner), "Lena Owner")
    await hand.sees("Today")


async def test_colours_that_cannot_be_read_are_not_published(world):
    """Step 6: the failing pair is named; what can be read is version 2; version 1 comes back."""
    begun = await world.begun()
    for broker in begun.both:
        hand = broker.owner
        await hand.open("/desk/brand")
        ink, accent = await hand.one(r'name="ink" value="(#\w+)"'), "#0a4d8c"

        told = await hand.refused("/desk/brand", ink="#d8d8d8", paper="#ffffff")
        assert "Not published" in told
        await hand.open("/desk/brand")
        assert await hand.one(r'name="ink" value="(#\w+)"') == ink

        await hand.submit("/desk/brand", accent=accent)
        await hand.sees("Published", "Version 2")
        assert await hand.one(r'name="accent" value="(#\w+)"') == accent
        await hand.submit("/desk/brand/versions/1/restore")
        await hand.open("/desk/brand")
        await hand.sees("Version 3")
        assert await hand.one(r'name="accent" value="(#\w+)"') != accent


async def test_connections_are_tried_and_colleagues_have_what_they_were_given(world):
    """Steps 7 and 8."""
    begun = await world.ready()
    for broker in begun.both:
        await connecting.tested(broker)
        support = broker.desks["support"]
        await support.open("/desk/clients")
        await support.open("/desk/settings/staff/invite", status=403)
        await support.open("/desk/settings/connections", status=403)
        await broker.desks["finance"].open("/desk/withdrawals")


async def test_the_operator_sees_the_fleet_and_no_client(world):
    """Step 10."""
    begun = await world.ready()
    hand = begun.control.hand
    await hand.open("/")
    await hand.sees(begun.nova.name, begun.vela.name)
    for broker in begun.both:
        tenant = await begun.control.tenant(broker.slug)
        await hand.open(f"/tenants/{tenant}")
        await hand.sees("Schema", "Revision", broker.name)
        await hand.lacks("boris@client.example", "Kazantsev")


async def test_the_operator_enters_with_a_reason_looks_and_changes_nothing(world):
    """Step 11: a reason and minutes, a banner, both audit logs; then it is over."""
    begun = await world.ready()

    await supporting.enter_and_leave(begun, world)


async def test_a_suspended_broker_takes_no_new_business_until_it_is_resumed(world):
    """Step 12."""
    begun = await world.ready()

    await supporting.suspend_and_resume(begun, begun.vela)


async def test_everything_holds_after_provisioning(world):
    begun = await world.ready()

    await closing.all_holds(*begun.both)

    assert world.complaints == []
