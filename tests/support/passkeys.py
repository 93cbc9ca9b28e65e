"""People whose second factor is a passkey, and what their browsers are answered."""

from sqlalchemy import select

from stoa.identity import people
from stoa.identity.challenges import SAID
from stoa.identity.model import Passkey, Person
from support.authenticator import Authenticator, added, shown
from support.people import PASSWORD, make_client_login, make_staff
from support.web import visitor


async def client(house, tenant):
    async with house.door.open(tenant) as work:
        person, _ = await make_client_login(work, password=PASSWORD)
        return person, people.email_of(work, person)


async def member(house, tenant):
    async with house.door.open(tenant) as work:
        person, _ = await make_staff(work, ("Owner",), password=PASSWORD)
        return person, people.email_of(work, person)


async def with_passkey(house, tenant, make=client, prefix=""):
    """Somebody whose only second factor is a passkey, and the browser they added it in."""
    person, email = await make(house, tenant)
    browser, device = visitor(house, tenant), Authenticator()
    await password(browser, email, prefix)
    answer = await added(browser, device, prefix, password=PASSWORD)
    assert answer.headers.get("hx-redirect", "").startswith(f"{prefix}/second-factor/codes")
    return person, email, device, browser


async def password(browser, email, prefix=""):
    await browser.get(f"{prefix}/sign-in")
    return await browser.post(f"{prefix}/sign-in", {"email": email, "password": PASSWORD})


async def entering(house, tenant, device, prefix="", **wrong):
    browser = visitor(house, tenant)
    await browser.get(f"{prefix}/sign-in")
    return browser, await shown(browser, f"{prefix}/sign-in/passkey", device, **wrong)


def told(answer):
    body = answer.json()
    return answer.status_code, body["code"], body["detail"]


def refusal(fault):
    return 422, f"passkey-{fault}", SAID[fault]


async def kept(house, tenant, person):
    async with house.door.open(tenant) as work:
        row = await work.first(select(Passkey).where(Passkey.owner == person.id))
        return row, (await work.get(Person, person.id)).passkeys
