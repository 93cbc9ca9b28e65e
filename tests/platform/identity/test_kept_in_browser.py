"""What was typed when a session ended is there after the next sign-in, for the same person alone."""

import shutil

import pytest
from playwright.async_api import async_playwright

from support.browsing import ARGUMENTS, served
from support.patience import LONGEST_S
from support.people import make_staff
from support.web import signed_in

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium or Chrome here: `apt-get install chromium` gives one"
    ),
]


@pytest.mark.parametrize("returns", [True, False], ids=["the same person", "somebody else"])
async def test_a_form_outlives_the_session_it_was_begun_in(house, aurora, returns):
    async with house.door.open(aurora) as work:
        one, _ = await make_staff(work, ("Owner",))
        other, _ = await make_staff(work, ("Owner",), name="Olga Other")
    first = await signed_in(house, aurora, one, "desk")
    second = await signed_in(house, aurora, one if returns else other, "desk")
    async with served(house) as port, async_playwright() as p:
        browser = await p.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        base = f"http://{aurora.host}:{port}"
        context = await browser.new_context(locale="en-GB")
        context.set_default_timeout(LONGEST_S * 1000)
        page = await context.new_page()

        async def sign_in(visitor):
            await context.clear_cookies()
            jar = visitor.http.cookies.jar
            await context.add_cookies(
                [{"name": c.name, "value": c.value, "url": base} for c in jar]
            )

        await sign_in(first)
        await page.goto(f"{base}/desk/leads/new")
        await page.locator("main [name=name]").fill("Nadia Newcomer")
        await page.locator("main [name=email]").fill("nadia@example.com")
        await page.locator("main [name=country]").select_option("CY")
        await context.clear_cookies()
        await page.locator("main form button[type=submit]").click()
        await page.wait_for_url("**/desk/sign-in**")
        await sign_in(second)
        await page.goto(f"{base}/desk/leads/new")

        name = page.locator("main [name=name]")
        if returns:
            await page.locator("#toasts .toast-note").wait_for()
            assert await name.input_value() == "Nadia Newcomer"
            assert await page.locator("main [name=country]").input_value() == "CY"
        assert (await name.input_value() == "Nadia Newcomer") is returns
        await page.reload()
        assert await name.input_value() == "", "it is brought back once"
        await browser.close()
