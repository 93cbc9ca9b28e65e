"""The operator's own people: the control host's gate, tokens, and who manages whom."""

import secrets

import pytest
from sqlalchemy import select, text

from stoa.identity import operators
from stoa.identity.model import Operator, OperatorToken
from stoa.kernel.refusals import Conflict, Invalid
from support.operators import PASSWORD, code_of, inside, made, with_app
from support.web import visitor


async def test_an_operator_sets_up_a_second_factor_before_anything_else(house):
    operator = await made(house)
    browser = visitor(house, None)
    assert (await browser.get("/sign-in?next=/me")).status_code == 200
    entered = await browser.post(
        "/sign-in?next=/me", {"email": operator.email, "password": PASSWORD}
    )
    assert entered.headers["hx-redirect"] == "/second-factor?next=/me"
    for path in ("/", "/me", "/operators", "/tenants/new"):
        away = await browser.get(path)
        assert away.headers["location"].startswith("/second-factor")

    page = await browser.get("/second-factor?next=/me")
    secret = page.text.split('data-copy="')[1].split('"')[0].replace(" ", "")
    done = await browser.post("/second-factor/set-up?next=/me", {"code": code_of(secret)})

    assert done.headers["hx-redirect"] == "/second-factor/codes?next=/me"
    assert (await browser.get("/second-factor/codes?next=/me")).text.count("<li><code>") == 10
    assert (await browser.get("/me")).status_code == 200


async def test_wrong_and_unknown_are_alike_and_lock_alike(house):
    operator = await made(house)
    unknown = f"nobody-{secrets.token_hex(4)}@control.example"
    told = {}
    for email in (operator.email, unknown):
        browser = visitor(house, None)
        await browser.get("/sign-in")
        told[email] = [
            (await browser.post("/sign-in", {"email": email, "password": "x"})).status_code
            for _ in range(6)
        ]

    assert told[operator.email] == told[unknown] == [401] * 5 + [429]


async def test_the_code_works_once_and_recovery_codes_too(house):
    operator = await made(house)
    secret, codes = await with_app(house, operator)
    code = code_of(secret)
    statuses = []
    for path, body in (
        ("/second-factor", {"code": code}),
        ("/second-factor", {"code": code}),
        ("/second-factor/recovery", {"recovery": codes[0]}),
        ("/second-factor/recovery", {"recovery": codes[0]}),
    ):
        browser = visitor(house, None)
        await browser.get("/sign-in")
        await browser.post("/sign-in", {"email": operator.email, "password": PASSWORD})
        await browser.get("/second-factor")
        statuses.append((await browser.post(path, body)).status_code)

    assert statuses == [204, 422, 204, 422]


async def test_an_operators_cookie_is_worth_nothing_at_a_tenant_and_the_other_way(house, aurora):
    browser, _ = await inside(house)
    cookie = browser.http.cookies["control"]
    tenant = visitor(house, aurora)
    for name in ("control", "desk", "room"):
        tenant.http.cookies.set(name, cookie)

    assert (await tenant.get("/desk/me")).status_code == 303
    assert (await tenant.get("/profile/security")).status_code == 303
    assert (await tenant.get("/operators")).status_code == 404
    assert (await browser.get("/desk/me")).status_code == 404


async def test_a_token_is_shown_once_and_does_less_than_its_owner(house):
    browser, operator = await inside(house)
    answer = await browser.post(
        "/me/tokens",
        {"name": "deploys", "days": "30", "permissions": "control:operators:view"},
    )
    assert answer.status_code == 204, answer.text
    page = await browser.get("/me")
    token = page.text.split('data-copy="stoa_op_')[1].split('"')[0]
    assert "stoa_op_" not in (await browser.get("/me")).text
    api = visitor(house, None)
    api.http.headers["authorization"] = f"Bearer stoa_op_{token}"

    assert (await api.get("/operators")).status_code == 200
    denied = await api.post("/operators/new", {"email": "x@y.example", "name": "X"})
    assert denied.status_code == 403
    assert (await api.get("/me")).status_code == 404
    async with house.door.platform() as work:
        stored = await work.value(
            text("select t::text from platform.operator_token t where operator = :id"),
            {"id": operator.id},
        )
        assert token not in stored
        row = await work.first(select(OperatorToken).where(OperatorToken.operator == operator.id))
        assert row.last_used_at is not None
    assert (await browser.post(f"/me/tokens/{row.id}/end")).status_code == 204
    assert (await api.get("/operators")).status_code in {303, 401}


