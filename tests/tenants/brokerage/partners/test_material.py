"""Banners and landing pages: made anew, led to listed places alone, counted by their own clicks."""

import re
from uuid import UUID

import pytest
from PIL import Image

from brokerage.clients import hooks
from brokerage.partners.marketing import material, queries
from brokerage.partners.marketing.settings import MarketingSettings, allowed
from brokerage.partners.model import Attribution, Partner
from brokerage.partners.tree import attribution
from stoa.identity.model import Person
from stoa.kernel.ids import uuid7
from support import people
from support.uploads import encoded, with_place
from support.web import signed_in, visitor

from .builders import a_partner, a_person, later

HERE = "/desk/partners/material"


@pytest.fixture
async def desk(house, guild):
    async with house.door.open(guild, purpose="test") as work:
        owner, _ = await people.make_staff(work, ["Owner"])
    return await signed_in(house, guild, owner, "desk")


async def a_page(desk, code, url="/register"):
    told = {"code": code, "title": "Spring", "url": url, "language": "en"}
    return await desk.post(f"{HERE}/pages", told)


async def a_banner(desk, code, content=None, **more):
    content = content or encoded(Image.new("RGB", (728, 90), "navy"), "PNG")
    told = {"code": code, "title": "Trade <with> us", "language": "en"} | more
    return await desk.post(f"{HERE}/banners", told, files={"file": ("b.png", content, "image/png")})


async def brought_by(house, guild, path, partner):
    """Somebody follows an address and registers afterwards."""
    browser = visitor(house, guild)
    answer = await browser.get(path)
    cookie = browser.http.cookies["touch"].strip(chr(34))
    kept = dict(part.split("=", 1) for part in cookie.split("~"))
    async with house.door.open(guild, purpose="test") as work:
        client = await a_person(work)
        later(work, minutes=1)
        row = await attribution.attribute(work, client, UUID(kept["v"]))
        assert row.partner == partner
    return answer


async def test_a_banner_is_made_anew_and_is_counted_by_its_own_clicks(house, guild, desk):
    async with house.door.open(guild, purpose="test") as work:
        partner = await a_partner(work)
        person, code = await work.get(Person, partner), (await work.get(Partner, partner)).code
    assert (await a_page(desk, "spring")).status_code == 204
    answer = await a_banner(
        desk, "wide", with_place(Image.new("RGB", (728, 90), "navy")), landing="spring"
    )
    assert answer.status_code == 204, answer.text[:600]

    browser = await signed_in(house, guild, person, "room")
    page = (await browser.get("/partner/material")).text
    assert f"/r/{code}?b=wide" in page and "728 × 90" in page
    assert "Trade &lt;with&gt; us" in page and "Trade <with> us" not in page
    src = re.search(r'src="(/banners/[0-9a-f-]+)"', page)[1]
    picture = await visitor(house, guild).get(src)
    assert picture.status_code == 200 and picture.headers["content-type"].startswith("image/")
    assert picture.headers["cross-origin-resource-policy"] == "cross-origin"
    assert b"SecretCameraMaker" not in picture.content and b"canary" not in picture.content

    led = await brought_by(house, guild, f"/r/{code}?b=wide", partner)
    assert led.headers["location"] == "/register"
    await visitor(house, guild).get(f"/r/{code}?b=wide")
    await brought_by(house, guild, f"/r/{code}", partner)
    async with house.door.open(guild, purpose="test") as work:
        counted = await queries.brought(work, partner)
        assert queries.total(counted, "banner:wide", code) == (2, 1, 0)
        assert len(counted) == 1


async def test_a_link_leads_to_listed_pages_and_nowhere_else(house, guild, desk):
    for bad in (
        "https://evil.example/x",
        "//evil.example",
        "/\\evil.example",
        "http://land.example/",
        "https://land.example@evil.example/",
        "https://land.example:8443/",
        "javascript:alert(1)",
        "https://land.example/\nx",
    ):
        assert not allowed(bad, ("land.example",)), bad
        assert (await a_page(desk, "bad", bad)).status_code in (400, 422), bad
    assert (await desk.post(f"{HERE}/hosts", {"hosts": "land.example"})).status_code == 204
    assert (await a_page(desk, "outside", "https://land.example/go?x=1")).status_code == 204

    stranger = visitor(house, guild)
    to = (await stranger.get("/r/nobody1?to=outside")).headers["location"]
    assert to == "https://land.example/go?x=1"
    for other in ("https://evil.example", "unknown", "%2F%2Fevil.example"):
        answer = await stranger.get(f"/r/nobody1?to={other}")
        assert answer.headers["location"] == "/", other
    refused = await desk.post(f"{HERE}/hosts", {"hosts": "other.example"})
    assert refused.status_code in (400, 422)
    assert (await desk.post(f"{HERE}/pages/outside/remove")).status_code == 204
    assert (await stranger.get("/r/nobody1?to=outside")).headers["location"] == "/"


async def test_what_is_no_picture_is_refused_and_an_ended_banner_stays_where_it_is(
    house, guild, desk
):
    for content in (b"<svg onload=alert(1)>", b"%PDF-1.4 x", b"GIF89a", b""):
        answer = await a_banner(desk, "none", content or b" ")
        assert answer.status_code in (400, 413, 422), answer.status_code
    assert (await a_banner(desk, "twice")).status_code == 204
    assert (await a_banner(desk, "twice")).status_code == 409
    assert (await a_banner(desk, "Not A Code")).status_code in (400, 422)
    async with house.door.open(guild, purpose="test") as work:
        partner = await a_partner(work)
        person = await work.get(Person, partner)
        file = work.settings(MarketingSettings).banner("twice").file

    assert (await desk.post(f"{HERE}/banners/twice/end")).status_code == 204

    browser = await signed_in(house, guild, person, "room")
    assert str(file) not in (await browser.get("/partner/material")).text
    assert (await visitor(house, guild).get(f"/banners/{file}")).status_code == 200
    assert (await visitor(house, guild).get(f"/banners/{uuid7()}")).status_code == 404
    assert (await desk.post(f"{HERE}/banners/twice/end")).status_code == 409
    assert (await desk.get(HERE)).status_code == 200


async def test_a_page_that_a_banner_leads_to_stays(house, guild, desk):
    assert (await a_page(desk, "kept")).status_code == 204
    assert (await a_page(desk, "kept")).status_code == 409
    assert (await a_banner(desk, "leads", landing="kept")).status_code == 204
    assert (await a_banner(desk, "astray", landing="nowhere")).status_code in (400, 422)

    refused = await desk.post(f"{HERE}/pages/kept/remove")

    assert refused.status_code == 409
    assert (await desk.post(f"{HERE}/banners/leads/end")).status_code == 204
    assert (await desk.post(f"{HERE}/pages/kept/remove")).status_code == 204
    async with house.door.open(guild, purpose="test") as work:
        assert work.settings(MarketingSettings).banner("leads").landing == ""


async def test_the_clicked_material_is_named_once_and_other_sources_are_not_mistaken(work):
    assert hooks.leads
    partner = await a_partner(work)
    code = (await work.get(Partner, partner)).code
    seen, client = uuid7(), await a_person(work)
    await attribution.touch(work, seen, code=code, source="banner:made-up")
    await work.flush()
    later(work, minutes=1)
    await attribution.attribute(work, client, seen)
    await work.flush()

    row = await work.get(Attribution, (client, work.now))
    assert row.via == "banner:made-up"
    assert await material.led(work, {"b": "made-up"}) == (None, "/")
