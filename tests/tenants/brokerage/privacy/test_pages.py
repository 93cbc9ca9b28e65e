"""The pages: the client's own, Client 360, the wish at the desk, the certificate."""

import re

import pytest
from sqlalchemy import select

from brokerage.clients import verification
from brokerage.privacy import holds, letters
from brokerage.privacy.model import Erasure, ErasureState
from stoa.identity.model import Person
from stoa.notices.model import Message
from stoa.web.reader import LANGUAGE_COOKIE
from support.clients import a_client
from support.forging import forged
from support.people import make_staff
from support.verification import drained
from support.web import signed_in, visitor

from .conftest import STAFF


@pytest.fixture
async def someone(house, aurora):
    """A client who signed up and did nothing else, and their browser."""

    async def one(name="Clara"):
        async with house.door.open(aurora, purpose="test") as work:
            row = await a_client(work, first_name=name)
            await verification.confirm(work, row.id)
            person = await work.get(Person, row.id)
        return row, await signed_in(house, aurora, person, "room")

    return one


@pytest.fixture
async def desk(house, aurora):
    async def one(*able):
        wanted = [*(able or STAFF), "clients:all:view"]
        async with house.door.open(aurora, purpose="test") as work:
            person, _ = await make_staff(work, wanted, name="Olga Officer")
        return await signed_in(house, aurora, person, "desk")

    return one


async def test_from_the_clients_wish_to_their_certificate_through_two_officers(
    house, aurora, someone, desk
):
    client, room = await someone()
    shown = await room.get("/profile/privacy")
    assert shown.status_code == 200 and "No business came about" in shown.text
    answer = await room.post("/profile/privacy/erase")
    assert answer.status_code == 204, answer.text
    again = await room.post("/profile/privacy/erase")
    assert again.status_code == 409
    assert "We answer by" in (await room.get("/profile/privacy")).text
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.first(select(Erasure).where(Erasure.client == client.id))
    first, second = await desk(), await desk()
    listed = await first.get("/desk/privacy")
    assert row.reference in listed.text, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", listed.text))
    assert "Propose this" in (await first.get(f"/desk/privacy/{row.id}")).text
    assert (await first.post(f"/desk/privacy/{row.id}/propose")).status_code == 204
    mine = await first.get(f"/desk/privacy/{row.id}")
    assert "somebody else decides" in mine.text
    page = await second.get(f"/desk/privacy/{row.id}")
    seal = re.search(r'name="seal" value="([0-9a-f]{64})"', page.text)[1]
    assert (await second.post(f"/desk/privacy/{row.id}/agree", {"seal": seal})).status_code == 204
    async with house.door.open(aurora, purpose="test") as work:
        path = letters.path(work, row.id)
    early = await visitor(house, aurora).get(path)
    assert "being removed" in early.text
    await drained(house, aurora)

    told = await visitor(house, aurora).get(path)
    assert told.headers["content-type"] == "application/pdf"
    assert (await visitor(house, aurora).get(forged(path))).status_code == 404
    done = await second.get(f"/desk/privacy/{row.id}")
    assert "Certificate" in done.text and "Carried out" in done.text
    assert (await second.get(f"/desk/privacy/{row.id}/certificate/json")).json()["sha256"]
    whole = await second.get(f"/desk/clients/{client.id}")
    assert "Erased on" in whole.text and "Clara" not in whole.text
    assert client.reference in whole.text
    for tab in ("overview", "privacy"):
        answer = await second.get(f"/desk/clients/{client.id}/{tab}")
        assert answer.status_code == 200 and "Clara" not in answer.text
    assert (await room.get("/profile/privacy", follow_redirects=False)).status_code != 200


async def test_a_hold_is_seen_beside_the_name_and_lifted_by_another(house, aurora, someone, desk):
    client, room = await someone("Hugo")
    first, second = await desk(), await desk()
    placed = await first.post(
        f"/desk/clients/{client.id}/privacy/hold",
        {"reference": "Court 12/26", "reason": "a claim is pending"},
    )
    assert placed.status_code == 204, placed.text
    assert "Legal hold" in (await second.get(f"/desk/clients/{client.id}")).text
    shown = (await room.get("/profile/privacy")).text
    assert "Court 12/26" not in shown and "a claim is pending" not in shown
    assert "legal hold" not in shown.lower() and "must not be removed" in shown
    async with house.door.open(aurora, purpose="test") as work:
        hold = (await holds.all_of(work, client.id))[0]
    asked = await first.post(f"/desk/privacy/holds/{hold.id}/lift", {"reason": "it is settled"})
    assert asked.status_code == 204
    assert (await first.post(f"/desk/privacy/holds/{hold.id}/agree")).status_code == 403
    assert "it is settled" in (await second.get(f"/desk/clients/{client.id}/privacy")).text
    assert (await second.post(f"/desk/privacy/holds/{hold.id}/refuse")).status_code == 204
    async with house.door.open(aurora, purpose="test") as work:
        assert await holds.standing(work, client.id)
    await first.post(f"/desk/privacy/holds/{hold.id}/lift", {"reason": "it is settled now"})
    assert (await second.post(f"/desk/privacy/holds/{hold.id}/agree")).status_code == 204
    assert "Legal hold" not in (await second.get(f"/desk/clients/{client.id}")).text


async def test_a_refusal_is_read_in_the_clients_language_and_nothing_goes(
    house, aurora, someone, desk
):
    client, room = await someone("Rosa")
    first, second = await desk(), await desk()
    asked = await first.post(
        f"/desk/clients/{client.id}/privacy/ask", {"note": "letter of 3 May, unsigned"}
    )
    row_id = asked.headers["hx-redirect"].rsplit("/", 1)[-1].split("?")[0]
    await first.post(f"/desk/privacy/{row_id}/propose", {"refusal": "not-theirs"})
    page = await second.get(f"/desk/privacy/{row_id}")
    seal = re.search(r'name="seal" value="([0-9a-f]{64})"', page.text)[1]
    assert (await second.post(f"/desk/privacy/{row_id}/agree", {"seal": seal})).status_code == 204

    room.http.cookies.set(LANGUAGE_COOKIE, "es")
    shown = await room.get("/profile/privacy")
    assert "No pudimos comprobar que la solicitud es suya." in shown.text
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.first(select(Erasure).where(Erasure.client == client.id))
        assert row.state == ErasureState.REFUSED and row.gone == {}
        letter = await work.first(select(Message).where(Message.about == row.id))
        assert letter.template == "erasure_refused" and letter.person == client.id


async def test_another_clients_certificate_does_not_exist(house, aurora, someone, agreed):
    gone, _ = await someone("Gina")
    erasure = await agreed(gone.id)
    _, room = await someone("Otto")

    assert (await room.get(f"/profile/privacy/{erasure}/pdf")).status_code == 404
