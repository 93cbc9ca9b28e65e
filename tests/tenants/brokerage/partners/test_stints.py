"""A long stretch counted again slice by slice: the same as at once, and it goes on where somebody died."""

from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select, text

from brokerage.partners import laws, rules, stints
from brokerage.partners.events import RecountAsked
from brokerage.partners.model import Reward
from brokerage.partners.rewards import slicing
from brokerage.partners.rewards.timeline import BEGINNING, Epoch
from stoa.events.model import Outbox
from stoa.tenancy import settings

from .builders import a_trade, imported, later, three
from .conftest import PLAN, SETTINGS
from .test_engine import with_plan

DEALS = 9


class Died(Exception):
    pass


@pytest.fixture
async def traded(house):
    """A broker of its own: nine deals of one client below three partners, rewarded."""
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await settings.put(work, "partners", SETTINGS, why="a test")
    async with house.door.open(tenant, purpose="test") as work:
        later(work, hours=-3)
        tree = await three(work)
        for _ in range(DEALS):
            await imported(work, tree.trader, a_trade(tree.trader.login, work.now))
        tree.tenant = tenant
        tree.first, tree.last = work.now - timedelta(days=1), work.now + timedelta(hours=1)
    return tree


@pytest.fixture
def narrow(monkeypatch):
    """Slices of two deals, two slices a turn: what a month is cut into, made small."""
    monkeypatch.setattr(slicing, "AT_ONCE", 2)
    monkeypatch.setattr(stints, "SLICES", 2)


DEARER = [
    Epoch(
        BEGINNING, with_plan(version=2, cap=msgspec.structs.replace(PLAN.cap, percent_of_income=40))
    )
]


def asked(tree):
    return RecountAsked(first=tree.first, last=tree.last, why="a smaller cap")


async def lines(house, tree):
    async with house.door.open(tree.tenant, purpose="test") as work:
        wanted = select(Reward).where(Reward.client == tree.trader.client)
        rows = list(await work.rows(wanted.order_by(Reward.deal, Reward.partner, Reward.turn)))
        assert all(rules.recompute(one) == one.amount for one in rows)
        for law in laws.LAWS:
            assert await work.table(text(law.sql)) == [], law.name
    return [(one.deal, one.partner, one.turn, one.amount, one.already, one.cause) for one in rows]


async def finished(opener, rest):
    turns = 0
    while rest is not None:
        rest = await stints.stint(opener, rest, epochs=DEARER)
        turns += 1
    return turns


async def test_by_slices_it_comes_to_the_same_and_a_second_time_to_nothing(house, traded, narrow):
    opener = house.door.opener(traded.tenant, purpose="test")

    assert await finished(opener, asked(traded)) == 3
    first = await lines(house, traded)
    assert await finished(opener, asked(traded)) == 3

    assert await lines(house, traded) == first
    assert [one[2] for one in first] == [0, 1] * DEALS * 3
    assert sum(one[3] for one in first) == DEALS * 4


async def test_whoever_dies_between_two_slices_leaves_what_the_next_one_goes_on_from(
    house, traded, narrow
):
    opener, opened = house.door.opener(traded.tenant, purpose="test"), 0

    @asynccontextmanager
    async def dying():
        nonlocal opened
        opened += 1
        async with opener() as work:
            yield work
            if opened > 2:
                raise Died

    with pytest.raises(ExceptionGroup):
        await stints.stint(dying, asked(traded), epochs=DEARER)
    halfway = await lines(house, traded)
    await finished(opener, asked(traded))

    every = await lines(house, traded)
    assert len(halfway) < len(every) == DEALS * 3 * 2
    assert set(halfway) <= set(every)
    assert sum(one[3] for one in every) == DEALS * 4


async def test_what_is_left_is_told_on_with_the_last_deal_done(house, traded, narrow):
    opener = house.door.opener(traded.tenant, purpose="test")

    rest = await stints.stint(opener, asked(traded), epochs=DEARER)

    async with house.door.open(traded.tenant, purpose="test") as work:
        told = list(await work.rows(select(Outbox).where(Outbox.kind == RecountAsked.kind)))
    assert rest is not None and rest.lines == 12
    assert rest.number in {one.body["number"] for one in told}
