"""Calls: pages, unknown fields, amounts, once-only changes, limits, and what an answer tells."""

import asyncio
import secrets
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from brokerage.clients import clients
from brokerage.clients.model import Client
from brokerage.clients.permissions import Clients
from brokerage.crm.permissions import Crm
from brokerage.kyc.permissions import Kyc
from brokerage.ledger import accounts, wallets
from brokerage.ledger.permissions import Ledger
from brokerage.partners.permissions import Partners
from brokerage.payments.permissions import Payments
from brokerage.trading.permissions import Trading
from stoa.audit.model import AuditEntry
from stoa.identity.model import Person
from stoa.kernel.money import Money

VIEW, PII, EDIT = str(Clients.VIEW), str(Clients.SEE_PII), str(Clients.EDIT)
ALL = [
    VIEW,
    PII,
    EDIT,
    *(str(one) for one in (Ledger.VIEW, Trading.VIEW, Trading.EDIT, Partners.VIEW)),
    *(str(one) for one in (Kyc.CASES_VIEW, Crm.LEADS_VIEW, Crm.LEADS_EDIT)),
    *(str(one) for one in (Payments.DEPOSITS, Payments.WITHDRAWALS, Payments.APPROVE)),
]


def somebody(**more):
    return {
        "email": f"c-{secrets.token_hex(6)}@client.example",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "country": "DE",
        "send_verification": False,
    } | more


async def a_client(house, tenant, **more):
    told = somebody(**more)
    async with house.door.open(tenant, purpose="test") as work:
        return await clients.register(
            work,
            email=told["email"],
            first_name=told["first_name"],
            last_name=told["last_name"],
            country=told["country"],
        )


async def test_a_client_is_registered_and_read_back(system):
    caller = await system(VIEW, PII, EDIT)
    told = somebody(language="es", type="corporate")

    made = await caller.post("/api/v1/clients", told)
    read = await caller.get(f"/api/v1/clients/{made.json()['id']}")

    assert made.status_code == 201, made.text
    assert read.json() == made.json()
    assert made.json()["email"] == told["email"]
    assert made.json()["type"] == "corporate"
    assert made.json()["deposits_total"] == "0.00"
    assert made.json()["registered_at"].endswith(("Z", "+00:00"))


async def test_personal_data_wants_its_own_scope(house, aurora, system):
    row = await a_client(house, aurora)
    caller = await system(VIEW)

    told = (await caller.get(f"/api/v1/clients/{row.id}")).json()
    searched = await caller.get("/api/v1/clients", email="a@b.example")

    assert told["name"] is None
    assert told["email"] is None
    assert searched.status_code == 403


async def test_reading_personal_data_is_in_the_audit_log(house, aurora, system):
    row = await a_client(house, aurora)
    caller = await system(VIEW, PII)

    answer = await caller.get(f"/api/v1/clients/{row.id}")

    async with house.door.open(aurora, purpose="test") as work:
        entry = await work.first(
            select(AuditEntry).where(AuditEntry.request == answer.headers["x-request-id"])
        )
    assert entry.actor_kind == "api"
    assert entry.actor == caller.owner.id
    assert entry.actor_name == "key test system"
    assert entry.subject == row.id


async def test_pages_follow_one_another_without_gap_or_repeat(house, system):
    tenant = await house.tenant()
    made = [(await a_client(house, tenant)).id for _ in range(7)]
    caller = await system(VIEW, tenant=tenant)

    seen, after = [], {}
    for _ in range(10):
        told = (await caller.get("/api/v1/clients", limit=3, **after)).json()
        seen += [one["id"] for one in told["items"]]
        if told["next"] is None:
            break
        after = {"after": told["next"]}

    assert len(seen) == len(set(seen)) == 7
    assert set(seen) == {str(one) for one in made}
    assert seen == sorted(seen, reverse=True)


async def test_limits_and_unknown_parts_of_a_query_are_refused(system):
    caller = await system(VIEW)

    for query in ({"limit": 201}, {"limit": 0}, {"limit": "x"}, {"after": "1"}, {"page": 2}):
        answer = await caller.get("/api/v1/clients", **query)
        assert answer.status_code == 422, query
        assert answer.json()["code"] == "invalid"
    assert (await caller.get("/api/v1/clients?limit=5&limit=6")).status_code == 422


FORBIDDEN = [
    "id",
    "role",
    "state",
    "level",
    "balance",
    "kyc_status",
    "tenant_id",
    "is_verified",
    "owner",
    "deposits_total",
    "permissions",
    "scope",
    "registered_at",
    "risk",
    "__class__",
]


@pytest.mark.parametrize("name", FORBIDDEN)
async def test_no_privileged_field_is_taken_from_a_body(system, name):
    caller = await system(EDIT)

    answer = await caller.post("/api/v1/clients", somebody() | {name: "x"})

    assert answer.status_code == 422
    assert answer.json()["field"] == name


