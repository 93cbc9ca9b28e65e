"""Sections of settings as text: every one can be changed at the desk as it stands there."""

import tomllib

import pytest

from brokerage.product import PRODUCT
from stoa.settingsdesk.sections import as_text
from stoa.web.open import CSRF_FIELD
from support.people import make_staff
from support.web import signed_in


async def at_the_desk(house, tenant):
    async with house.door.open(tenant) as work:
        person, _ = await make_staff(work, ("settings:all:view", "settings:all:edit"))
    return await signed_in(house, tenant, person, "desk")


@pytest.mark.parametrize("name", [one for one in PRODUCT.slices if one != "brand"])
async def test_a_section_can_be_put_in_force_as_its_page_shows_it(house, borealis, name):
    """The section of verification was longer than a form took, and could not be changed at all."""
    async with house.door.open(borealis) as work:
        text = as_text(work.settings(PRODUCT.slices[name]))
    assert tomllib.loads(text) is not None
    desk = await at_the_desk(house, borealis)
    await desk.get(f"/desk/settings/sections/{name}")

    answer = await desk.post(
        f"/desk/settings/sections/{name}",
        {"text": text.replace("\n", "\r\n"), "why": "as it stands"},
    )

    assert answer.status_code == 204, answer.text


async def test_without_scripts_a_refusal_names_every_fault(house, borealis):
    desk = await at_the_desk(house, borealis)
    await desk.get("/desk/settings/sections/crm")

    answer = await desk.http.post(
        "/desk/settings/sections/crm",
        data={CSRF_FIELD: desk.csrf, "why": "x", "strange": "1"},
        headers={"accept": "text/html"},
    )

    assert answer.status_code == 422
    assert "Please fill this in." in answer.text
    assert "This field is not known." in answer.text
