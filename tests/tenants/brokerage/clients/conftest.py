"""Signed-in browsers: staff of a role, a client, a visitor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from brokerage.clients import verification
from brokerage.clients.model import Client
from stoa.identity.model import Person
from support.clients import a_client
from support.people import make_staff
from support.web import Browser, signed_in, visitor

from .people import PASSWORD


@pytest.fixture
def desk(house, aurora):
    """A browser of a member of staff holding these permissions or roles."""

    async def of(*permissions: str, scope: str = "all", tenant=aurora) -> Browser:
        async with house.door.open(tenant, purpose="test") as work:
            person, _ = await make_staff(work, permissions or ("Owner",), scope=scope)
        browser = await signed_in(house, tenant, person, "desk")
        browser.person = person
        return browser

    return of


@pytest.fixture
def room(house, aurora):
    """A client with a proven address, and their browser."""

    async def of(**more) -> tuple[Browser, Client]:
        async with house.door.open(aurora, purpose="test") as work:
            row = await a_client(work, password=PASSWORD, **more)
            await verification.confirm(work, row.id)
            person = await work.get(Person, row.id)
        return await signed_in(house, aurora, person, "room"), row

    return of


@pytest.fixture
def someone(house, aurora):
    """A visitor's browser."""
    return lambda: visitor(house, aurora)


@asynccontextmanager
async def opened(house, tenant) -> AsyncIterator:
    async with house.door.open(tenant, purpose="test") as work:
        yield work
