"""A client's passkey in a real browser: added, signed in by, shown for a withdrawal, removed."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from brokerage.payments.model import Withdrawal
from stoa.identity import people
from stoa.identity.model import Passkey, Person, Session
from support.browsing import window
from support.chromium import NEEDED
from support.people import PASSWORD
from support.web import signed_in

from .test_withdrawals import a_place, funded

pytestmark = NEEDED
_DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def devices(page):
    """What speaks to the browser's own make-believe devices."""
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("WebAuthn.enable")
    return cdp


async def plugged(cdp):
    made = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})
    return made["authenticatorId"]


async def add(page, name):
    await page.goto("/profile/security")
    await page.click("a[href*='/second-factor/passkey/new']")
    await page.fill("#add-passkey [name=name]", name)
    if await page.locator("#add-passkey [name=password]").count():
        await page.fill("#add-passkey [name=password]", PASSWORD)
    await page.click("#add-passkey [type=submit]")


async def told(page):
    return await page.locator("[data-form-problem] span").inner_text()


@pytest.fixture
async def known(market, customer):
    """The client with a password, signed in at a browser."""
    async with market.opener()() as work:
        person = await work.lock(Person, customer.id)
        await people.set_password(work, person, PASSWORD)
    return person, await signed_in(market.house, market.tenant, person, "room")


async def test_a_client_s_passkey_from_first_to_last(market, customer, known):
    person, browser = known
    await funded(customer)
    place = await a_place(customer)
    complaints = []
    async with window(market.house, market.tenant, browser) as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Security Policy" in said.text else None,
        )
        cdp = await devices(page)
        first = await plugged(cdp)

        await add(page, "My telephone")
        await page.wait_for_url("**/second-factor/codes**")
        assert await page.locator(".recovery-codes li").count() == 10
        await page.click("#kept [type=submit]")
        await page.wait_for_url("**/profile/security")
        await page.get_by_text("My telephone").wait_for()

        await add(page, "The same again")
        await page.wait_for_selector("[data-form-problem]")
        assert "already" in await told(page)

        await page.goto("/profile/security")
        await page.click(".user-menu summary")
        await page.click(".user-menu [type=submit]")
        await page.wait_for_url("**/sign-in")
        await page.focus("#sign-in-passkey [type=submit]")
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: "sign-in" not in url)

        async with market.opener()() as work:
            await work.run(
                update(Session)
                .where(Session.person == person.id)
                .values(second_factor_at=work.now - timedelta(hours=1))
            )
        await page.goto(f"/withdraw/review?amount=70&currency=USD&to=bank:{place}")
        await page.wait_for_url("**/second-factor?next=**")
        assert await page.locator("[name=code]").count() == 0
        await page.click("#show-passkey [type=submit]")
        await page.wait_for_url("**/withdraw/review**")
        await page.click("form[action='/withdraw'] [type=submit]")
        await page.wait_for_url("**/withdrawals/**")

        await cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": first})
        await plugged(cdp)
        await add(page, "My key")
        await page.wait_for_url("**/profile/security")
        row = page.locator("li", has_text="My telephone")
        await row.locator("[type=submit]").click()
        await row.wait_for(state="detached")
        assert await page.get_by_text("My key").count() == 1
    assert complaints == []
    async with market.opener()() as work:
        left = await work.rows(select(Passkey).where(Passkey.owner == person.id))
        out = await work.rows(select(Withdrawal).where(Withdrawal.client == customer.id))
    assert len(left) == len(out) == 1


async def test_what_goes_wrong_in_the_browser_is_said_in_words(market, customer, known):
    _, browser = known
    async with window(market.house, market.tenant, browser) as page:
        cdp = await devices(page)
        device = await plugged(cdp)

        await cdp.send(
            "WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False}
        )
        await add(page, "My telephone")
        await page.wait_for_selector("[data-form-problem]")
        assert "cancelled" in await told(page)

        await page.fill("#add-passkey [name=password]", "not it")
        await page.click("#add-passkey [type=submit]")
        await page.wait_for_selector(".field .error")

        await page.add_init_script("delete window.PublicKeyCredential")
        await add(page, "My telephone")
        await page.wait_for_selector("[data-form-problem]")
        assert "This browser cannot" in await told(page)


async def test_without_scripts_there_is_no_button_that_does_nothing(market, customer):
    async with window(market.house, market.tenant, scripts=False) as page:
        await page.goto("/sign-in")

        assert await page.locator("#sign-in").is_visible()
        assert not await page.locator("#sign-in-passkey").is_visible()
