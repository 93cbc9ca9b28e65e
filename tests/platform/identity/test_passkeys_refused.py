"""Every way in which a passkey is refused, with its sentence; and what is refused stays shut."""

import hashlib

import pytest
from sqlalchemy import select, update

from stoa.audit.model import AuditEntry
from stoa.identity import challenges, people
from stoa.identity.challenges import Fault
from stoa.identity.model import Passkey, Person
from stoa.identity.settings import IdentitySettings
from stoa.tenancy import settings
from support.authenticator import Authenticator, added, origin_of, packed, sent, shown, unpacked
from support.mailbox import newest
from support.passkeys import client, entering, kept, member, password, refusal, told, with_passkey
from support.patience import until
from support.people import PASSWORD
from support.web import signed_in, visitor


@pytest.fixture(autouse=True)
async def _asked_by_nobody_yet(house, aurora):
    """All tests of the file come from one address, which may ask a hundred times in ten minutes."""
    async for key in house.redis.scan_iter(f"t:{aurora.id}:limit:*"):
        await house.redis.delete(key)


WRONG = {
    "another origin": ({"origin": "http://evil.example"}, Fault.ORIGIN),
    "another scheme": ({"origin": "https://{host}"}, Fault.ORIGIN),
    "another port": ({"origin": "http://{host}:81"}, Fault.ORIGIN),
    "from within another page": ({"cross_origin": True}, Fault.ORIGIN),
    "another relying party": ({"host": "evil.example"}, Fault.HOST),
    "nobody looked who is there": ({"verified": False}, Fault.UNVERIFIED),
    "a challenge never given out": ({"challenge": packed(b"0" * 32)}, Fault.LATE),
    "another signature": ({"signature": b"0" * 70}, Fault.WRONG),
    "another's handle": ({"handle": b"0" * 32}, Fault.UNKNOWN),
}


def wrong_at(tenant, wrong):
    return {
        name: value.format(host=tenant.host) if isinstance(value, str) else value
        for name, value in wrong.items()
    }


@pytest.mark.parametrize("how", sorted(WRONG))
@pytest.mark.parametrize("step", ["sign-in", "second factor"])
async def test_what_is_wrong_is_refused_with_its_sentence(house, aurora, step, how):
    wrong, fault = WRONG[how]
    _, email, device, _ = await with_passkey(house, aurora)
    browser = visitor(house, aurora)
    path = "/sign-in/passkey"
    await browser.get("/sign-in")
    if step == "second factor":
        path = "/second-factor/passkey"
        await password(browser, email)
        await browser.get("/second-factor")

    answer = await shown(browser, path, device, **wrong_at(aurora, wrong))

    assert told(answer) == refusal(fault)
    assert (await browser.get("/profile/security")).status_code == 303
    device.count += 1
    assert (await shown(browser, path, device)).status_code == 204


@pytest.mark.parametrize(
    "how",
    ["another origin", "another relying party", "nobody looked who is there"],
)
async def test_none_is_added_that_was_made_wrong(house, aurora, how):
    wrong, fault = WRONG[how]
    person, _ = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")

    answer = await added(browser, Authenticator(), wrong=wrong_at(aurora, wrong), password=PASSWORD)

    assert told(answer) == refusal(fault)
    assert await kept(house, aurora, person) == (None, 0)


async def test_an_attestation_that_was_not_asked_for_is_not_taken_apart(house, aurora):
    person, _ = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")

    answer = await added(browser, Authenticator(), wrong={"fmt": "tpm"}, password=PASSWORD)

    assert told(answer) == refusal(Fault.WRONG)


async def test_an_answer_is_good_once(house, aurora):
    _, _, device, _ = await with_passkey(house, aurora)
    browser = visitor(house, aurora)
    await browser.get("/sign-in")
    asked = (await sent(browser, "/sign-in/passkey/options", {})).json()
    answer = {"credential": device.show(asked, origin_of(browser))}

    first = await sent(browser, "/sign-in/passkey", answer)
    await browser.get("/sign-in?again")
    browser.http.cookies.delete("room")
    await browser.get("/sign-in")
    again = await sent(browser, "/sign-in/passkey", answer)

    assert first.status_code == 204
    assert told(again) == refusal(Fault.LATE)


async def test_a_wrong_answer_uses_its_question_up(house, aurora):
    _, _, device, _ = await with_passkey(house, aurora)
    browser = visitor(house, aurora)
    await browser.get("/sign-in")
    asked = (await sent(browser, "/sign-in/passkey/options", {})).json()
    bad = device.show(asked, origin_of(browser), verified=False)
    good = device.show(asked, origin_of(browser))

    first = await sent(browser, "/sign-in/passkey", {"credential": bad})
    second = await sent(browser, "/sign-in/passkey", {"credential": good})

    assert told(first) == refusal(Fault.UNVERIFIED)
    assert told(second) == refusal(Fault.LATE)


