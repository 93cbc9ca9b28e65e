"""Signed-in staff, and clients with an address of their own."""

import pytest

from support.people import make_staff
from support.web import Browser, signed_in


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
