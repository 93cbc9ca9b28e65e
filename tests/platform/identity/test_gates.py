"""Signing in over HTTP, as a browser meets it."""

import asyncio
import secrets
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import select, update

from stoa.identity import factors, people, sessions, tries
from stoa.identity.model import Person, Session, SignInTry
from stoa.identity.side import CODES
from support.mailbox import link, newest, run_reactions
from support.people import PASSWORD, make_client_login, make_staff
from support.web import signed_in, visitor


async def client(house, tenant, **facts):
    async with house.door.open(tenant) as work:
        person, _ = await make_client_login(work, password=PASSWORD, **facts)
        return person, people.email_of(work, person)


async def staff(house, tenant, roles=("Owner",)):
    async with house.door.open(tenant) as work:
        person, _ = await make_staff(work, roles, password=PASSWORD)
        return person, people.email_of(work, person)


async def enrolled(house, tenant, person):
    """The secret of an app that was set up a while ago."""
    secret = pyotp.random_base32()
    async with house.door.open(tenant) as work:
        row = await work.lock(Person, person.id)
        keep = factors.keeper(work, row.id)
        codes = factors.enrol(keep, row, secret, code_of(secret), work.now)
        row.totp_last_step = None
    return secret, codes


def code_of(secret, *, steps=0):
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


async def sign_in(browser, email, password=PASSWORD, prefix="", target=""):
    await browser.get(f"{prefix}/sign-in{target}")
    return await browser.post(f"{prefix}/sign-in{target}", {"email": email, "password": password})


async def test_a_client_signs_in_and_out(house, aurora):
    _, email = await client(house, aurora)
    browser = visitor(house, aurora)

    answer = await sign_in(browser, email.upper())

    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/")
    page = await browser.get("/profile/security")
    assert page.status_code == 200 and email in page.text
    out = await browser.post("/sign-out")
    assert "storage" in out.headers["clear-site-data"]
    assert (await browser.get("/profile/security")).status_code == 303


@pytest.mark.parametrize("prefix", ["", "/desk"])
async def test_unknown_wrong_and_stopped_are_answered_alike(house, aurora, prefix):
    make = staff if prefix else client
    _, known = await make(house, aurora)
    stopped, stopped_email = await make(house, aurora)
    async with house.door.open(aurora) as work:
        people.disable(await work.lock(Person, stopped.id))
    unknown = f"nobody-{secrets.token_hex(4)}@client.example"

    answers = []
    for email, password in ((unknown, "x"), (known, "wrong"), (stopped_email, PASSWORD)):
        answer = await sign_in(visitor(house, aurora), email, password, prefix)
        body = answer.json()
        body.pop("reference")
        answers.append((answer.status_code, body))

    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 401


async def test_five_wrong_tries_lock_known_and_unknown_alike(house, aurora):
    person, email = await client(house, aurora)
    _, other = await client(house, aurora)
    unknown = f"nobody-{secrets.token_hex(4)}@client.example"
    browser = visitor(house, aurora)

    told = {}
    for address in (email, unknown):
        told[address] = [(await sign_in(browser, address, "wrong")).status_code for _ in range(6)]

    assert told[email] == told[unknown] == [401] * 5 + [429]
    right = await sign_in(browser, email)
    assert right.status_code == 429 and "paused" in right.json()["detail"]
    assert (await sign_in(browser, other)).status_code == 204
    await run_reactions(house, aurora, "mail")
    async with house.door.open(aurora) as work:
        assert await newest(work, person, "sign_in_locked") is not None


async def test_a_lock_ends_and_the_next_is_longer(house, aurora):
    _, email = await client(house, aurora)
    async with house.door.open(aurora) as work:
        whom = work.blind(people.EMAIL, email)

    async def over():
        async with house.door.open(aurora) as work:
            await work.run(
                update(SignInTry)
                .where(SignInTry.whom == whom)
                .values(locked_until=work.now - timedelta(seconds=1))
            )

    lengths = []
    for _ in range(2):
        for _ in range(5):
            await sign_in(visitor(house, aurora), email, "wrong")
        async with house.door.open(aurora) as work:
            row = await work.first(select(SignInTry).where(SignInTry.whom == whom))
            lengths.append(round((row.locked_until - work.now).total_seconds() / 60))
        await over()

    assert lengths == [15, 30]
    assert (await sign_in(visitor(house, aurora), email)).status_code == 204


