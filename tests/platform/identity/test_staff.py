"""Managing staff and roles over HTTP: nobody reaches above themselves, and nobody locks all out."""

import secrets
import uuid
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from stoa.identity import factors, people, roles
from stoa.identity.model import Person, Role
from stoa.identity.settings import IdentitySettings
from stoa.tenancy.model import Setting
from stoa.vault import credentials
from support.mailbox import link, newest
from support.people import make_staff
from support.web import signed_in

STAFF = "/desk/settings/staff"
ROLES = "/desk/settings/roles"


async def member(house, tenant, given=("Owner",), **facts):
    async with house.door.open(tenant) as work:
        person, _ = await make_staff(work, given, **facts)
    return person


async def browser_of(house, tenant, given=("Owner",), **facts):
    person = await member(house, tenant, given, **facts)
    browser = await signed_in(house, tenant, person, "desk")
    await browser.get("/desk/me")
    return browser, person


async def role_named(house, tenant, name):
    async with house.door.open(tenant) as work:
        return (await roles.by_names(work, [name]))[0]


async def test_an_owner_invites_by_form(house, aurora):
    browser, _ = await browser_of(house, aurora)
    support = await role_named(house, aurora, "Support")
    email = f"{secrets.token_hex(4)}@staff.example"

    assert (await browser.get(f"{STAFF}/invite")).status_code == 200
    answer = await browser.post(
        f"{STAFF}/invite", {"email": email, "name": "Ina", "roles": str(support.id)}
    )

    page = await browser.get(answer.headers["hx-redirect"])
    assert page.status_code == 200 and email in page.text and "Ina" in page.text
    async with house.door.open(aurora) as work:
        person = await people.by_email(work, "staff", email)
        first = await link(work, person, "invitation")
    again = await browser.post(f"{STAFF}/{person.id}/invite")
    assert again.status_code == 204
    async with house.door.open(aurora) as work:
        assert await link(work, person, "invitation") != first


async def test_inviting_needs_a_role_and_an_address(house, aurora):
    browser, _ = await browser_of(house, aurora)
    support = await role_named(house, aurora, "Support")

    nothing = await browser.post(f"{STAFF}/invite", {"email": "x@staff.example"})
    crooked = await browser.post(f"{STAFF}/invite", {"email": "x", "roles": str(support.id)})
    foreign = await browser.post(
        f"{STAFF}/invite", {"email": "y@staff.example", "roles": str(aurora.id)}
    )

    assert (nothing.status_code, crooked.status_code, foreign.status_code) == (422, 422, 404)


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        (STAFF, "identity:staff:view"),
        (f"{STAFF}/invite", "identity:staff:invite"),
        (ROLES, "identity:roles:view"),
        (f"{ROLES}/new", "identity:roles:edit"),
    ],
)
async def test_each_page_wants_its_permission(house, aurora, path, permission):
    without, _ = await browser_of(house, aurora, ("identity:security:own",))
    having, _ = await browser_of(house, aurora, (permission,))

    assert (await without.get(path)).status_code == 403
    assert (await having.get(path)).status_code == 200


async def test_the_list_is_filtered_and_exported(house, aurora):
    browser, person = await browser_of(house, aurora, name="Zoe Zander")
    async with house.door.open(aurora) as work:
        email = people.email_of(work, await work.get(Person, person.id))

    found = await browser.get(f"{STAFF}?q={email}")
    none = await browser.get(f"{STAFF}?q=nobody@staff.example")
    file = await browser.get(f"{STAFF}?format=csv")

    assert "Zoe Zander" in found.text and "Zoe Zander" not in none.text.split("<main")[1]
    assert file.status_code == 200 and "Zoe Zander" in file.text


