"""The board of leads by the keyboard alone, in a real browser."""

from playwright.async_api import expect

from brokerage.crm.model import Lead
from support.browsing import window
from support.chromium import NEEDED
from support.patience import until

from .builders import a_lead

pytestmark = NEEDED


async def test_a_card_is_found_and_moved_without_a_pointer(desk, house, aurora):
    browser = await desk()
    async with house.door.open(aurora, purpose="test") as work:
        lead = await a_lead(work, name="Berta Board")
    async with window(house, aurora, browser) as page:
        await page.goto("/desk/leads")
        card = page.locator(f'[data-card-key="{lead.id}"]')
        await card.wait_for()

        for _ in range(await page.locator(".board-card").count()):
            await page.keyboard.press("j")
            if "is-marked" in (await card.get_attribute("class") or ""):
                break
        assert await page.locator(".is-marked").count() == 1
        await page.keyboard.press("m")
        await page.keyboard.press("Enter")

        async def is_moved():
            async with house.door.open(aurora, purpose="test") as work:
                return (await work.get(Lead, lead.id)).stage != "new"

        await until(is_moved, every_s=0.2)
        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_contain_text("Move the marked card of a board")
