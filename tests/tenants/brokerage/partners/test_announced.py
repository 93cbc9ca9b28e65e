"""Clicks told by an affiliate's server: signed, filtered, kept once, and counted for who then comes."""

import json
import time
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from brokerage.partners import announced, hooks
from brokerage.partners.model import Attribution, Partner, PartnerTouch
from brokerage.partners.permissions import Partners
from brokerage.partners.tree import attribution
from stoa.connectors.signatures import standard_secret, standard_webhook
from stoa.identity.model import Person
from stoa.kernel.ids import uuid7
from stoa.tenancy.actor import Actor, Kind
from support.web import signed_in, visitor

from .builders import a_partner, a_person, later


@pytest.fixture
async def affiliate(house, guild):
    """A partner with a secret: their id, code and secret."""
    async with house.door.open(guild, purpose="test") as work:
        partner = await a_partner(work)
        code = (await work.get(Partner, partner)).code
        work.actor = Actor(Kind.CLIENT, id=partner, permissions=frozenset({str(Partners.OWN)}))
        return partner, code, await announced.new_secret(work)


async def call(house, guild, code, secret, body, *, name="click-0001", at=None, raw=None):
    raw = raw if raw is not None else json.dumps(body).encode()
    at = int(time.time()) if at is None else at
    headers = {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(at),
        "webhook-signature": standard_webhook(standard_secret(secret), name, at, raw),
    }
    http = visitor(house, guild).http
    return await http.post(f"/clicks/{code}", content=raw, headers=headers)


async def touches_of(house, guild, partner):
    async with house.door.open(guild, purpose="test") as work:
        code = (await work.get(Partner, partner)).code
        return await work.value(
            select(func.count()).where(PartnerTouch.link == code, PartnerTouch.kind == "postback")
        )


async def test_a_click_is_kept_once_and_answers_with_the_link_to_send_people_to(
    house, guild, affiliate
):
    partner, code, secret = affiliate
    body = {"click": "a b&c", "ip": "8.8.8.8", "agent": "Mozilla/5.0"}

    first = (await call(house, guild, code, secret, body)).json()
    again = (await call(house, guild, code, secret, body)).json()
    other = (await call(house, guild, code, secret, body, name="click-0002")).json()

    assert first["counted"] and not first["known"]
    assert first["link"].endswith(f"/r/{code}?click_id=a+b%26c")
    assert again == other == first | {"known": True}
    assert await touches_of(house, guild, partner) == 1


async def test_what_does_not_prove_itself_keeps_nothing(house, guild, affiliate):
    partner, code, secret = affiliate
    body = {"click": "x1"}
    foreign = "whsec_" + "A" * 43 + "="

    for answer in (
        await call(house, guild, code, foreign, body),
        await call(house, guild, "nobody", secret, body),
        await call(house, guild, code, secret, body, at=int(time.time()) - 400),
        await call(house, guild, code, secret, body, at=int(time.time()) + 400),
        await call(house, guild, code, secret, body, name="short"),
        await visitor(house, guild).http.post(f"/clicks/{code}", content=b"{}"),
    ):
        assert answer.status_code == 403, answer.text
    for raw in (
        b"{",
        b"[]",
        b'{"click": ""}',
        b'{"click": "x", "more": 1}',
        b"\xff",
        b'{"click":1}',
    ):
        answer = await call(house, guild, code, secret, None, raw=raw)
        assert answer.status_code in (400, 422), raw
    large = await call(house, guild, code, secret, {"click": "x", "agent": "y" * 5000})
    assert large.status_code == 413
    assert await touches_of(house, guild, partner) == 0


