"""A setting changed by form in a real browser, with a row added on the way, and seen in force."""

import pytest
from playwright.async_api import expect

from brokerage.product import PRODUCT
from support.browsing import window
from support.chromium import NEEDED
from support.patience import LONGEST_S, until
from support.people import make_staff
from support.web import signed_in

pytestmark = NEEDED


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_setting_is_changed_by_form_and_seen_in_force(house, aurora, scripts):
    async with house.door.open(aurora) as work:
        person, _ = await make_staff(work, ("settings:all:view", "settings:all:edit"))
        before = work.settings(PRODUCT.slices["crm"])
    visitor = await signed_in(house, aurora, person, "desk")
    hours = str(before.first_call_hours + 3)
    rows = len(before.score)
    complaints: list[str] = []
    async with window(house, aurora, visitor, scripts=scripts) as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto("/desk/settings/sections/crm")

        await page.get_by_label("First call within").fill(hours)
        await page.locator('button[value="add:score"]').click()
        fresh = page.locator(f'[name="score.{rows}.code"]')
        await fresh.wait_for()
        assert await page.get_by_label("First call within").input_value() == hours
        await fresh.fill("walked")
        await page.locator(f'[name="score.{rows}.label"]').fill("Walked in")
        await page.locator(f'[name="score.{rows}.field"]').select_option("source")
        await page.locator(f'[name="score.{rows}.points"]').fill("7")
        await page.locator('button.btn-primary[value="look"]').click()
        await page.locator(".tree-changes li").first.wait_for()
        assert f"becomes {hours}" in await page.inner_text("#tree")
        await page.get_by_label("Why").fill("people are called sooner")
        await page.locator('button[value="keep"]').click()

        async def is_in_force():
            async with house.door.open(aurora) as work:
                return str(work.settings(PRODUCT.slices["crm"]).first_call_hours) == hours

        await until(is_in_force, every_s=0.2)
        await page.wait_for_url("**/desk/settings/sections/crm")
        await page.get_by_label("First call within").wait_for()
        assert await page.get_by_label("First call within").input_value() == hours
    async with house.door.open(aurora) as work:
        now = work.settings(PRODUCT.slices["crm"])
    assert str(now.first_call_hours) == hours
    assert (now.score[rows].code, now.score[rows].points) == ("walked", 7)
    assert complaints == []


@pytest.fixture(autouse=True)
async def as_it_was(house, aurora):
    """Each of the two begins from the settings the product has."""
    from stoa.tenancy import settings
    from stoa.tenancy.actor import SYSTEM

    async with house.door.open(aurora, actor=SYSTEM) as work:
        kind = PRODUCT.slices["crm"]
        await settings.put(work, "crm", kind(), why="as it was")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_row_more_loses_nothing_typed_and_a_secret_never_comes_from_the_server(
    house, aurora, scripts
):
    async with house.door.open(aurora) as work:
        person, _ = await make_staff(work, ("settings:all:view", "settings:all:edit"))
    visitor = await signed_in(house, aurora, person, "desk")
    drawn: list[str] = []
    async with window(house, aurora, visitor, scripts=scripts) as page:
        await page.goto("/desk/servers/new?connector=mt5-webapi")
        await page.fill('[name="label"]', "As typed")
        await page.fill('[name="password"]', "pw-typed-here")

        async with page.expect_response("**/desk/servers/new") as answered:
            await page.locator('button[value="add:groups"]').click()
        drawn.append(await (await answered.value).text())
        await page.locator('[name="groups.0.group"]').wait_for()

        assert "pw-typed-here" not in drawn[0]
        assert await page.input_value('[name="label"]') == "As typed"
        if scripts:
            kept = expect(page.locator('[name="password"]'))
            await kept.to_have_value("pw-typed-here", timeout=LONGEST_S * 1000)
        else:
            assert await page.input_value('[name="password"]') == ""
            assert "type the ones you entered once more" in await page.inner_text("#tree")
