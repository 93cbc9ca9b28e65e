"""J1: the operator provisions a sub-broker; its owner makes it ready.

Not in the product yet, and so not walked: domains of one's own (step 5), the go-live checklist
(4 and 9), billing plans (1, 7, 12) and a test account on a trading server (8).
"""

import pytest

from support.walk import entering, provisioning
from support.walk.entering import Login

pytestmark = pytest.mark.browser


async def test_two_are_provisioned_at_once_and_their_owners_come_in(world):
    begun = await world.begun()

    for broker in begun.both:
        await broker.owner.open("/desk")
        await broker.owner.sees("Today", broker.name)
    assert {"nova", "vela"} <= {one["slug"] for one in await begun.control.tenants()}


async def test_a_worker_killed_in_the_middle_leaves_one_whole_sub_broker(world):
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