async def test_a_new_secret_ends_the_one_before(house, guild, affiliate):
    partner, code, secret = affiliate
    async with house.door.open(guild, purpose="test") as work:
        person = await work.get(Person, partner)
    browser = await signed_in(house, guild, person, "room")
    assert (await browser.get("/partner/postbacks")).status_code == 200

    page = await browser.post("/partner/postbacks/secret")

    assert page.status_code in (200, 201) and "whsec_" in page.text
    assert (await call(house, guild, code, secret, {"click": "x2"})).status_code == 403


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"agent": "Googlebot/2.1"}, "bot"),
        ({"agent": "curl/8.1"}, "bot"),
        ({"ip": "10.0.0.7"}, "network"),
        ({"ip": "no address"}, "network"),
        ({"at": "2020-01-01T00:00:00Z"}, "old"),
    ],
)
async def test_a_filtered_click_is_kept_as_nobodys(house, guild, affiliate, told, why):
    _, code, secret = affiliate

    said = (await call(house, guild, code, secret, {"click": "f1"} | told)).json()

    assert (said["counted"], said["held"]) == (False, why)
    async with house.door.open(guild, purpose="test") as work:
        row = await work.get(PartnerTouch, UUID(said["touch"]))
        assert row.partner is None and row.source == f"held:{why}"


async def test_the_partners_own_address_and_a_flood_of_one_are_held(house, guild, affiliate):
    partner, code, secret = affiliate
    async with house.door.open(guild, purpose="test") as work:
        row = await work.get(Partner, partner)
        told = announced.Told("own-1", work.now, ip="127.0.0.1")
        assert announced.held(told, now=work.now, days=30, own=True, flood=False) == "network"
        told = announced.Told("own-1", work.now, ip="8.8.4.4")
        assert announced.held(told, now=work.now, days=30, own=True, flood=True) == "self"
        assert (await announced.note(work, row, told, flood=False)).held == ""
    for n in range(hooks.FROM_ONE_AN_HOUR):
        said = await call(house, guild, code, secret, {"click": f"n{n}", "ip": "9.9.9.9"})
        assert said.json()["counted"]

    said = await call(house, guild, code, secret, {"click": "last", "ip": "9.9.9.9"})

    assert said.json()["held"] == "flood"


async def arrived(work, partner, click, after):
    """Somebody comes by another partner's link first and by this one's later, and registers."""
    rival = await a_partner(work)
    row = await work.get(Partner, partner)
    told = announced.Told(click, work.now)
    await announced.note(work, row, told, flood=False)
    later(work, minutes=1)
    seen, client = uuid7(), await a_person(work)
    code = (await work.get(Partner, rival)).code
    await attribution.touch(work, seen, code=code, source="link")
    work.now += after
    await attribution.touch(work, seen, code=row.code, source="link", click=click)
    await work.flush()
    later(work, minutes=1)
    await attribution.attribute(work, client, seen)
    await work.flush()
    return rival, await work.get(Attribution, (client, work.now))


async def test_a_told_click_counts_from_when_it_was_told_for_who_comes_soon(work):
    partner = await a_partner(work)

    _, row = await arrived(work, partner, "soon-1", timedelta(minutes=20))

    assert row.partner == partner and row.click == "soon-1" and row.via == "server"
    assert [one["kind"] for one in row.touches] == ["postback", "link", "link"]


async def test_numbers_told_in_advance_win_nobody(work):
    """Whoever told a number a day before its visitor came was first in every contest."""
    partner = await a_partner(work)

    rival, row = await arrived(work, partner, "early-1", timedelta(hours=3))

    assert row.partner == rival
    assert [one["kind"] for one in row.touches] == ["link", "link"]


async def test_a_number_of_one_partner_is_nothing_at_anothers_link(work):
    partner, thief = await a_partner(work), await a_partner(work)
    row, other = await work.get(Partner, partner), await work.get(Partner, thief)
    await announced.note(work, other, announced.Told("same", work.now), flood=False)
    seen, client = uuid7(), await a_person(work)
    later(work, minutes=1)
    await attribution.touch(work, seen, code=row.code, source="link", click="same")
    await work.flush()
    later(work, minutes=1)

    found = await attribution.attribute(work, client, seen)

    assert found.partner == partner and found.contest is None and len(found.touches) == 1
