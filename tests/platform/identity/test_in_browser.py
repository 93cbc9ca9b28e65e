"""Signing in as a person does it: typed, pressed, told beside the field, back and reload harmless."""

from contextlib import suppress

import pyotp
from playwright.async_api import TimeoutError as Late

from stoa.identity import people
from support.browsing import window
from support.chromium import NEEDED
from support.patience import until
from support.people import PASSWORD, make_staff

pytestmark = NEEDED


async def test_staff_sign_in_set_up_an_app_and_sign_out(house, aurora):
    async with house.door.open(aurora) as work:
        person, _ = await make_staff(work, ("Owner",), name="Sam Staff", password=PASSWORD)
        email = people.email_of(work, person)
    complaints = []
    async with window(house, aurora) as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Security Policy" in said.text else None,
        )
        await page.goto("/desk/sign-in?next=/desk/me")

        await page.fill("[name=email]", email)
        await page.fill("[name=password]", "not the password")
        await page.click("#sign-in [type=submit]")
        await page.wait_for_selector("[data-form-problem]")
        assert await page.input_value("[name=email]") == email

        await page.fill("[name=password]", PASSWORD)
        await page.click("#sign-in [type=submit]")
        await page.wait_for_url("**/desk/second-factor?next=/desk/me")

        await page.click("details summary")
        secret = (await page.get_attribute("[data-copy]", "data-copy")).replace(" ", "")
        await page.fill("[name=code]", "000000")
        await page.wait_for_selector(".field .error")

        async def was_taken():
            # A form takes a second press a moment after the first.
            if "/codes" not in page.url:
                await page.fill("[name=code]", "")
                await page.fill("[name=code]", pyotp.TOTP(secret).now())
                with suppress(Late):
                    await page.wait_for_url("**/desk/second-factor/codes**", timeout=5_000)
            return "/codes" in page.url

        await until(was_taken)
        assert await page.locator(".recovery-codes li").count() == 10
        await page.reload()
        assert await page.locator(".recovery-codes li").count() == 10
        await page.click("#kept [type=submit]")
        await page.wait_for_url("**/desk/me")

        await page.click("[data-mode-toggle]")
        await page.click(".user-menu summary")
        await page.click(".user-menu [type=submit]")
        await page.wait_for_url("**/desk/sign-in")
        await page.go_back()
        await page.wait_for_url("**/desk/sign-in**")
        assert await page.get_attribute("html", "data-mode") == "dark"
    assert complaints == []