async def test_every_body_refuses_unknown_fields(system):
    caller = await system(*ALL)

    for path in (
        "/api/v1/clients",
        "/api/v1/leads",
        "/api/v1/trading-accounts",
        f"/api/v1/withdrawals/{uuid4()}/reject",
    ):
        answer = await caller.post(path, {"surprise": 1})
        assert answer.status_code == 422, path
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"client": "x", "product": "p", "currency": "EUR", "leverage": -1}', 422),
        (b'{"client": "x", "product": "p", "currency": "EUR", "leverage": 1e9}', 422),
        (b'{"client": "x", "product": "p", "currency": "EUR", "leverage": "100"}', 422),
        (b'{"leverage": NaN}', 400),
        (b'{"leverage": Infinity}', 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 422),
        (b"[" * 5000, 400),
        (b"", 400),
    ],
)
async def test_numbers_that_are_none_and_bodies_that_are_none_are_refused(system, raw, status):
    caller = await system(*ALL)

    answer = await caller.post("/api/v1/trading-accounts", raw=raw)

    assert answer.status_code in {status, 422}, answer.text
    assert answer.json()["code"] in {"invalid", "malformed-json"}


async def test_a_body_of_another_kind_is_415(system):
    caller = await system(EDIT)

    answer = await caller.http.post(
        "/api/v1/clients",
        data=somebody(),
        headers=caller.bearer() | {"idempotency-key": "12345678"},
    )

    assert answer.status_code == 415


async def test_a_body_over_a_megabyte_is_413(system):
    caller = await system(EDIT)

    answer = await caller.post("/api/v1/clients", raw=b'{"name": "' + b"a" * 1_048_576 + b'"}')

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "too-large"


async def test_another_method_is_405_with_those_that_are_taken(system):
    caller = await system(VIEW)

    for path, method, taken in (
        ("/api/v1/clients", "DELETE", {"GET", "POST"}),
        (f"/api/v1/clients/{uuid4()}", "PUT", {"GET"}),
        ("/api/oauth/token", "GET", {"POST"}),
    ):
        answer = await caller.http.request(method, path, headers=caller.bearer())

        told = answer.json()
        assert (answer.status_code, told["status"], told["code"]) == (405, 405, "wrong-method")
        assert answer.headers["content-type"] == "application/problem+json"
        assert taken <= set(answer.headers["allow"].split(", "))
    assert (await caller.http.delete("/api/v1/nothing", headers=caller.bearer())).status_code == 404


async def test_a_change_without_a_good_key_is_refused(system):
    caller = await system(EDIT)

    for key in ("short", "x" * 121, "with space in it"):
        answer = await caller.post("/api/v1/clients", somebody(), key=key)
        assert answer.status_code == 400
        assert answer.json()["code"] == "idempotency-key"


async def test_fifty_equal_requests_at_once_make_one_client(house, aurora, system):
    caller = await system(EDIT, VIEW)
    told, key = somebody(), secrets.token_hex(8)

    answers = await asyncio.gather(
        *(caller.post("/api/v1/clients", told, key=key) for _ in range(50))
    )
    last = await caller.post("/api/v1/clients", told, key=key)

    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"in-flight"}
    assert last.status_code == 201
    assert last.headers["idempotent-replay"] == "true"
    async with house.door.open(aurora, purpose="test") as work:
        blind = work.blind("person.email", told["email"])
        assert (
            await work.value(
                select(func.count()).select_from(Person).where(Person.email_blind == blind)
            )
            == 1
        )


async def test_a_replay_is_the_stored_answer_byte_for_byte(house, aurora, system):
    caller = await system(EDIT, VIEW)
    told, key = somebody(), secrets.token_hex(8)
    first = await caller.post("/api/v1/clients", told, key=key)
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(Client, UUID(first.json()["id"]))
        row.level = "full"

    again = await caller.post("/api/v1/clients", told, key=key)

    assert again.content == first.content
    assert int(again.headers["ratelimit-remaining"]) == int(first.headers["ratelimit-remaining"])


async def test_a_key_used_for_another_body_or_path_is_refused(system):
    caller = await system(*ALL)
    key = secrets.token_hex(8)
    told = somebody()
    await caller.post("/api/v1/clients", told, key=key)

    other = await caller.post("/api/v1/clients", somebody(), key=key)
    elsewhere = await caller.post(
        "/api/v1/leads", {"name": "Ada Byron", "email": told["email"]}, key=key
    )

    assert (other.status_code, elsewhere.status_code) == (422, 422)
    assert other.json()["code"] == "key-reused"