async def test_a_token_dies_with_its_owners_permission_and_standing(house):
    browser, operator = await inside(house, ["control:operators:view", "control:jobs:view"])
    await browser.post(
        "/me/tokens", {"name": "x", "days": "30", "permissions": "control:operators:view"}
    )
    page = await browser.get("/me")
    token = "stoa_op_" + page.text.split('data-copy="stoa_op_')[1].split('"')[0]
    api = visitor(house, None)
    api.http.headers["authorization"] = f"Bearer {token}"
    assert (await api.get("/operators")).status_code == 200

    async with house.door.platform() as work:
        await operators.change(work, operator.id, permissions=["control:jobs:view"], stopped=False)
    assert (await api.get("/operators")).status_code == 403
    async with house.door.platform() as work:
        await operators.change(
            work, operator.id, permissions=["control:operators:view"], stopped=True
        )
    assert (await api.get("/operators")).status_code in {303, 401}


async def test_operators_are_managed_by_those_who_may(house):
    browser, operator = await inside(house)
    made_one = await browser.post(
        "/operators/new",
        {
            "email": f"new-{secrets.token_hex(4)}@control.example",
            "name": "Nora New",
            "permissions": ["control:tenants:view"],
        },
    )
    place = made_one.headers["hx-redirect"]
    first = await browser.get(place)
    assert "shown this once" in first.text
    assert "shown this once" not in (await browser.get(place)).text
    changed = await browser.post(
        place, {"permissions": ["control:jobs:view"], "reason": "moved to jobs"}
    )
    assert changed.status_code == 204
    own = await browser.post(f"/operators/{operator.id}", {"reason": "myself", "stopped": "true"})
    assert own.status_code == 403
    assert (await browser.get("/operators")).status_code == 200
    little, _ = await inside(house, ["control:operators:edit", "control:operators:view"])
    above = await little.post(
        "/operators/new",
        {"email": "e@control.example", "name": "E", "permissions": ["control:tenants:enter"]},
    )
    assert above.status_code == 403


async def test_managing_wants_the_second_factor_again_after_a_while(house, monkeypatch):
    browser, _ = await inside(house)
    monkeypatch.setattr("stoa.identity.sessions.STEP_UP_S", -1)

    answer = await browser.post(
        "/operators/new", {"email": "late@control.example", "name": "L", "permissions": []}
    )

    assert answer.status_code == 401 and "/second-factor" in answer.headers["hx-redirect"]


async def test_a_new_operator_needs_a_good_password_and_a_fresh_address(house):
    operator = await made(house)
    with pytest.raises(Conflict):
        await operators.create_operator(house.door, operator.email.upper(), "Again", PASSWORD)
    with pytest.raises(Invalid):
        await operators.create_operator(house.door, "a@control.example", "A", "password123")
    generated = await operators.create_operator(
        house.door, f"g-{secrets.token_hex(4)}@control.example", "G"
    )
    assert len(generated) >= 20


async def test_look_is_kept_with_an_operator(house):
    browser, operator = await inside(house)

    assert (await browser.post("/look/mode", {"mode": "dark"})).status_code == 204
    assert (await browser.post("/look/language", {"language": "es", "next": "/me"})).headers[
        "hx-redirect"
    ] == "/me"

    async with house.door.platform() as work:
        row = await work.get(Operator, operator.id)
        assert (row.mode, row.locale) == ("dark", "es")
    assert 'lang="es"' in (await browser.get("/me")).text
