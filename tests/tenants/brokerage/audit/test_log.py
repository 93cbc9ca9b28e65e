"""The whole audit log at the desk: read and filtered by whoever may, no more than they may see."""

import json
import re
from pathlib import Path
from urllib.parse import urlencode

import asyncpg
import pytest
from sqlalchemy import select

from brokerage.audit import queries
from brokerage.clients.model import Client
from stoa.audit import sealer, standalone
from stoa.audit.model import AuditEntry
from stoa.identity.model import Person, Role
from stoa.kernel.config import Role as Login
from support import people
from support.clients import a_client
from support.plans import faults, plan_of
from support.queries import recorded
from support.web import signed_in

WHY = "the client telephoned"


class Place:
    """A broker with an owner and two clients, about whom something was done."""

    def __init__(self, house, tenant, owner, clients):
        self.house, self.tenant, self.owner, self.clients = house, tenant, owner, clients

    async def entries(self, *where):
        async with self.house.door.open(self.tenant, purpose="test.read") as work:
            return list(await work.rows(select(AuditEntry).where(*where).order_by(AuditEntry.id)))

    async def staff(self, *roles):
        async with self.house.door.open(self.tenant, purpose="test.staff") as work:
            return (await people.make_staff(work, list(roles)))[0]

    async def browser(self, person):
        return await signed_in(self.house, self.tenant, person, "desk")


@pytest.fixture(scope="module")
async def place(house):
    tenant = await house.tenant(new_schema=True)
    async with house.door.open(tenant, purpose="test.make") as work:
        owner, _ = await people.make_staff(work, ["Owner"])
        clients = [(await a_client(work)).id, (await a_client(work)).id]
    browser = await signed_in(house, tenant, owner, "desk")
    for client in clients:
        told = await browser.post(
            f"/desk/clients/{client}/notes", {"text": "Wants to hear from us"}
        )
        assert told.status_code < 400, told.text
    async with house.door.open(tenant, purpose="test.reason") as work:
        work.reason, work.subject = WHY, clients[0]
        work.record("something", of="a kind")
    await sealer.seal(house.door, tenant)
    return Place(house, tenant, owner, clients)


async def test_everything_is_listed_newest_first(place):
    browser = await place.browser(place.owner)
    entries = await place.entries()

    answer = await browser.get("/desk/audit?format=csv")

    assert answer.status_code == 200
    lines = answer.text.strip().splitlines()
    assert len(lines) == len(entries) + 1
    page = (await browser.get("/desk/audit")).text
    assert page.index(f"/desk/audit/{entries[-1].id}") < page.index(f"/desk/audit/{entries[-2].id}")
    assert WHY in page


async def test_who_carried_it_out_stands_in_it(place):
    browser = await place.browser(place.owner)
    await browser.get("/desk/audit?format=csv&kind=staff")

    (last,) = (await place.entries(AuditEntry.action == "GET /desk/audit"))[-1:]

    assert last.actor == place.owner.id
    assert last.changes[0]["did"] == "export" and last.changes[0]["filters"] == {"kind": "staff"}


async def test_filters_find_by_person_kind_action_day_and_reference(place):
    browser = await place.browser(place.owner)
    note = (await place.entries(AuditEntry.subject == place.clients[1]))[-1]
    action = "POST /desk/clients/{client}/notes"
    async with place.house.door.open(place.tenant, purpose="test.read") as work:
        client = await work.get(Person, place.clients[1])
        email = work.unseal(client.id, "person.email", client.email_sealed)

    async def found(**query):
        answer = await browser.get(f"/desk/audit?format=csv&{urlencode(query)}")
        assert answer.status_code == 200
        return len(answer.text.strip().splitlines()) - 1

    notes = await place.entries(AuditEntry.action == note.action)
    assert (
        note.action.startswith("POST /desk/clients/")
        and action.split("{", maxsplit=1)[0] in note.action
    )
    assert await found(action=note.action) == len(notes) == 2
    assert await found(kind="staff", action=note.action) == 2
    assert await found(kind="client") == 0
    assert await found(kind="support") == 0
    assert await found(who=str(place.owner.id), action=note.action) == 2
    assert await found(who="nobody") == 0
    assert await found(q=note.request) >= 1
    assert await found(q=str(note.id)) == 1
    assert await found(q=str(place.clients[1])) == await found(q=email) >= 1
    assert await found(q="9" * 40) == 0
    assert await found(at_to="2001-01-01") == 0
    assert await found(at_from="2001-01-01", action=note.action) == 2


async def test_one_entry_says_who_what_before_after_and_its_seal(place):
    browser = await place.browser(place.owner)
    (entry,) = await place.entries(AuditEntry.reason == WHY)

    page = (await browser.get(f"/desk/audit/{entry.id}")).text

    assert WHY in page and "something" in page and "a kind" in page
    assert f"/desk/clients/{place.clients[0]}" in page
    async with place.house.door.open(place.tenant, purpose="test.read") as work:
        seal = await queries.place(work, entry.id)
    assert seal.hash.hex() in page and seal.previous.hex() in page