async def test_keys_of_two_systems_do_not_meet(system):
    one, two = await system(EDIT, VIEW), await system(EDIT, VIEW)
    key = secrets.token_hex(8)

    first = await one.post("/api/v1/clients", somebody(), key=key)
    second = await two.post("/api/v1/clients", somebody(), key=key)

    assert (first.status_code, second.status_code) == (201, 201)


async def test_a_refused_change_leaves_its_key_free(system):
    caller = await system(EDIT, VIEW)
    key = secrets.token_hex(8)

    refused = await caller.post("/api/v1/clients", somebody(country="XX"), key=key)
    done = await caller.post("/api/v1/clients", somebody(), key=key)

    assert refused.status_code == 422
    assert done.status_code == 201


async def test_another_brokers_ids_are_not_found(house, aurora, borealis, system):
    theirs = await a_client(house, borealis)
    caller = await system(*ALL)

    for path in (
        f"/api/v1/clients/{theirs.id}",
        f"/api/v1/clients/{theirs.id}/wallets",
        f"/api/v1/partners/{theirs.id}",
        f"/api/v1/partners/{theirs.id}/rewards",
        f"/api/v1/rewards/{theirs.id}",
        f"/api/v1/trading-accounts/{theirs.id}",
        f"/api/v1/transfers/{theirs.id}",
        f"/api/v1/kyc-cases/{theirs.id}",
        f"/api/v1/leads/{theirs.id}",
        f"/api/v1/deposits/{theirs.id}",
        f"/api/v1/withdrawals/{theirs.id}",
        f"/api/v1/clients/{uuid4()}",
    ):
        assert (await caller.get(path)).status_code == 404, path


async def test_every_list_answers_an_empty_page(house, system):
    tenant = await house.tenant()
    caller = await system(*ALL, tenant=tenant)

    for path in (
        "clients",
        "trading-accounts",
        "transfers",
        "partners",
        "kyc-cases",
        "deposits",
        "withdrawals",
    ):
        answer = await caller.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"items": [], "next": None}


async def test_wallets_are_strings_with_the_currencys_digits(house, aurora, system):
    row = await a_client(house, aurora)
    async with house.door.open(aurora, purpose="test") as work:
        for amount, currency in (("1250.5", "EUR"), ("900", "JPY"), ("0.00000001", "BTC")):
            await wallets.credit(
                work,
                row.id,
                Money(Decimal(amount), currency),
                operation=f"test:{secrets.token_hex(6)}",
                kind="deposit",
                against=accounts.house(work, "psp:alpha", currency),
            )
    caller = await system(str(Ledger.VIEW))

    told = (await caller.get(f"/api/v1/clients/{row.id}/wallets")).json()

    assert {one["currency"]: one["available"] for one in told} == {
        "BTC": "0.00000001",
        "EUR": "1250.50",
        "JPY": "900",
    }


async def test_a_lead_is_handed_in_once(system):
    caller = await system(str(Crm.LEADS_EDIT), str(Crm.LEADS_VIEW))
    told = {"name": "Grace Hopper", "email": f"l-{secrets.token_hex(5)}@lead.example"}

    made = await caller.post("/api/v1/leads", told)
    twice = await caller.post("/api/v1/leads", told)

    assert made.status_code == 201, made.text
    assert (await caller.get(f"/api/v1/leads/{made.json()['id']}")).json() == made.json()
    assert twice.status_code == 409
    assert twice.json()["code"] == "lead-known"


async def test_every_answer_tells_the_limit_and_its_request(house, aurora, system):
    caller = await system(VIEW)

    good = await caller.get("/api/v1/clients")
    bad = await caller.get("/api/v1/clients", limit=0)

    for answer in (good, bad):
        assert int(answer.headers["ratelimit-limit"]) == 600
        assert 0 <= int(answer.headers["ratelimit-remaining"]) < 600
        assert 0 < int(answer.headers["ratelimit-reset"]) <= 60
        assert UUID(answer.headers["x-request-id"])
    assert bad.json()["reference"] == bad.headers["x-request-id"]


async def test_past_the_limit_is_429_with_the_time_to_come_back(house, aurora, system):
    caller = await system(VIEW)
    first = await caller.get("/api/v1/clients")
    most = int(first.headers["ratelimit-limit"])
    [window] = await house.redis.keys(f"t:{aurora.id}:limit:api:{caller.key.id}:*")
    name, _, number = window.decode().rpartition(":")
    for one in (int(number), int(number) + 1):  # the minute may be over before we ask
        await house.redis.incrby(f"{name}:{one}", most)

    answer = await caller.get("/api/v1/clients")

    assert answer.status_code == 429
    assert answer.headers["ratelimit-remaining"] == "0"
    assert 0 < int(answer.headers["retry-after"]) <= 60
