"""A deal in a currency without a rate waits for it, with its reason, and holds up nobody else's."""

from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from brokerage.ledger import rates
from brokerage.ledger.hooks import Mid
from brokerage.partners import rules
from brokerage.partners.rewards import engine, recounting, unpriced
from brokerage.trading import deals
from support import people
from support.web import signed_in

from .builders import SERVER, a_partner, a_trade, a_trader, later, rewards


def of(work):
    @asynccontextmanager
    async def opened():
        yield work

    return opened


async def imported(work, *traders):
    """One import of a closed position of each, rewarded as the worker does it."""
    later(work, seconds=1)
    for one in traders:
        await deals.store(work, SERVER, a_trade(one.login, work.now), one.owners)
    return await engine.imported(work, since=work.now, until=work.now, server=SERVER)


async def test_it_waits_for_its_rate_while_others_are_rewarded(work):
    partner = await a_partner(work)
    ours, theirs = await a_trader(work, partner), await a_trader(work, partner, currency="NGN")

    assert await imported(work, ours, theirs) == 1
    assert await imported(work, theirs) == 0

    assert len(await rewards(work, ours.client)) == 1
    assert await rewards(work, theirs.client) == []
    assert await unpriced.waiting(work) == ["NGN"]
    later(work, hours=30)
    await unpriced.sweep(of(work))
    assert await unpriced.waiting(work) == ["NGN"]

    await rates.store(work, [Mid(base="USD", quote="NGN", rate=Decimal(16))], "test")
    await unpriced.sweep(of(work))
    await unpriced.sweep(of(work))

    late = await rewards(work, theirs.client)
    assert [(one.fx_rate, one.amount) for one in late] == [(Decimal("0.0625"), Decimal(5))] * 2
    assert all(rules.recompute(one) == one.amount for one in late)
    assert len(await rewards(work, ours.client)) == 1
    assert await unpriced.waiting(work) == []


async def test_nothing_is_counted_again_while_a_rate_is_missing(work):
    """Deals without a rate would be worth nothing, and what they had earned be taken back."""
    partner = await a_partner(work)
    theirs = await a_trader(work, partner, currency="NGN")
    await imported(work, theirs)

    with pytest.raises(rates.NoRate, match="NGN"):
        await recounting.recount(
            work, later(work, hours=-1), later(work, hours=2),
            rates=await engine.into_plans(work), why="a test",
        )  # fmt: skip


async def test_the_page_of_plans_says_which_currencies_wait(house):
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        partner = await a_partner(work)
        await imported(work, await a_trader(work, partner, currency="NGN"))
        owner, _ = await people.make_staff(work, ["Owner"])
    browser = await signed_in(house, tenant, owner, "desk")

    page = await browser.get("/desk/partners/plans")

    assert page.status_code == 200 and "Deals in NGN wait" in page.text