async def test_twenty_guesses_at_once_count_as_twenty(house, aurora):
    _, email = await client(house, aurora)
    browser = visitor(house, aurora)
    await browser.get("/sign-in")

    answers = await asyncio.gather(
        *(browser.post("/sign-in", {"email": email, "password": f"guess {n}"}) for n in range(20))
    )

    assert sorted(one.status_code for one in answers) == [401] * 5 + [429] * 15


async def test_forwarded_addresses_do_not_hide_a_guesser(house):
    tenant = await house.tenant()
    browser = visitor(house, tenant)
    await browser.get("/sign-in")
    statuses = set()
    for n in range(110):
        answer = await browser.post(
            "/sign-in",
            {"email": f"x{n}@client.example", "password": "guess"},
            headers={"x-forwarded-for": f"10.0.0.{n}"},
        )
        statuses.add(answer.status_code)
        if answer.status_code == 429:
            break

    assert statuses == {401, 429}


async def test_a_session_known_before_signing_in_is_worth_nothing_after(house, aurora):
    person, email = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")
    before = browser.http.cookies["room"]
    browser.http.cookies.delete("room")
    await browser.get("/sign-in")
    browser.http.cookies.set("room", before, domain=f"{aurora.host}")
    answer = await browser.post(
        "/sign-in", {"email": email, "password": PASSWORD}, headers={"x-csrftoken": browser.csrf}
    )
    assert answer.status_code == 204

    stale = visitor(house, aurora)
    stale.http.cookies.set("room", before)
    assert (await stale.get("/profile/security")).status_code == 303


async def test_a_cookie_of_one_tenant_opens_nothing_at_another(house, aurora, borealis):
    person, _ = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")

    stranger = visitor(house, borealis)
    stranger.http.cookies.set("room", browser.http.cookies["room"])

    assert (await stranger.get("/profile/security")).status_code == 303


async def test_signing_in_wants_a_page_of_ours(house, aurora):
    _, email = await client(house, aurora)
    browser = visitor(house, aurora)
    await browser.get("/sign-in")

    without = await browser.post(
        "/sign-in", {"email": email, "password": PASSWORD}, headers={"x-csrftoken": "no"}
    )
    foreign = await browser.post(
        "/sign-in",
        {"email": email, "password": PASSWORD},
        headers={"origin": "https://evil.example"},
    )

    assert (without.status_code, foreign.status_code) == (400, 403)


NEXTS = [
    "//evil.example", "///evil.example", "\\\\evil.example", "/\\evil.example", "https://evil.example",
    "http:evil.example", "javascript:alert(1)", "data:text/html,x", " //evil.example", "/%0d//evil",
    "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "evil.example", "@evil.example",
    "//evil.example@aurora", "/\\/evil.example", "\\/evil.example", "//%65vil.example", "//xn--e.example",
]  # fmt: skip


@pytest.mark.parametrize("asked", NEXTS)
async def test_after_signing_in_nobody_is_sent_elsewhere(house, aurora, asked):
    person, _ = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")

    answer = await browser.http.get("/sign-in", params={"next": asked})

    place = answer.headers["location"]
    assert place.startswith("/") and not place.startswith(("//", "/\\"))
    assert "\n" not in place and "\t" not in place


async def test_staff_reach_nothing_with_the_password_alone(house, aurora):
    _, email = await staff(house, aurora)
    browser = visitor(house, aurora)

    answer = await sign_in(browser, email, prefix="/desk")

    assert answer.headers["hx-redirect"].startswith("/desk/second-factor")
    for path in ("/desk/me", "/desk/notices", "/desk/second-factor/codes", "/desk/sso/link"):
        away = await browser.get(path)
        assert (away.status_code, away.headers["location"][:19]) == (303, "/desk/second-factor")


