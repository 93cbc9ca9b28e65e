"""Passkeys over HTTP: made, shown, signed in by, and taken away."""

import json
import subprocess
import sys
from datetime import timedelta

from sqlalchemy import select, update

from stoa.audit.model import AuditEntry
from stoa.identity import sessions, staff
from stoa.identity.challenges import Fault
from stoa.identity.model import Session
from support.authenticator import Authenticator, added, packed, sent, shown, unpacked
from support.mailbox import newest
from support.passkeys import client, entering, kept, member, password, refusal, told, with_passkey
from support.people import PASSWORD
from support.web import signed_in, visitor


async def test_a_client_adds_one_and_signs_in_by_it_alone(house, aurora):
    person, _, device, browser = await with_passkey(house, aurora)

    codes = await browser.get("/second-factor/codes?next=/profile/security")
    assert codes.text.count("<li><code>") == 10
    page = await browser.get("/profile/security")
    assert "My telephone" in page.text
    await browser.post("/sign-out")
    fresh, entered = await entering(house, aurora, device)

    assert (entered.status_code, entered.headers["hx-redirect"]) == (204, "/")
    async with house.door.open(aurora) as work:
        session = await work.first(
            select(Session).where(Session.person == person.id).order_by(Session.started_at.desc())
        )
        letter = await newest(work, person, "second_factor_changed")
    assert (session.stage, session.way) == ("full", "passkey")
    assert session.second_factor_at is not None
    assert letter.params["what"] == "passkey"
    await fresh.get("/profile/security")
    assert (await fresh.post("/profile/security/codes")).status_code == 204


async def test_what_is_kept_of_one_names_nobody(house, aurora):
    person, email, device, _ = await with_passkey(house, aurora)
    row, count = await kept(house, aurora, person)

    assert (row.host, row.owner, count) == (aurora.host, person.id, 1)
    assert device.host == aurora.host
    assert len(device.handle) == 32 and device.handle == row.handle
    assert person.id.bytes not in device.handle and email.encode() not in device.handle
    assert b"telephone" not in row.name_sealed
    async with house.door.open(aurora) as work:
        entries = await work.rows(select(AuditEntry).where(AuditEntry.actor == person.id))
    rows = [one for entry in entries for one in entry.changes if one.get("row") == "passkey"]
    assert [one["now"]["host"] for one in rows] == [aurora.host]
    assert "telephone" not in json.dumps(rows)


async def test_what_a_browser_is_asked_names_the_brand_and_wants_a_look_at_the_person(
    house, aurora
):
    _, email, device, browser = await with_passkey(house, aurora)

    asked = (await sent(browser, "/second-factor/passkey/new/options", {"name": "Another"})).json()

    assert asked["rp"] == {"id": aurora.host, "name": aurora.name}
    assert asked["user"]["name"] == email
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["attestation"] == "none"
    assert [one["id"] for one in asked["excludeCredentials"]] == [packed(device.id)]
    assert unpacked(asked["user"]["id"]) == device.handle
    assert len(unpacked(asked["challenge"])) == 32


async def test_the_sign_in_page_tells_nobody_who_has_one(house, aurora):
    """What is asked is asked before anybody is named, and the same of everyone."""
    await with_passkey(house, aurora)
    answers = []
    for _ in range(2):
        browser = visitor(house, aurora)
        await browser.get("/sign-in")
        asked = (await sent(browser, "/sign-in/passkey/options", {"email": "x"})).json()
        answers.append({name: value for name, value in asked.items() if name != "challenge"})

    assert answers[0] == answers[1]
    assert answers[0].get("allowCredentials", []) == []
    assert answers[0]["userVerification"] == "required"


async def test_it_is_the_second_factor_after_the_password(house, aurora):
    _, email, device, _ = await with_passkey(house, aurora)
    browser = visitor(house, aurora)

    entered = await password(browser, email)
    page = await browser.get("/second-factor")
    done = await shown(browser, "/second-factor/passkey", device, "?next=/profile/security")

    assert entered.headers["hx-redirect"].startswith("/second-factor")
    assert 'data-passkey="get"' in page.text and 'name="code"' not in page.text
    assert done.headers["hx-redirect"] == "/profile/security"
    assert (await browser.get("/profile/security")).status_code == 200


async def test_staff_who_owe_a_second_factor_may_make_it_a_passkey(house, aurora):
    _, email = await member(house, aurora)
    browser, device = visitor(house, aurora), Authenticator()
    entered = await password(browser, email, "/desk")
    assert entered.headers["hx-redirect"].startswith("/desk/second-factor")
    offered = await browser.get("/desk/second-factor")
    assert "/desk/second-factor/passkey/new" in offered.text
    assert (await browser.get("/desk")).status_code == 303

    answer = await added(browser, device, "/desk")

    assert answer.headers["hx-redirect"].startswith("/desk/second-factor/codes")
    assert (await browser.get("/desk/me")).status_code == 200