async def test_a_question_ends_after_some_minutes(house, aurora):
    _, _, device, _ = await with_passkey(house, aurora)
    browser = visitor(house, aurora)
    await browser.get("/sign-in")
    asked = (await sent(browser, "/sign-in/passkey/options", {})).json()
    key = _key(aurora, asked)
    left = await house.redis.ttl(key)
    await house.redis.pexpire(key, 1)

    async def gone():
        return not await house.redis.exists(key)

    await until(gone)
    answer = {"credential": device.show(asked, origin_of(browser))}

    assert 0 < left <= challenges.LIFE_S
    assert told(await sent(browser, "/sign-in/passkey", answer)) == refusal(Fault.LATE)


def _key(tenant, asked):

    return (
        f"t:{tenant.id}:passkey:{hashlib.sha256(unpacked(asked['challenge'])).hexdigest()}".encode()
    )


async def test_a_question_is_the_browser_s_that_asked_it(house, aurora):
    _, _, device, _ = await with_passkey(house, aurora)
    asker, other = visitor(house, aurora), visitor(house, aurora)
    for browser in (asker, other):
        await browser.get("/sign-in")
    asked = (await sent(asker, "/sign-in/passkey/options", {})).json()
    answer = {"credential": device.show(asked, origin_of(asker))}

    assert told(await sent(other, "/sign-in/passkey", answer)) == refusal(Fault.LATE)


async def test_a_question_of_one_purpose_answers_no_other(house, aurora):
    _, email, device, _ = await with_passkey(house, aurora)
    browser = visitor(house, aurora)
    await password(browser, email)
    await browser.get("/second-factor")
    asked = (await sent(browser, "/second-factor/passkey/options", {})).json()
    answer = {"credential": device.show(asked, origin_of(browser))}

    entered = await sent(browser, "/sign-in/passkey", answer)

    assert entered.status_code == 400 or told(entered) == refusal(Fault.LATE)
    assert (await browser.get("/profile/security")).status_code == 303


async def test_another_tenants_is_nobody_s_here(house, aurora, borealis):
    _, _, device, _ = await with_passkey(house, borealis)
    device.host = aurora.host

    _, answer = await entering(house, aurora, device)

    assert told(answer) == refusal(Fault.UNKNOWN)


async def test_a_member_s_opens_nothing_at_the_trader_room_and_the_other_way_round(house, aurora):
    _, _, clients, _ = await with_passkey(house, aurora)
    _, _, staffs, _ = await with_passkey(house, aurora, member, "/desk")

    _, there = await entering(house, aurora, clients, "/desk")
    _, here = await entering(house, aurora, staffs)
    _, right = await entering(house, aurora, staffs, "/desk")

    assert told(there) == told(here) == refusal(Fault.UNKNOWN)
    assert right.headers["hx-redirect"] == "/desk"


async def test_another_person_s_is_no_second_factor(house, aurora):
    _, email, _, _ = await with_passkey(house, aurora)
    _, _, stranger, _ = await with_passkey(house, aurora)
    browser = visitor(house, aurora)
    await password(browser, email)
    await browser.get("/second-factor")

    answer = await shown(browser, "/second-factor/passkey", stranger)

    assert told(answer) == refusal(Fault.UNKNOWN)


@pytest.mark.parametrize("step", ["sign-in", "second factor"])
async def test_a_count_that_goes_back_is_refused_told_and_kept(house, aurora, step):
    person, email, device, _ = await with_passkey(house, aurora)
    await entering(house, aurora, device, count=7)
    browser = visitor(house, aurora)
    await browser.get("/sign-in")
    path = "/sign-in/passkey"
    if step == "second factor":
        path = "/second-factor/passkey"
        await password(browser, email)
        await browser.get("/second-factor")

    answer = await shown(browser, path, device, count=7)

    assert told(answer) == refusal(Fault.COPIED)
    assert (await browser.get("/profile/security")).status_code == 303
    row, _ = await kept(house, aurora, person)
    assert row.sign_count == 7
    async with house.door.open(aurora) as work:
        assert await newest(work, person, "passkey_refused") is not None
        entries = await work.rows(select(AuditEntry).where(AuditEntry.subject == person.id))
    facts = [one for entry in entries for one in entry.changes if "did" in one]
    assert [(one["passkey"], one["kept"], one["told"]) for one in facts] == [(str(row.id), 7, 7)]


async def test_a_device_that_does_not_count_is_believed(house, aurora):
    _, _, device, _ = await with_passkey(house, aurora)

    for _ in range(2):
        _, answer = await entering(house, aurora, device, count=0)
        assert answer.status_code == 204