async def test_staff_set_up_their_second_factor_and_get_recovery_codes(house, aurora):
    person, email = await staff(house, aurora)
    browser = visitor(house, aurora)
    await sign_in(browser, email, prefix="/desk")
    half = browser.http.cookies["desk"]
    page = await browser.get("/desk/second-factor?next=/desk/me")
    again = await browser.get("/desk/second-factor?next=/desk/me")
    secret = secret_on(page)
    assert secret == secret_on(again) and "<svg" in page.text

    wrong = await browser.post("/desk/second-factor/set-up?next=/desk/me", {"code": "000000"})
    assert wrong.status_code == 422
    answer = await browser.post(
        "/desk/second-factor/set-up?next=/desk/me", {"code": code_of(secret)}
    )

    assert answer.headers["hx-redirect"] == "/desk/second-factor/codes?next=/desk/me"
    codes = await browser.get(answer.headers["hx-redirect"])
    assert codes.text.count("<li><code>") == 10
    kept = await browser.post("/desk/second-factor/kept?next=/desk/me")
    assert kept.headers["hx-redirect"] == "/desk/me"
    assert (await browser.get("/desk/second-factor/codes?next=/desk/me")).status_code == 303
    assert (await browser.get("/desk/me")).status_code == 200
    old = visitor(house, aurora)
    old.http.cookies.set("desk", half)
    assert "/desk/sign-in" in (await old.get("/desk/me")).headers["location"]
    async with house.door.open(aurora) as work:
        row = await work.get(Person, person.id)
        assert secret.encode() not in row.totp_sealed and len(row.recovery_hashes) == 10


def secret_on(page):
    return page.text.split('data-copy="')[1].split('"')[0].replace(" ", "")


async def test_a_code_of_the_app_works_once(house, aurora):
    person, email = await staff(house, aurora)
    secret, _ = await enrolled(house, aurora, person)
    code = code_of(secret)
    first, second = visitor(house, aurora), visitor(house, aurora)
    for browser in (first, second):
        await sign_in(browser, email, prefix="/desk")
        await browser.get("/desk/second-factor")

    assert (await first.post("/desk/second-factor", {"code": code})).status_code == 204
    assert (await second.post("/desk/second-factor", {"code": code})).status_code == 422


async def test_of_twenty_uses_of_a_code_at_once_one_succeeds(house, aurora, monkeypatch):
    monkeypatch.setattr(tries, "MOST", 1000)
    person, _ = await staff(house, aurora)
    secret, _ = await enrolled(house, aurora, person)
    browsers = [await signed_in(house, aurora, person, "desk", stage="password") for _ in range(20)]
    code = code_of(secret)

    answers = await asyncio.gather(
        *(one.post("/desk/second-factor", {"code": code}) for one in browsers)
    )

    assert sorted(one.status_code for one in answers) == [204] + [422] * 19


async def test_guessing_codes_locks_and_the_right_one_no_longer_helps(house, aurora):
    person, email = await staff(house, aurora)
    secret, recovery = await enrolled(house, aurora, person)
    browser = visitor(house, aurora)
    await sign_in(browser, email, prefix="/desk")
    await browser.get("/desk/second-factor")

    wrong = [
        (await browser.post("/desk/second-factor", {"code": f"{n:06d}"})).status_code
        for n in range(5)
    ]

    assert wrong == [422] * 5
    assert (await browser.post("/desk/second-factor", {"code": code_of(secret)})).status_code == 429
    blocked = await browser.post("/desk/second-factor/recovery", {"recovery": recovery[0]})
    assert blocked.status_code == 429
    # A new password try does not buy new guesses at the code.
    await sign_in(browser, email, prefix="/desk")
    await browser.get("/desk/second-factor")
    assert (await browser.post("/desk/second-factor", {"code": code_of(secret)})).status_code == 429


async def test_a_recovery_code_lets_in_once(house, aurora):
    person, email = await staff(house, aurora)
    _, codes = await enrolled(house, aurora, person)
    statuses = []
    for typed in (codes[3].lower().replace("-", " "), codes[3]):
        browser = visitor(house, aurora)
        await sign_in(browser, email, prefix="/desk")
        await browser.get("/desk/second-factor")
        answer = await browser.post("/desk/second-factor/recovery", {"recovery": typed})
        statuses.append(answer.status_code)

    assert statuses == [204, 422]
    async with house.door.open(aurora) as work:
        assert len((await work.get(Person, person.id)).recovery_hashes) == 9