async def test_the_first_one_of_an_open_session_wants_the_password(house, aurora):
    person, _ = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")

    without = await added(browser, Authenticator())
    wrong = await added(browser, Authenticator(), password="not it")

    for answer in (without, wrong):
        assert (answer.status_code, answer.json()["field"]) == (422, "password")
    assert await kept(house, aurora, person) == (None, 0)


async def test_the_first_one_ends_what_was_open_before(house, aurora):
    person, _ = await client(house, aurora)
    before = await signed_in(house, aurora, person, "room")
    browser = await signed_in(house, aurora, person, "room")

    await added(browser, Authenticator(), password=PASSWORD)

    assert (await before.get("/profile/security")).status_code == 303
    assert (await browser.get("/profile/security")).status_code == 200


async def test_another_one_wants_the_second_factor_shown_lately(house, aurora):
    person, _, _, browser = await with_passkey(house, aurora)
    long_ago = timedelta(seconds=sessions.STEP_UP_S + 60)
    async with house.door.open(aurora) as work:
        await work.run(
            update(Session)
            .where(Session.person == person.id)
            .values(second_factor_at=work.now - long_ago)
        )

    page = await browser.get("/second-factor/passkey/new")
    answer = await sent(browser, "/second-factor/passkey/new/options", {"name": "Another"})

    assert page.headers["location"].startswith("/second-factor?next=")
    assert (answer.status_code, answer.json()["code"]) == (403, "step-up")


async def test_one_device_is_added_once_and_nobody_has_more_than_ten(house, aurora):
    person, _, device, browser = await with_passkey(house, aurora)

    twice = await added(browser, device)
    for _ in range(9):
        assert (await added(browser, Authenticator())).status_code == 204
    too_many = await added(browser, Authenticator())

    assert told(twice) == refusal(Fault.KNOWN)
    assert too_many.status_code == 409
    assert (await kept(house, aurora, person))[1] == 10


async def test_one_is_removed_after_the_second_factor_and_the_last_one_stays(house, aurora):
    person, _, device, browser = await with_passkey(house, aurora)
    first, _ = await kept(house, aurora, person)
    path = f"/profile/security/passkeys/{first.id}/end"
    last = await browser.post(path)
    await added(browser, second := Authenticator())
    elsewhere = await signed_in(house, aurora, person, "room")
    async with house.door.open(aurora) as work:
        await work.run(
            update(Session)
            .where(Session.person == person.id)
            .values(second_factor_at=work.now - timedelta(hours=1))
        )
    await browser.get("/profile/security")
    stale = await browser.post(path)
    await browser.get("/second-factor")
    assert (await shown(browser, "/second-factor/passkey", second)).status_code == 204
    await browser.get("/profile/security")

    removed = await browser.post(path)

    assert (last.status_code, last.json()["code"]) == (409, "conflict")
    assert stale.headers["hx-redirect"].startswith("/second-factor")
    assert removed.headers["hx-redirect"] == "/profile/security"
    assert (await kept(house, aurora, person))[1] == 1
    assert (await elsewhere.get("/profile/security")).status_code == 303
    _, answer = await entering(house, aurora, device)
    assert told(answer) == refusal(Fault.UNKNOWN)
    async with house.door.open(aurora) as work:
        letter = await newest(work, person, "second_factor_changed")
        entries = await work.rows(select(AuditEntry).where(AuditEntry.actor == person.id))
    assert letter.params["what"] == "passkey-removed"
    gone = [one for entry in entries for one in entry.changes if one.get("deleted")]
    assert [one["was"]["host"] for one in gone if one["row"] == "passkey"] == [aurora.host]


async def test_nobody_removes_another_s(house, aurora):
    theirs, _, _, _ = await with_passkey(house, aurora)
    _, _, _, browser = await with_passkey(house, aurora)
    row, _ = await kept(house, aurora, theirs)
    await browser.get("/profile/security")

    answer = await browser.post(f"/profile/security/passkeys/{row.id}/end")

    assert answer.status_code == 404
    assert (await kept(house, aurora, theirs))[1] == 1


async def test_turned_off_or_reset_the_passkeys_are_forgotten_as_well(house, aurora):
    person, _, device, browser = await with_passkey(house, aurora)
    other, _, _, _ = await with_passkey(house, aurora, member, "/desk")
    await browser.get("/profile/security")
    off = await browser.post("/profile/security/second-factor/off", {"current": PASSWORD})
    async with house.door.open(aurora) as work:
        await staff.reset_factor(work, other.id)

    assert off.status_code == 204
    for one in (person, other):
        assert await kept(house, aurora, one) == (None, 0)
    _, answer = await entering(house, aurora, device)
    assert told(answer) == refusal(Fault.UNKNOWN)


def test_nobody_pays_for_the_library_who_uses_no_passkey():
    told = "import sys, brokerage.web, brokerage.main; print('webauthn' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
