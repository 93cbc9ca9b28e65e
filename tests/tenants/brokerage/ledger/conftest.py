"""Browsers of clients with money and of staff, at a tenant where clients may pay one another."""

from types import SimpleNamespace

import msgspec
import pytest

from brokerage.ledger.settings import LedgerSettings, Transfers
from stoa.identity import people
from stoa.kernel.ids import uuid7
from stoa.tenancy import settings
from support.ledger import funded
from support.people import make_staff
from support.web import signed_in


@pytest.fixture(scope="module")
async def bank(house):
    """A tenant with transfers switched on."""
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        known = work.settings(LedgerSettings)
        opened = msgspec.structs.replace(known, transfers=Transfers(on=True))
        await settings.put(work, "ledger", opened, why="a test")
    return tenant


@pytest.fixture
def client_of(house, bank):
    """A client with money in wallets, and their browser."""

    async def of(tenant=bank, name="Anna Schmidt", **wallets):
        async with house.door.open(tenant, purpose="test") as work:
            person = await people.create(work, "client", f"{uuid7()}@mail.example", name)
            for currency, amount in (wallets or {"EUR": "1000.00"}).items():
                await funded(work, amount, currency, person.id)
        browser = await signed_in(house, tenant, person, "room")
        return SimpleNamespace(id=person.id, browser=browser)

    return of


@pytest.fixture
def staff_of(house, bank):
    """The browser of a member of staff with these permissions or roles."""

    async def of(*permissions, tenant=bank, scope="all"):
        async with house.door.open(tenant, purpose="test") as work:
            person, _ = await make_staff(work, permissions or ("Owner",), scope=scope)
        return await signed_in(house, tenant, person, "desk")

    return of