async def test_knowing_the_password_does_not_let_one_change_the_app(house, aurora):
    person, email = await staff(house, aurora)
    await enrolled(house, aurora, person)
    browser = visitor(house, aurora)
    await sign_in(browser, email, prefix="/desk")
    await browser.get("/desk/second-factor")
    async with house.door.open(aurora) as work:
        row = await work.get(Person, person.id)
        session = await work.first(
            select(Session).where(
                Session.token_hash == sessions.hash_token(browser.http.cookies["desk"])
            )
        )
        secret = factors.offered(factors.keeper(work, row.id), row, session.id)

    answer = await browser.post("/desk/second-factor/set-up", {"code": code_of(secret)})

    assert answer.status_code == 403


async def test_a_client_who_sits_at_anothers_open_session_cannot_take_it_over(house, aurora):
    person, _ = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")
    page = await browser.get("/second-factor")
    secret = secret_on(page)

    without = await browser.post("/second-factor/set-up", {"code": code_of(secret)})
    owner = await browser.post(
        "/second-factor/set-up", {"code": code_of(secret), "password": PASSWORD}
    )

    assert without.status_code == 422 and without.json()["problems"][0]["field"] == "password"
    assert owner.status_code == 204


async def test_a_client_with_a_second_factor_is_asked_for_it(house, aurora):
    person, email = await client(house, aurora)
    secret, _ = await enrolled(house, aurora, person)
    browser = visitor(house, aurora)

    answer = await sign_in(browser, email, target="?next=/deposit")

    assert answer.headers["hx-redirect"] == "/second-factor?next=/deposit"
    assert (await browser.get("/profile/security")).headers["location"].startswith("/second-factor")
    await browser.get("/second-factor?next=/deposit")
    done = await browser.post("/second-factor?next=/deposit", {"code": code_of(secret)})
    assert done.headers["hx-redirect"] == "/deposit"


async def test_a_reset_is_the_same_for_everyone_and_reaches_only_who_is_there(house, aurora):
    person, email = await client(house, aurora)
    browser = visitor(house, aurora)
    await browser.get("/forgot")
    answers = [
        await browser.post("/forgot", {"email": address})
        for address in (email, f"nobody-{secrets.token_hex(4)}@client.example")
    ]
    assert {one.headers["hx-redirect"] for one in answers} == {"/forgot/sent"}
    await run_reactions(house, aurora, "mail")
    async with house.door.open(aurora) as work:
        path = await link(work, person, "reset")

    for _ in range(3):
        page = await visitor(house, aurora).get(path)
        assert page.status_code == 200
    other = visitor(house, aurora)
    await other.get(path)
    easy = await other.post(path, {"password": "password1234"})
    assert easy.status_code == 422
    done = await other.post(path, {"password": "quiet-lantern-meadow"})
    assert done.headers["hx-redirect"] == "/sign-in"
    assert (await other.get(path)).status_code == 410
    assert (await sign_in(visitor(house, aurora), email)).status_code == 401
    assert (await sign_in(visitor(house, aurora), email, "quiet-lantern-meadow")).status_code == 204


async def test_a_reset_link_is_of_the_tenants_own_host_and_no_other_works(house, aurora, borealis):
    person, email = await client(house, aurora)
    browser = visitor(house, aurora)
    await browser.get("/forgot")
    spoofed = await browser.http.post(
        "/forgot",
        data={"email": email},
        headers={"x-csrftoken": browser.csrf, "x-forwarded-host": "evil.example"},
    )
    assert spoofed.status_code == 303
    await run_reactions(house, aurora, "mail")
    async with house.door.open(aurora) as work:
        path = await link(work, person, "reset")

    assert path.startswith("/reset/")
    assert (await visitor(house, borealis).get(path)).status_code == 404
    assert (await visitor(house, aurora).get(f"/desk{path}")).status_code == 404