async def test_unknown_and_impossible_numbers_are_not_found(place):
    browser = await place.browser(place.owner)
    for number in ("0", "999999999", "9" * 30):
        assert (await browser.get(f"/desk/audit/{number}")).status_code == 404


async def test_what_is_sealed_is_not_shown(place):
    browser = await place.browser(place.owner)
    (entry, *_) = await place.entries(AuditEntry.action == "test.make")

    pages = [(await browser.get(f"/desk/audit/{entry.id}?part={part}")).text for part in range(3)]

    assert "•••" in pages[0]
    assert not any(re.search("sealed:[0-9a-f]", page) for page in pages)


async def test_who_sees_own_clients_only_reads_of_them_and_of_themselves(place):
    seller = await place.staff("Sales")
    async with place.house.door.open(place.tenant, purpose="test.scope") as work:
        role = await work.first(select(Role).where(Role.name == "Sales"))
        role.permissions = sorted({*role.permissions, "audit:log:view", "audit:log:export"})
        role.scope = "own"
        (await work.get(Client, place.clients[0])).owner = seller.id
    browser = await place.browser(seller)
    mine = (await place.entries(AuditEntry.reason == WHY))[0]
    other = (await place.entries(AuditEntry.subject == place.clients[1]))[-1]

    page = (await browser.get("/desk/audit")).text

    assert f"/desk/audit/{mine.id}" in page and f"/desk/audit/{other.id}" not in page
    assert (await browser.get(f"/desk/audit/{mine.id}")).status_code == 200
    assert (await browser.get(f"/desk/audit/{other.id}")).status_code == 404
    assert (await browser.get("/desk/audit/chain/audit.jsonl")).status_code == 403


async def test_who_may_not_read_it_is_refused(place):
    browser = await place.browser(await place.staff("Support"))
    for path in ("", "/1", "/chain", "/chain/audit.jsonl"):
        assert (await browser.get(f"/desk/audit{path}")).status_code == 403
    assert "/desk/audit" not in (await browser.get("/desk")).text


async def test_the_whole_chain_goes_out_and_the_stand_alone_program_proves_it(place):
    browser = await place.browser(place.owner)
    await sealer.seal(place.house.door, place.tenant)

    lines = (await browser.get("/desk/audit/chain/audit.jsonl")).text.strip().splitlines()
    program = (await browser.get("/desk/audit/chain/verify.py")).text

    links, fault, _ = standalone.check(lines)
    assert (links, fault) == (len(lines), None)
    assert program == Path(standalone.__file__).read_text()
    told = json.loads(lines[4])
    told["entry"]["actor_name"] = "somebody else"
    assert standalone.check([*lines[:4], json.dumps(told), *lines[5:]])[1] is not None
    (export,) = await place.entries(AuditEntry.action == "GET /desk/audit/chain/audit.jsonl")
    assert export.actor == place.owner.id
    assert export.changes == [{"did": "audit.export", "links": len(lines)}]


@pytest.mark.parametrize(
    "query",
    [
        "kind=staff&who={person}",
        "action=POST+/desk/clients",
        "q={person}",
        "q=somebody@mail.example",
        "q=a-reference",
        "at_from=2026-01-01&at_to=2026-01-02",
        "action=nothing&at_from=2026-01-01",
    ],
)
async def test_each_filter_is_an_index_away(place, query):
    """As if the log had ten million entries of many people."""
    browser = await place.browser(place.owner)
    await grown(place)
    with recorded(place.house) as said:
        await browser.get(f"/desk/audit?{query.format(person=place.owner.id)}")
    asked = [
        one
        for one in said
        if "audit_entry" in one[0] and one[0].lower().startswith(("select", "with"))
    ]
    assert asked
    for statement, parameters in asked:
        wrong = faults(await plan_of(place, statement, parameters), {"audit_entry"})
        assert not wrong, statement


MANY = {"subject": 50_000, "actor": 5_000, "action": 300, "request": -0.8}
"""How many different ones a broker of ten million entries has."""


async def grown(place):
    line = await asyncpg.connect(place.house.config.dsn(Login.ADMIN, direct=True))
    try:
        await line.execute(f'set search_path = "{place.tenant.schema}"')
        for column, distinct in MANY.items():
            await line.execute(
                f"alter table audit_entry alter {column} set (n_distinct = {distinct})"
            )
        await line.execute("analyze audit_entry")
        await line.execute(
            "update pg_class set relpages = 1, reltuples = 10000000 "
            "where relnamespace = $1::text::regnamespace and relname = 'audit_entry'",
            place.tenant.schema,
        )
    finally:
        await line.close()
