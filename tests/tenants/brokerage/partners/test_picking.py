"""A partner is found by name or code where one is named in a form, within the reader's scope."""

import secrets

from playwright.async_api import expect

from brokerage.clients import clients
from brokerage.clients.permissions import Clients
from brokerage.partners.permissions import Partners
from brokerage.partners.tree import partners, picking
from support import people
from support.browsing import window
from support.chromium import NEEDED
from support.fixtures import staff
from support.web import signed_in


async def known(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        surname = f"Zabala{secrets.token_hex(3)}"
        client = await clients.register(
            work,
            email=f"{surname}@example.com",
            first_name="Ñusta",
            last_name=surname,
            country="ES",
        )
        code = (await partners.enrol(work, client.id)).code
        name = await picking.name_of(work, code)
        owner, _ = await people.make_staff(work, ["Owner"])
    return code, name, await signed_in(house, guild, owner, "desk")


async def test_a_partner_is_found_by_the_start_of_a_name_and_by_code(house, guild):
    code, name, desk = await known(house, guild)

    for typed in (
        code,
        code.upper(),
        name,
        name.split()[1][:10].casefold(),
        name.replace("Ñ", "n"),
    ):
        found = await desk.get(f"/desk/partners/pick?under={typed}")
        assert found.status_code == 200 and f'data-pick="{code}"' in found.text, typed
    assert "data-pick" in (await desk.get("/desk/partners/pick?under=zz")).text
    nobody = await desk.get("/desk/partners/pick?under=%25%27zz")
    assert "data-pick" not in nobody.text and "Nobody is called so." in nobody.text


async def test_nobody_is_offered_partners_outside_their_scope(house, guild):
    code, name, _ = await known(house, guild)
    async with house.door.open(guild, purpose="test") as work:
        narrow, _ = await people.make_staff(work, [Partners.VIEW, Clients.VIEW], scope="own")
        work.actor = staff(Clients.VIEW, scope="own")
        assert name not in await picking.name_of(work, code)
    desk = await signed_in(house, guild, narrow, "desk")

    assert f'data-pick="{code}"' not in (await desk.get(f"/desk/partners/pick?q={code}")).text


class TestInBrowser:
    pytestmark = NEEDED

    async def test_the_field_of_a_segment_is_filled_by_the_keyboard_and_by_a_tap(
        self, house, guild
    ):
        code, name, desk = await known(house, guild)
        async with window(house, guild, desk) as page:
            await page.goto("/desk/segments/new")
            field = page.locator("input[name=partner]")
            await field.focus()
            await field.press_sequentially(name.split()[1][:9])
            await expect(page.locator(f'[data-pick="{code}"]')).to_be_visible()
            await expect(page.locator("#found-partner [data-pick]")).to_have_count(1)
            await page.keyboard.press("ArrowDown")
            await page.keyboard.press("Enter")
            await expect(page.locator("#found-partner")).to_be_hidden()
            await expect(field).to_have_value(code)
            await field.fill(name)
            await page.locator(f'[data-pick="{code}"]').click()
            await expect(field).to_have_value(code)
            await expect(page.locator("#segment-count")).to_contain_text(name)
            await field.fill("")
            await expect(page.locator("#found-partner")).to_be_visible()
            await field.fill(code)
            await expect(page.locator("#found-partner")).to_be_hidden()
