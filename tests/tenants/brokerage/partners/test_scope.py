"""A member of staff who sees some clients sees the rewards, partners and shares of those alone."""

from dataclasses import replace

import pytest

from brokerage.clients.listing import partners as named_in_the_filter
from brokerage.clients.model import Client
from brokerage.partners import desk, module, queries
from brokerage.partners.model import Partner
from brokerage.partners.permissions import Partners
from stoa.kernel.refusals import NotFound
from stoa.tenancy.actor import Actor, Kind
from stoa.web.tables.read import Asked, page
from support.people import make_staff

from .builders import a_partner, a_trade, a_trader, imported, rewards


async def a_traded_client(work):
    """A partner's client with a reward: client, partner, reward."""
    partner = await a_partner(work)
    trader = await a_trader(work, partner)
    await imported(work, trader, a_trade(trader.login, work.now))
    return trader.client, partner, (await rewards(work, trader.client))[0]


async def listed(work):
    return {row.key for row in (await page(work, desk.REWARDS, Asked.of(desk.REWARDS, {}))).rows}


async def test_rewards_partners_and_their_codes_end_at_the_scope(work):
    mine, my_partner, my_reward = await a_traded_client(work)
    _, other_partner, other_reward = await a_traded_client(work)
    code = (await work.get(Partner, other_partner)).code
    agent, _ = await make_staff(work, [str(Partners.VIEW)], scope="own")
    work.actor = Actor(
        Kind.STAFF, agent.id, "Ann Agent", frozenset({str(Partners.VIEW)}), scope="own"
    )
    (await work.get(Client, mine)).owner = agent.id
    await work.flush()

    assert await listed(work) == {str(my_reward.id)}
    assert (await queries.reward(work, my_reward.id))["row"].id == my_reward.id
    with pytest.raises(NotFound):
        await queries.reward(work, other_reward.id)
    assert await module.search(work, code) == []
    assert {key for key, _ in await named_in_the_filter(work)} == {str(my_partner)}

    work.actor = replace(work.actor, scope="all")
    assert {str(my_reward.id), str(other_reward.id)} <= await listed(work)
    assert len(await module.search(work, code)) == 1
