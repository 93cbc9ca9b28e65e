"""J2: a visitor becomes a client and trades, on both sub-brokers at once, with one address.

Not walked: the telephone's code (step 2) and an officer's suppressed calls (7), which the product
lacks yet. Bonuses that a pack forbids (11) and the retries of the appropriateness test, which is
passed at the first try here, are tested where they live. Ten minutes of holding are seven seconds here.
"""

import pytest

from support.walk import closing, paying

pytestmark = pytest.mark.browser


async def test_from_a_partners_link_to_the_first_reward_on_both_at_once(world):
    """Steps 1 to 14; each step's answers are asserted where it is walked."""
    begun = await world.ready()

    nova, vela = await world.customers()

    assert nova.client.email == vela.client.email
    assert nova.client.id != vela.client.id
    for broker, mine in zip(begun.both, (nova, vela), strict=True):
        told = await broker.api.get("/clients", email=mine.client.email)
        assert [one["id"] for one in told["items"]] == [mine.client.id]
        assert told["items"][0]["partner"] == mine.partner.id


async def test_a_clients_session_opens_nothing_at_the_other_broker(world):
    """Their own pages are not found there, and the session is worth nothing."""
    begun = await world.ready()
    nova, vela = await world.customers()
    for mine, other in ((nova, vela), (vela, nova)):
        for path in (
            f"/deposit/{other.deposit}",
            f"/accounts/{other.client.live}",
        ):
            status, _ = await mine.client.at.fetch(path)
            assert status == 404, path
    assert await paying.wallet(begun.nova, nova.client) == await paying.wallet(
        begun.vela, vela.client
    )


async def test_everything_holds_after_the_first_trade(world):
    begun = await world.ready()
    await world.customers()

    await closing.all_holds(*begun.both)

    assert world.complaints == []
