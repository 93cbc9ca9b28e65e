"""Paying partners: rounded once, the rest carried, a second person above the limit, never twice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from brokerage.ledger import wallets
from brokerage.partners import payouts
from brokerage.partners.model import PayoutState
from brokerage.partners.permissions import Partners
from stoa.kernel.refusals import Conflict, Denied
from support.fixtures import staff

from .builders import a_partner, a_trade, a_trader, imported, later, rewards

FINANCE = (str(Partners.PAY), str(Partners.APPROVE))


async def earning(work, lots, partner=None, trader=None):
    """A partner with rewards of five a lot."""
    partner = partner or await a_partner(work, rate="5")
    trader = trader or await a_trader(work, partner)
    later(work, hours=1)
    await imported(work, trader, a_trade(trader.login, work.now, lots=lots))
    later(work, minutes=1)
    return partner, trader


async def wallet(work, partner):
    return (await wallets.available(work, partner, "USD")).amount


async def test_a_payout_goes_to_the_wallet_and_carries_what_is_below_a_cent(work):
    partner, trader = await earning(work, "1.003")

    first = await payouts.make(work, partner)

    assert first is not None
    assert (first.state, first.amount, first.carried) == (
        PayoutState.PAID,
        Decimal("5.01"),
        Decimal("0.005"),
    )
    assert await wallet(work, partner) == Decimal("5.01")

    await earning(work, "1.003", partner, trader)
    second = await payouts.make(work, partner)

    assert second is not None
    assert (second.carried_in, second.amount, second.carried) == (
        Decimal("0.005"),
        Decimal("5.02"),
        0,
    )
    assert await wallet(work, partner) == Decimal("10.03")
    total = sum(row.amount for row in await rewards(work, trader.client))
    assert total == first.amount + second.amount + second.carried


async def test_below_the_minimum_nothing_is_paid_and_nothing_is_lost(work):
    partner, trader = await earning(work, "0.1")
    assert await payouts.make(work, partner) is None
    assert await wallet(work, partner) == 0

    await earning(work, "0.1", partner, trader)
    paid = await payouts.make(work, partner)

    assert paid is not None
    assert (paid.rewards, paid.amount) == (2, 1)


async def test_paid_twice_at_once_the_second_finds_nothing_to_pay(work):
    partner, _ = await earning(work, "2")
    assert await payouts.make(work, partner) is not None
    later(work, seconds=1)

    assert await payouts.make(work, partner) is None
    assert await wallet(work, partner) == 10


async def test_a_large_payout_waits_and_whoever_made_it_may_not_approve_it(work):
    partner, _ = await earning(work, "30")
    maker, checker = staff(*FINANCE), staff(*FINANCE)
    work.actor = maker
    made = await payouts.make(work, partner)
    assert made is not None
    assert (made.state, await wallet(work, partner)) == (PayoutState.WAITING, 0)

    with pytest.raises(Denied):
        await payouts.approve(work, made.id)
    later(work, seconds=1)
    with pytest.raises(Conflict):
        await payouts.make(work, partner)
    assert await wallet(work, partner) == 0

    work.actor = checker
    await payouts.approve(work, made.id)
    assert (made.state, await wallet(work, partner)) == (PayoutState.PAID, 150)
    assert (made.made_by, made.decided_by) == (maker.id, checker.id)


async def test_an_approval_given_twice_pays_once(work):
    partner, _ = await earning(work, "30")
    work.actor = staff(*FINANCE)
    made = await payouts.make(work, partner)
    work.actor = staff(*FINANCE)
    await payouts.approve(work, made.id)

    with pytest.raises(Conflict):
        await payouts.approve(work, made.id)
    with pytest.raises(Conflict):
        await payouts.refuse(work, made.id, why="too late")

    assert await wallet(work, partner) == 150


async def test_what_a_refused_payout_held_is_in_the_next_one(work):
    partner, _ = await earning(work, "30")
    work.actor = staff(*FINANCE)
    made = await payouts.make(work, partner)
    work.actor = staff(*FINANCE)
    await payouts.refuse(work, made.id, why="ask again")
    assert await wallet(work, partner) == 0

    later(work, seconds=1)
    again = await payouts.make(work, partner)

    assert again is not None
    assert (again.rewards, again.amount) == (1, 150)


async def test_a_reward_written_while_a_payout_was_made_is_in_the_next_one(work):
    """Its import began before the payout and came through after it."""
    partner, trader = await earning(work, "2")
    began, work.now = work.now, work.now + timedelta(minutes=5)
    assert await payouts.make(work, partner) is not None

    paid_at, work.now = work.now, began
    await imported(work, trader, a_trade(trader.login, work.now, lots="1"))
    work.now = paid_at + timedelta(minutes=1)
    second = await payouts.make(work, partner)

    assert second is not None
    assert (second.rewards, second.amount) == (1, 5)


async def test_one_without_the_permission_pays_nobody(work):
    partner, _ = await earning(work, "2")
    work.actor = staff(str(Partners.VIEW))

    with pytest.raises(Denied):
        await payouts.make(work, partner)
