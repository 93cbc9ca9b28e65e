"""People of compliance, clients by the product's own verbs, and years that pass."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from brokerage.clients import clients
from brokerage.privacy import asking
from brokerage.privacy.permissions import Privacy
from stoa.kernel.clock import Simulated
from stoa.tenancy.actor import Actor, Kind
from support.people import make_staff
from support.verification import drained, listed

STAFF = [str(one) for one in Privacy if not one.endswith(":own")]


@pytest.fixture
def years(house):
    """`with years(8):` the product's clock stands so many years on."""

    @contextmanager
    def on(count: float):
        moved = Simulated(datetime.now(UTC) + timedelta(days=365.25 * count))
        before, house.door.clock = house.door.clock, moved
        try:
            yield
        finally:
            house.door.clock = before

    return on


@pytest.fixture
def officer(house, aurora):
    """An officer of compliance, as an actor."""

    async def one(*permissions: str, name: str = "Olga Officer") -> Actor:
        able = [*(permissions or STAFF), "clients:all:view", "clients:account:close"]
        async with house.door.open(aurora, purpose="test") as work:
            person, _ = await make_staff(work, able, name=name)
        return Actor(Kind.STAFF, person.id, name, frozenset(able))

    return one


@pytest.fixture
def as_actor(house, aurora):
    """Work as somebody."""
    return lambda actor: house.door.open(aurora, actor=actor, purpose="test")


@pytest.fixture
def agreed(house, aurora, officer, as_actor):
    """A wish by letter, proposed by one officer, agreed to by another, carried out."""

    async def through(client):
        first, second = await officer(), await officer(name="Peter Second")
        async with as_actor(first) as work:
            row = await asking.ask(work, client, "letter of today, signed as in the passport")
        async with as_actor(first) as work:
            row = await asking.propose(work, row.id)
        async with as_actor(second) as work:
            await asking.agree(work, row.id, row.seal)
        await drained(house, aurora)
        return row.id

    return through


@pytest.fixture
async def screened(house):
    """A small list is loaded, so that verification can be handed in."""
    await listed(house)


async def left(work, client):
    return await clients.close(work, client, "asked by the client")