async def test_stopped_people_are_answered_as_nobody(house, aurora):
    person, _, device, _ = await with_passkey(house, aurora)
    async with house.door.open(aurora) as work:
        people.disable(await work.lock(Person, person.id))

    _, stopped = await entering(house, aurora, device)
    _, nobody = await entering(house, aurora, Authenticator(host=aurora.host, handle=b"x"))

    assert told(stopped) == told(nobody) == refusal(Fault.UNKNOWN)


async def test_a_pause_of_the_password_is_one_of_the_passkey(house, aurora):
    _, email, device, _ = await with_passkey(house, aurora)
    browser = visitor(house, aurora)
    await browser.get("/sign-in")
    for _ in range(5):
        await browser.post("/sign-in", {"email": email, "password": "wrong"})

    _, answer = await entering(house, aurora, device)

    assert answer.status_code == 429 and answer.json()["code"] == "locked"


async def test_wrong_passkeys_pause_the_second_factor(house, aurora):
    _, email, device, _ = await with_passkey(house, aurora)
    browser = visitor(house, aurora)
    await password(browser, email)
    await browser.get("/second-factor")

    answers = [
        await shown(browser, "/second-factor/passkey", device, verified=False) for _ in range(6)
    ]

    assert [one.status_code for one in answers] == [422] * 5 + [429]


async def test_one_of_another_host_is_told_as_that(house, aurora):
    person, email, device, _ = await with_passkey(house, aurora)
    async with house.door.open(aurora) as work:
        await work.run(
            update(Passkey).where(Passkey.owner == person.id).values(host="trade.aurora.example")
        )
    browser = visitor(house, aurora)
    await password(browser, email)

    page = await browser.get("/second-factor")
    _, entered = await entering(house, aurora, device)
    asked = await sent(browser, "/second-factor/passkey/options", {})

    assert "trade.aurora.example" in page.text and 'name="recovery"' in page.text
    assert told(entered) == refusal(Fault.HOST)
    assert asked.status_code == 409


async def test_switched_off_none_is_added_or_accepted(house):
    tenant = await house.tenant()
    _, email, device, browser = await with_passkey(house, tenant)
    before = visitor(house, tenant)
    await before.get("/sign-in")
    asked = (await sent(before, "/sign-in/passkey/options", {})).json()
    answer = {"credential": device.show(asked, origin_of(before))}
    async with house.door.open(tenant) as work:
        await settings.put(work, "identity", IdentitySettings(passkeys=False), why="a test")

    entered = await sent(before, "/sign-in/passkey", answer)
    page = await before.get("/sign-in")
    await password(before, email)
    second = await before.get("/second-factor")
    adding = await browser.get("/second-factor/passkey/new")
    mine = await browser.get("/profile/security")

    assert (entered.status_code, entered.json()["code"]) == (409, "passkeys-off")
    assert "data-passkey" not in page.text and "data-passkey" not in second.text
    assert 'name="recovery"' in second.text
    assert adding.status_code == 409
    assert "Switched off here" in mine.text and "passkey/new" not in mine.text


async def test_without_staff_passwords_a_passkey_alone_opens_no_desk(house):
    tenant = await house.tenant()
    _, _, device, _ = await with_passkey(house, tenant, member, "/desk")
    browser = visitor(house, tenant)
    await browser.get("/desk/sign-in")
    oidc = {"on": True, "issuer": "https://login.example", "client_id": "desk"}
    closed = settings.parse("identity", IdentitySettings, {"staff_passwords": False, "oidc": oidc})
    async with house.door.open(tenant) as work:
        await settings.put(work, "identity", closed, why="a test")

    asked = await sent(browser, "/desk/sign-in/passkey/options", {})
    page = await browser.get("/desk/sign-in")

    assert asked.status_code == 409
    assert "data-passkey" not in page.text
    assert device.handle


async def test_what_is_no_answer_at_all_is_refused_in_words(house, aurora):
    browser = visitor(house, aurora)
    await browser.get("/sign-in")
    for nonsense in (
        {},
        {"credential": {}},
        {"credential": {"response": {"clientDataJSON": "%%%"}}},
        {"credential": {"response": {"clientDataJSON": packed(b"[]")}}},
        {"credential": {"response": []}},
        {"credential": "x"},
    ):
        answer = await sent(browser, "/sign-in/passkey", nonsense)
        assert answer.status_code == 422, (nonsense, answer.text)


async def test_another_site_s_page_gets_nothing(house, aurora):
    browser = visitor(house, aurora)
    await browser.get("/sign-in")
    browser.csrf = "0" * 64

    for path in ("/sign-in/passkey/options", "/sign-in/passkey"):
        assert (await sent(browser, path, {})).status_code == 400