async def test_a_reset_keeps_the_second_factor_and_ends_all_sessions(house, aurora):
    person, email = await client(house, aurora)
    await enrolled(house, aurora, person)
    async with house.door.open(aurora) as work:
        person = await work.get(Person, person.id)
    open_one = await signed_in(house, aurora, person, "room")
    browser = visitor(house, aurora)
    await browser.get("/forgot")
    await browser.post("/forgot", {"email": email})
    await run_reactions(house, aurora, "mail")
    async with house.door.open(aurora) as work:
        path = await link(work, person, "reset")
    await browser.get(path)
    await browser.post(path, {"password": "quiet-lantern-meadow"})

    assert (await open_one.get("/profile/security")).status_code == 303
    entered = await sign_in(browser, email, "quiet-lantern-meadow")
    assert entered.headers["hx-redirect"].startswith("/second-factor")


async def test_an_invitation_becomes_a_member_of_staff(house):
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        owner = await people.by_email(work, "staff", f"owner@{tenant.slug}.example")
        path = await link(work, owner, "invitation")
    browser = visitor(house, tenant)
    page = await browser.get(path)
    assert page.status_code == 200 and "Owner" in page.text

    answer = await browser.post(path, {"name": "Olga Owner", "password": PASSWORD})

    assert answer.headers["hx-redirect"] == "/desk/second-factor?next=/desk"
    secret = secret_on(await browser.get("/desk/second-factor?next=/desk"))
    done = await browser.post("/desk/second-factor/set-up?next=/desk", {"code": code_of(secret)})
    assert done.status_code == 204
    assert (await visitor(house, tenant).get(path)).status_code == 410
    assert "Olga Owner" in (await browser.get("/desk/me")).text


async def test_roles_in_the_address_of_an_invitation_are_not_looked_at(house, aurora):
    async with house.door.open(aurora) as work:
        from stoa.identity import invitations

        person = await invitations.invite(work, f"{secrets.token_hex(4)}@s.example", ("Support",))
        path = await link(work, person, "invitation")
    browser = visitor(house, aurora)
    await browser.get(path)

    forged = await browser.post(
        f"{path}?role=Owner", {"name": "Eve", "password": PASSWORD, "roles": "Owner"}
    )

    assert forged.status_code == 422


async def test_a_new_password_signs_the_other_devices_out(house, aurora):
    person, _ = await client(house, aurora)
    here = await signed_in(house, aurora, person, "room")
    others = [await signed_in(house, aurora, person, "room") for _ in range(3)]
    await here.get("/profile/security")

    wrong = await here.post(
        "/profile/security/password", {"current": "no", "password": "quiet-lantern-meadow"}
    )
    changed = await here.post(
        "/profile/security/password", {"current": PASSWORD, "password": "quiet-lantern-meadow"}
    )

    assert (wrong.status_code, changed.status_code) == (422, 204)
    assert (await here.get("/profile/security")).status_code == 200
    assert {(await one.get("/profile/security")).status_code for one in others} == {303}


async def test_one_device_can_be_signed_out_from_another_but_not_a_strangers(house, aurora):
    person, _ = await client(house, aurora)
    stranger, _ = await client(house, aurora)
    here = await signed_in(house, aurora, person, "room")
    there = await signed_in(house, aurora, person, "room")
    theirs = await signed_in(house, aurora, stranger, "room")
    await here.get("/profile/security")

    async def of(browser):
        async with house.door.open(aurora) as work:
            bearer = browser.http.cookies["room"]
            return await work.value(
                select(Session.id).where(Session.token_hash == sessions.hash_token(bearer))
            )

    gone = await here.post(f"/profile/security/devices/{await of(there)}/end")
    no = await here.post(f"/profile/security/devices/{await of(theirs)}/end")

    assert (gone.status_code, no.status_code) == (204, 404)
    assert (await there.get("/profile/security")).status_code == 303
    assert (await theirs.get("/profile/security")).status_code == 200


async def test_a_session_left_alone_ends(house, aurora):
    person, _ = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")
    async with house.door.open(aurora) as work:
        await work.run(
            update(Session)
            .where(Session.person == person.id)
            .values(seen_at=work.now - timedelta(minutes=31))
        )

    assert (await browser.get("/profile/security")).status_code == 303