async def test_a_manager_does_not_reach_above_themselves(house, aurora):
    powers = ("identity:staff:view", "identity:staff:edit", "identity:roles:edit")
    browser, _ = await browser_of(house, aurora, powers)
    owner = await member(house, aurora)
    owners = await role_named(house, aurora, "Owner")
    equal = await member(house, aurora, ("identity:staff:view",))

    answers = [
        (await browser.post(f"{STAFF}/{owner.id}/stop", {"reason": "because"})).status_code,
        (
            await browser.post(f"{STAFF}/{owner.id}/second-factor/reset", {"reason": "because"})
        ).status_code,
        (await browser.post(f"{STAFF}/{equal.id}/roles", {"roles": str(owners.id)})).status_code,
        (
            await browser.post(
                f"{ROLES}/new",
                {"name": "Mine", "scope": "all", "permissions": "identity:clients:edit"},
            )
        ).status_code,
    ]

    assert answers == [403, 403, 403, 403]
    async with house.door.open(aurora) as work:
        assert (await work.get(Person, owner.id)).state == "active"


async def test_nobody_changes_their_own_roles_or_stops_themselves(house, aurora):
    browser, person = await browser_of(house, aurora)
    support = await role_named(house, aurora, "Support")

    assert (
        await browser.post(f"{STAFF}/{person.id}/roles", {"roles": str(support.id)})
    ).status_code == 403
    assert (await browser.post(f"{STAFF}/{person.id}/stop", {"reason": "bored"})).status_code == 403


async def test_stopping_somebody_signs_them_out_and_letting_in_again_does_not_sign_them_in(
    house, aurora
):
    browser, _ = await browser_of(house, aurora)
    theirs, person = await browser_of(house, aurora, ("Support",), password="kettle-orchard-9")

    assert (
        await browser.post(f"{STAFF}/{person.id}/stop", {"reason": "left us"})
    ).status_code == 204
    assert (await theirs.get("/desk/me")).status_code == 303
    assert (await browser.post(f"{STAFF}/{person.id}/restore")).status_code == 204

    assert (await theirs.get("/desk/me")).status_code == 303
    async with house.door.open(aurora) as work:
        assert (await work.get(Person, person.id)).state == "active"


async def test_a_change_of_roles_is_felt_at_the_next_request(house, aurora):
    browser, _ = await browser_of(house, aurora)
    theirs, person = await browser_of(house, aurora, ("Owner",))
    support = await role_named(house, aurora, "Support")

    answer = await browser.post(
        f"{STAFF}/{person.id}/roles", {"roles": str(support.id), "team": "North"}
    )

    assert answer.status_code == 204
    assert (await theirs.get("/desk/me")).status_code == 303
    async with house.door.open(aurora) as work:
        assert (await work.get(Person, person.id)).team == "North"


async def test_a_lost_phone_is_reset_by_somebody_else(house, aurora):
    browser, _ = await browser_of(house, aurora)
    person = await member(house, aurora, ("Support",))
    async with house.door.open(aurora) as work:
        row = await work.lock(Person, person.id)
        secret = pyotp.random_base32()
        code = pyotp.TOTP(secret).at(int(work.now.timestamp()))
        factors.enrol(factors.keeper(work, row.id), row, secret, code, work.now)
    theirs = await signed_in(house, aurora, person, "desk")

    answer = await browser.post(
        f"{STAFF}/{person.id}/second-factor/reset", {"reason": "lost phone"}
    )

    assert answer.status_code == 204
    assert (await theirs.get("/desk/me")).status_code == 303
    async with house.door.open(aurora) as work:
        assert not factors.has(await work.get(Person, person.id))
        assert (await newest(work, person, "second_factor_changed")).params["what"] == "reset"


