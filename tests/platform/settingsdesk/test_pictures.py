"""Logos and the icon: brought by form, made anew, on every page, and taken back."""

import io
import re

import msgspec
import pytest
from PIL import Image

from stoa.tenancy import settings
from stoa.theming.brand import PICTURES, Brand
from support.people import make_staff
from support.uploads import encoded
from support.web import signed_in, visitor

HERE = "/desk/brand"
HOLDS = ("brand:all:view", "brand:all:edit")


def drawn(width: int = 300, height: int = 80) -> bytes:
    """A logo on no ground."""
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    picture.paste((20, 90, 160, 255), (10, 10, width - 10, height - 10))
    return encoded(picture, "PNG")


@pytest.fixture
async def owner(house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        person, _ = await make_staff(work, HOLDS)
    browser = await signed_in(house, aurora, person, "desk")
    await browser.get(HERE)
    return browser


async def send(browser, which: str, content: bytes, name: str = "logo.png"):
    return await browser.post(f"{HERE}/pictures", {"which": which}, files={"file": (name, content)})


async def brand_of(house, aurora) -> Brand:
    async with house.door.open(aurora, purpose="test") as work:
        return work.settings(Brand)


async def test_a_logo_is_on_every_page_and_an_earlier_version_comes_back(house, aurora, owner):
    async with house.door.open(aurora, purpose="test") as work:
        before = await settings.version_of(work, "brand")

    answer = await send(owner, "logo_light", drawn())
    assert answer.status_code == 204, answer.text
    file = (await brand_of(house, aurora)).logo_light
    assert file is not None

    for browser, path in ((owner, HERE), (visitor(house, aurora), "/sign-in")):
        page = (await browser.get(path)).text
        assert f"/brand/{file}" in page and 'class="monogram"' not in _bar(page)
    shown = await visitor(house, aurora).get(f"/brand/{file}")
    kept = Image.open(io.BytesIO(shown.content))
    assert (shown.headers["content-type"], kept.size) == ("image/png", (300, 80))
    assert kept.getpixel((0, 0))[3] == 0, "its ground stays transparent"

    answer = await owner.post(f"{HERE}/versions/{before}/restore")
    assert answer.headers["hx-redirect"] == HERE
    assert (await brand_of(house, aurora)).logo_light is None


def _bar(page: str) -> str:
    found = re.search(r'<a class="brand".*?</a>', page, re.DOTALL)
    assert found
    return found[0]


async def test_publishing_colours_keeps_the_pictures_and_removing_one_keeps_the_rest(
    house, aurora, owner
):
    await send(owner, "logo_dark", drawn())
    await send(owner, "icon", drawn(128, 128))
    before = await brand_of(house, aurora)
    told = {
        name: value
        for name, value in msgspec.to_builtins(before).items()
        if value not in {None, ""} and name not in PICTURES
    }

    answer = await owner.post(HERE, told | {"accent": "#0a4d8c"})
    assert answer.status_code == 204, answer.text
    after = await brand_of(house, aurora)
    assert (after.accent, after.logo_dark, after.icon) == ("#0a4d8c", before.logo_dark, before.icon)

    await owner.post(f"{HERE}/pictures/logo_dark/remove")
    last = await brand_of(house, aurora)
    assert (last.logo_dark, last.icon) == (None, before.icon)


@pytest.mark.parametrize(
    ("which", "content", "status", "says"),
    [
        ("icon", drawn(120, 80), 422, "An icon is square"),
        ("logo_light", drawn(300, 20), 422, "300 × 20 pixels"),
        ("logo_light", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", 422, ""),
        ("logo_light", b"%PDF-1.4 not a picture", 422, ""),
        ("name", drawn(), 404, ""),
    ],
    ids=["oblong icon", "too flat", "svg", "pdf", "no picture of the brand"],
)
async def test_what_is_no_picture_for_its_place_is_refused(
    house, aurora, owner, which, content, status, says
):
    before = await brand_of(house, aurora)

    answer = await send(owner, which, content)

    assert answer.status_code == status
    assert says in answer.text
    assert await brand_of(house, aurora) == before


async def test_colours_that_cannot_be_read_come_in_by_no_way(house, aurora):
    """The brand is also a section of settings: by text and by file it is held to the same."""
    async with house.door.open(aurora, purpose="test") as work:
        person, _ = await make_staff(work, (*HOLDS, "settings:all:view", "settings:all:edit"))
    browser = await signed_in(house, aurora, person, "desk")
    before = await brand_of(house, aurora)
    shown = await browser.get("/desk/settings/sections/brand", follow_redirects=False)
    assert shown.headers["location"] == HERE
    text = f'name = "{before.name}"\nink = "#d8d8d8"\npaper = "#ffffff"\n'

    by_text = await browser.post(
        "/desk/settings/sections/brand", {"text": text, "why": "just trying"}
    )
    by_file = await browser.post(
        "/desk/settings/import", files={"file": ("x.toml", f"[brand]\n{text}".encode())}
    )

    for answer in (by_text, by_file):
        assert answer.status_code == 422
        assert "Not published" in answer.text and "#d8d8d8" in answer.text
    assert await brand_of(house, aurora) == before
