"""What was typed when a session ended is there after the next sign-in, for the same person alone."""

import pytest

from support.browsing import become, window
from support.chromium import NEEDED
from support.people import make_staff
from support.web import signed_in

pytestmark = NEEDED


@pytest.mark.parametrize("returns", [True, False], ids=["the same person", "somebody else"])
async def test_a_form_outlives_the_session_it_was_begun_in(house, aurora, returns):
    async with house.door.open(aurora) as work:
        one, _ = await make_staff(work, ("Owner",))
        other, _ = await make_staff(work, ("Owner",), name="Olga Other")
    first = await signed_in(house, aurora, one, "desk")
    second = await signed_in(house, aurora, one if returns else other, "desk")
    async with window(house, aurora, first) as page:
        await page.goto("/desk/leads/new")
        await page.locator("main [name=name]").fill("Nadia Newcomer")
        await page.locator("main [name=email]").fill("nadia@example.com")
        await page.locator("main [name=country]").select_option("CY")
        await page.context.clear_cookies()
        await page.locator("main form button[type=submit]").click()
        await page.wait_for_url("**/desk/sign-in**")
        await become(page, second)
        await page.goto("/desk/leads/new")

        name = page.locator("main [name=name]")
        if returns:
            await page.locator("#toasts .toast-note").wait_for()
            assert await name.input_value() == "Nadia Newcomer"
            assert await page.locator("main [name=country]").input_value() == "CY"
        assert (await name.input_value() == "Nadia Newcomer") is returns
        await page.reload()
        assert await name.input_value() == "", "it is brought back once"