async def test_the_last_owner_cannot_be_stopped(house):
    tenant = await house.tenant()
    browser, first = await browser_of(house, tenant)
    second, person = await browser_of(house, tenant)

    assert (
        await browser.post(f"{STAFF}/{person.id}/stop", {"reason": "left us"})
    ).status_code == 204
    assert (await second.post(f"{STAFF}/{first.id}/stop", {"reason": "revenge"})).status_code == 401
    manager, _ = await browser_of(house, tenant)
    async with house.door.open(tenant) as work:
        everything = (await roles.by_names(work, ["Owner"]))[0].permissions
    almost, _ = await browser_of(house, tenant, tuple(everything))
    assert (await manager.post(f"{STAFF}/{first.id}/stop", {"reason": "left"})).status_code == 204
    async with house.door.open(tenant) as work:
        owner = await work.first(
            select(Person).where(Person.state == "active").order_by(Person.created_at)
        )
        last = [
            one
            for one in await work.rows(select(Person).where(Person.kind == "staff"))
            if one.state == "active"
            and "Owner"
            in [
                r.name
                for r in await roles.by_ids(
                    work, [h.role for h in await roles.held_by(work, one.id)]
                )
            ]
        ]
        assert owner is not None and len(last) == 1
    refused = await almost.post(f"{STAFF}/{last[0].id}/stop", {"reason": "coup"})
    assert refused.status_code == 409 and "stay owner" in refused.json()["detail"]


async def test_a_role_is_made_changed_and_removed(house, aurora):
    browser, _ = await browser_of(house, aurora)
    name = f"Night shift {secrets.token_hex(3)}"
    made = await browser.post(
        f"{ROLES}/new",
        {"name": name, "scope": "team", "permissions": ["identity:staff:view"]},
    )
    assert made.status_code == 204
    role = await role_named(house, aurora, name)
    assert name in (await browser.get(ROLES)).text
    assert (await browser.get(f"{ROLES}/{role.id}")).status_code == 200

    changed = await browser.post(
        f"{ROLES}/{role.id}",
        {
            "name": name,
            "scope": "all",
            "permissions": ["identity:staff:view", "identity:roles:view"],
        },
    )
    assert changed.status_code == 204
    same_name = await browser.post(f"{ROLES}/new", {"name": name.upper(), "scope": "own"})
    unknown = await browser.post(
        f"{ROLES}/new", {"name": "X", "scope": "own", "permissions": "no:such:thing"}
    )
    own = await browser.post(
        f"{ROLES}/new", {"name": "Y", "scope": "own", "permissions": "identity:security:own"}
    )
    assert (same_name.status_code, unknown.status_code, own.status_code) == (422, 422, 422)
    assert (await browser.post(f"{ROLES}/{role.id}/remove")).status_code == 204
    assert (await browser.get(f"{ROLES}/{role.id}")).status_code == 404


async def test_a_changed_role_signs_its_people_out_but_not_the_editor(house):
    tenant = await house.tenant()
    browser, _ = await browser_of(house, tenant)
    support = await role_named(house, tenant, "Support")
    theirs, _ = await browser_of(house, tenant, ("Support",))

    answer = await browser.post(
        f"{ROLES}/{support.id}",
        {"name": "Support", "scope": "team", "permissions": ["identity:staff:view"]},
    )

    assert answer.status_code == 204
    assert (await theirs.get("/desk/me")).status_code == 303
    assert (await browser.get("/desk/me")).status_code == 200


async def test_the_owners_role_and_starting_roles_stay(house, aurora):
    browser, _ = await browser_of(house, aurora)
    owner = await role_named(house, aurora, "Owner")
    support = await role_named(house, aurora, "Support")

    less = await browser.post(f"{ROLES}/{owner.id}", {"name": "Owner", "scope": "own"})
    gone = await browser.post(f"{ROLES}/{support.id}/remove")

    assert (less.status_code, gone.status_code) == (409, 409)