async def test_a_sign_in_from_a_new_device_is_told_by_letter(house, aurora):
    person, email = await client(house, aurora)
    for agent in ("Mozilla/5.0 (X11; Linux) Firefox/120", "Mozilla/5.0 (iPhone) Safari/17"):
        browser = visitor(house, aurora)
        browser.http.headers["user-agent"] = agent
        await sign_in(browser, email)

    async with house.door.open(aurora) as work:
        letter = await newest(work, person, "sign_in_alert")
    assert letter.params["device"] == "Safari, iPhone"


async def test_the_mode_and_language_are_kept_with_the_person(house, aurora):
    person, _ = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")
    await browser.get("/profile/security")

    assert (await browser.post("/look/mode", {"mode": "dark"})).status_code == 204
    spoken = await browser.post("/look/language", {"language": "es", "next": "/profile/security"})
    assert spoken.headers["hx-redirect"] == "/profile/security"

    page = await browser.get("/profile/security")
    assert 'lang="es"' in page.text and 'data-mode="dark"' in page.text
    async with house.door.open(aurora) as work:
        row = await work.get(Person, person.id)
        assert (row.locale, row.mode) == ("es", "dark")


async def test_a_visitor_chooses_a_language_too(house, aurora):
    browser = visitor(house, aurora)
    away = await browser.get("/look/language/ar?next=/sign-in")
    assert away.headers["location"] == "/sign-in"

    page = await browser.get("/sign-in")

    assert 'lang="ar"' in page.text and 'dir="rtl"' in page.text
    assert (await browser.post("/look/mode", {"mode": "purple"})).status_code == 422
    assert (await browser.post("/look/mode", {"mode": "light"})).status_code == 204


async def test_codes_are_shown_to_the_session_they_were_made_in(house, aurora):
    person, _ = await client(house, aurora)
    browser = await signed_in(house, aurora, person, "room")
    secret = secret_on(await browser.get("/second-factor"))
    await browser.post("/second-factor/set-up", {"code": code_of(secret), "password": PASSWORD})
    carried = browser.http.cookies[CODES]
    async with house.door.open(aurora) as work:
        person = await work.get(Person, person.id)
    other = await signed_in(house, aurora, person, "room")
    other.http.cookies.set(CODES, carried)

    assert (await browser.get("/second-factor/codes")).status_code == 200
    assert (await other.get("/second-factor/codes")).status_code == 303


async def test_a_client_may_take_the_factor_off_with_password_and_code(house, aurora):
    person, _ = await client(house, aurora)
    secret, _ = await enrolled(house, aurora, person)
    async with house.door.open(aurora) as work:
        person = await work.get(Person, person.id)
    browser = await signed_in(house, aurora, person, "room")
    await browser.get("/profile/security")

    wrong = await browser.post("/profile/security/second-factor/off", {"current": "no"})
    off = await browser.post("/profile/security/second-factor/off", {"current": PASSWORD})

    assert (wrong.status_code, off.status_code) == (422, 204)
    async with house.door.open(aurora) as work:
        row = await work.get(Person, person.id)
        assert not factors.has(row) and row.recovery_hashes == []
    assert secret


async def test_who_has_to_sign_in_on_the_way_comes_back_to_all_of_the_page(house, aurora):
    """A withdrawal's review lost its amount while the second factor was set up on the way."""
    browser = visitor(house, aurora)

    asked = await browser.get("/withdraw/review?amount=30&currency=EUR&to=card")
    pressed = await browser.post(
        "/withdraw", headers={"hx-current-url": f"http://{aurora.host}/withdraw/review?amount=30"}
    )
    elsewhere = await browser.post(
        "/withdraw", headers={"hx-current-url": "http://evil.example/deposit"}
    )

    assert parse_qs(urlsplit(asked.headers["location"]).query)["next"] == [
        "/withdraw/review?amount=30&currency=EUR&to=card"
    ]
    assert parse_qs(urlsplit(pressed.headers["hx-redirect"]).query)["next"] == [
        "/withdraw/review?amount=30"
    ]
    assert parse_qs(urlsplit(elsewhere.headers["hx-redirect"]).query)["next"] == ["/"]


async def test_a_spent_link_leads_to_a_new_one(house, aurora):
    browser = visitor(house, aurora)

    page = await browser.get("/reset/never-issued")
    other = await browser.get("/no-such-page")

    assert 'href="/forgot"' in page.text
    assert 'href="/forgot"' not in other.text
