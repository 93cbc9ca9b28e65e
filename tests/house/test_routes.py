"""Every route of the product, asked by every role, and with another tenant's ids.

The list of routes is the application's own, so a new route is in the matrix by existing.
"""

import json
import re
import uuid

import pytest
from sqlalchemy import select, text, update

from brokerage.product import PRODUCT
from stoa.db.rows import TenantRow
from stoa.identity.model import Role
from stoa.tenancy.model import Tenant
from stoa.web.access import Access, handlers
from support import people
from support.web import application, signed_in, visitor

pytestmark = pytest.mark.long

PARAMETER = re.compile(r"\{(\w+):(\w+)\}")
STREAMS = {"/live", "/desk/live"}
FILLERS = {"uuid": "0190f0d0-0000-7000-8000-000000000001", "int": "1", "str": "none", "path": "x"}


def routes():
    found = []
    for module in PRODUCT.modules:
        for handler in module.web:
            for path in sorted(handler.paths):
                for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                    access: Access = handler.opt["access"]
                    if path not in STREAMS:
                        found.append((method, path, access))
    return found


ROUTES = routes()


def filled(path: str, value: str | None = None) -> str:
    return PARAMETER.sub(lambda m: value if value and m[2] == "uuid" else FILLERS[m[2]], path)


async def ask(browser, method: str, path: str):
    headers = {"accept": "application/problem+json", "hx-request": "true"}
    if method == "GET":
        return await browser.http.get(path, headers=headers)
    headers["x-csrftoken"] = browser.csrf
    return await browser.http.request(method, path, headers=headers, data={})


def test_every_handler_declares_who_may_call_it():
    for _, path, access in ROUTES:
        assert isinstance(access, Access), path
        assert access.permission is not None or access.why, path


def test_the_applications_routes_are_the_ones_tested(house):
    front = application(house)
    declared = {path for _, path, _ in ROUTES} | STREAMS
    served = {path for _, path in handlers(front._tenants.routes)}
    assert {p for p in served if not p.startswith(("/desk/views", "/api/docs"))} <= declared


@pytest.fixture(scope="module")
async def staff_of_each_role(house, aurora):
    async with house.door.open(aurora) as work:
        roles = await work.rows(select(Role).where(Role.built_in.is_(True)).order_by(Role.name))
        found = {}
        for role in roles:
            person, _ = await people.make_staff(work, [role.name], name=f"{role.name} Person")
            found[role.name] = (person, frozenset(role.permissions))
    return found


async def test_every_role_meets_exactly_the_permissions_it_holds(house, aurora, staff_of_each_role):
    wrong = []
    for name, (person, held) in staff_of_each_role.items():
        browser = await signed_in(house, aurora, person, "desk")
        for method, path, access in ROUTES:
            if access.audience != "desk" or access.permission is None:
                continue
            answer = await ask(browser, method, filled(path))
            allowed = access.permission in held
            refused = answer.status_code == 403 and answer.json().get("code") == "denied"
            if answer.status_code >= 500:
                wrong.append((name, method, path, answer.status_code))
            elif not allowed and answer.status_code != 403:
                wrong.append((name, method, path, "let in", answer.status_code))
            elif allowed and refused and access.permission in answer.json()["detail"]:
                wrong.append((name, method, path, "kept out"))
    assert wrong == []


async def test_nobody_without_a_session_gets_past_a_closed_door(house, aurora):
    stranger = visitor(house, aurora)
    await stranger.get("/sign-in")
    for method, path, access in ROUTES:
        if access.audience in {"desk", "room", "api"}:
            answer = await ask(stranger, method, filled(path))
            assert answer.status_code in {401, 403}, (method, path, answer.status_code)


async def test_a_session_of_one_tenant_is_nothing_at_another(house, aurora, borealis):
    async with house.door.open(aurora) as work:
        person, _bearer = await people.make_staff(work, ["Owner"])
    home = await signed_in(house, aurora, person, "desk")
    abroad = visitor(house, borealis)
    for name, value in home.http.cookies.items():
        abroad.http.cookies.set(name, value)
    for method, path, access in ROUTES:
        if access.audience == "desk":
            answer = await ask(abroad, method, filled(path))
            assert answer.status_code in {401, 403}, (method, path, answer.status_code)


async def test_a_suspended_tenant_changes_nothing_but_what_says_so(house):
    """Handlers with transactions of their own let a suspended broker's staff decide and pay."""
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        staff, _ = await people.make_staff(work, ["Owner"])
        client, _ = await people.make_client_login(work)
    browsers = {
        "desk": await signed_in(house, tenant, staff, "desk"),
        "room": await signed_in(house, tenant, client, "room"),
    }
    async with house.door.platform(purpose="test") as work:
        await work.run(update(Tenant).where(Tenant.id == tenant.id).values(state="suspended"))

    house.door.registry.forget()
    let_in = []
    for method, path, access in ROUTES:
        if access.audience in browsers and method != "GET" and not access.while_suspended:
            answer = await ask(browsers[access.audience], method, filled(path))
            if answer.status_code != 503:
                let_in.append((method, path, answer.status_code))
    assert let_in == []


async def their_ids(house, tenant) -> list[str]:
    """Some ids of every table of a tenant."""
    found: list[str] = []
    async with house.door.open(tenant) as work:
        for table in TenantRow.metadata.sorted_tables:
            keys = [c.name for c in table.primary_key.columns]
            column = table.columns.get("id")
            if column is not None and str(column.type) in {"UUID", "CHAR(32)"} and keys == ["id"]:
                rows = await work.table(text(f"select id from {table.name} limit 2"))
                found += [str(row.id) for row in rows]
    return found


def body_of(answer) -> dict:
    try:
        told = answer.json()
    except json.JSONDecodeError:
        return {"text": answer.text}
    told.pop("reference", None)
    return told


async def test_another_tenants_id_is_answered_like_one_that_never_was(house, aurora, borealis):
    async with house.door.open(aurora) as work:
        person, _ = await people.make_staff(work, ["Owner"])
    async with house.door.open(borealis) as work:
        await people.make_staff(work, ["Owner"])
        await people.make_client_login(work)
    browser = await signed_in(house, aurora, person, "desk")
    foreign = await their_ids(house, borealis)
    assert foreign

    for method, path, access in ROUTES:
        if access.audience != "desk" or "uuid}" not in path or method != "GET":
            continue
        never = await ask(browser, method, filled(path, str(uuid.uuid4())))
        assert never.status_code < 500, (path, never.text[:300])
        for one in foreign[:12]:
            theirs = await ask(browser, method, filled(path, one))
            assert theirs.status_code == never.status_code, (path, one)
            assert body_of(theirs) == body_of(never), (path, one)