async def test_a_permission_is_as_old_as_its_grant_by_a_person(house, aurora):
    person = await member(house, aurora, ("Support",))
    async with house.door.open(aurora) as work:
        before = work.now - timedelta(hours=24)
        by_the_house = await roles.given_lately(work, person.id, "identity:staff:view", before)
        never = await roles.given_lately(work, person.id, "identity:roles:edit", before)
        held = await roles.held_by(work, person.id)
        held[0].granted_by = uuid.uuid4()
        await work.flush()
        by_somebody = await roles.given_lately(work, person.id, "identity:staff:view", before)
        held[0].granted_at = before
        await work.flush()
        long_ago = await roles.given_lately(work, person.id, "identity:staff:view", before)
        holding = await roles.holders(work, "identity:staff:view")

    assert (by_the_house, never, by_somebody, long_ago) == (False, False, True, False)
    assert person.id in holding


async def test_names_of_roles_cannot_be_forged_with_scripts(house, aurora):
    browser, _ = await browser_of(house, aurora)
    await browser.post(f"{ROLES}/new", {"name": "<script>alert(1)</script>", "scope": "own"})

    page = await browser.get(ROLES)

    assert "<script>alert" not in page.text and "&lt;script&gt;alert" in page.text


async def test_sign_in_settings_are_a_version_and_the_secret_is_never_shown(house):
    tenant = await house.tenant()
    browser, _ = await browser_of(house, tenant)
    form = {
        "staff_idle_minutes": "45", "client_idle_minutes": "20", "session_hours": "8",
        "password_length": "12", "client_second_factor": "compulsory", "sign_in_alerts": "true",
        "staff_passwords": "true", "oidc_on": "true", "oidc_label": "Aurora account",
        "oidc_issuer": "https://login.aurora.example", "oidc_client_id": "desk",
        "oidc_secret": "canary-secret-9876", "oidc_domains": "aurora.example, AURORA.test",
        "why": "our own accounts",
    }  # fmt: skip

    saved = await browser.post("/desk/settings/sign-in", form)

    assert saved.status_code == 204, saved.text
    page = await browser.get("/desk/settings/sign-in")
    assert "canary-secret" not in page.text and "9876" in page.text
    assert f"{house.config.url(tenant.host, '/desk/sso/callback')}" in page.text
    async with house.door.open(tenant) as work:
        found = work.settings(IdentitySettings)
        assert (found.staff_idle_minutes, found.oidc.allowed_domains) == (
            45,
            ("aurora.example", "aurora.test"),
        )
        assert await credentials.read(work, "identity.oidc") == "canary-secret-9876"
        version = await work.first(
            select(Setting).where(Setting.slice == "identity").order_by(Setting.id.desc())
        )
        assert version.why == "our own accounts"
    tested = await browser.get("/desk/settings/sign-in?test=1")
    assert tested.status_code == 200
    wrong = await browser.post("/desk/settings/sign-in", form | {"session_hours": "99"})
    assert wrong.status_code == 422


async def test_whoever_switches_passwords_off_can_still_come_in(house):
    tenant = await house.tenant()
    browser, _ = await browser_of(house, tenant)
    form = {
        "staff_idle_minutes": "45", "client_idle_minutes": "20", "session_hours": "8",
        "password_length": "12", "client_second_factor": "optional", "oidc_on": "true",
        "oidc_label": "Aurora account", "oidc_issuer": "https://login.aurora.example",
        "oidc_client_id": "desk", "why": "no passwords",
    }  # fmt: skip

    answer = await browser.post("/desk/settings/sign-in", form)

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "staff_passwords"


async def test_a_role_of_one_tenant_is_unknown_at_another(house, aurora, borealis):
    browser, _ = await browser_of(house, borealis)
    foreign = await role_named(house, aurora, "Support")
    person = await member(house, aurora)

    assert (await browser.get(f"{ROLES}/{foreign.id}")).status_code == 404
    assert (await browser.get(f"{STAFF}/{person.id}")).status_code == 404
    assert (
        await browser.post(f"{STAFF}/{person.id}/stop", {"reason": "not mine"})
    ).status_code == 404
    async with house.door.open(borealis) as work:
        assert await work.session.get(Role, foreign.id) is None
