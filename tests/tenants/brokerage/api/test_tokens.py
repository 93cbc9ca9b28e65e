"""Keys and tokens: what lets a system in, and everything that does not."""

import base64
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from brokerage.clients.permissions import Clients
from brokerage.ledger.permissions import Ledger
from stoa.identity import api_clients
from stoa.identity.api_clients import ApiClient, ApiToken
from stoa.identity.model import Person, StaffRole
from stoa.kernel.refusals import Denied, Invalid
from stoa.tenancy.actor import Actor, Kind
from support.people import make_staff

from .conftest import at, make_key

VIEW = str(Clients.VIEW)


async def test_a_key_gets_a_token_by_form_and_by_basic(house, aurora):
    row, secret, _ = await make_key(house, aurora, VIEW)
    caller = at(house, aurora)

    by_form = await caller.ask_token(client_id=row.client_id, client_secret=secret)
    proof = base64.b64encode(f"{row.client_id}:{secret}".encode()).decode()
    by_basic = await caller.http.post(
        "/api/oauth/token",
        data={"grant_type": "client_credentials", "scope": VIEW},
        headers={"authorization": f"Basic {proof}"},
    )

    for answer in (by_form, by_basic):
        assert answer.status_code == 200
        told = answer.json()
        assert told["token_type"] == "Bearer"
        assert told["scope"] == VIEW
        assert 3500 < told["expires_in"] <= 3600
        assert answer.headers["cache-control"] == "no-store"


async def test_wrong_secret_unknown_key_and_no_key_read_the_same(house, aurora):
    row, _, _ = await make_key(house, aurora, VIEW)
    caller = at(house, aurora)

    answers = [
        await caller.ask_token(client_id=row.client_id, client_secret="sk_wrong"),
        await caller.ask_token(client_id="ak_nobody", client_secret="sk_wrong"),
        await caller.ask_token(),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


async def test_a_scope_the_key_lacks_is_refused_not_dropped(house, aurora):
    row, secret, _ = await make_key(house, aurora, VIEW)

    answer = await at(house, aurora).ask_token(
        client_id=row.client_id, client_secret=secret, scope=f"{VIEW} {Ledger.VIEW}"
    )

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_scope"


async def test_other_grants_are_not_offered(house, aurora):
    row, secret, _ = await make_key(house, aurora, VIEW)

    for grant in ("password", "authorization_code", "refresh_token", ""):
        answer = await at(house, aurora).ask_token(
            grant_type=grant, client_id=row.client_id, client_secret=secret
        )
        assert answer.status_code == 400, grant


async def test_what_is_no_form_is_refused_in_the_form_of_oauth(house, aurora):
    row, secret, _ = await make_key(house, aurora, VIEW)
    http = at(house, aurora).http

    for sent in (
        {"json": {"grant_type": "client_credentials"}},
        {"data": {"grant_type": ["client_credentials", "client_credentials"]}},
        {},
    ):
        answer = await http.post("/api/oauth/token", auth=(row.client_id, secret), **sent)

        assert answer.status_code == 400, sent
        assert answer.json()["error"] == "invalid_request"
        assert answer.headers["cache-control"] == "no-store"


async def test_keys_and_tokens_of_one_broker_open_nothing_at_another(
    house, aurora, borealis, system
):
    ours = await system(VIEW)
    theirs = at(house, borealis)

    key_there = await theirs.ask_token(client_id=ours.client_id, client_secret=ours.secret)
    theirs.token = ours.token
    token_there = await theirs.get("/api/v1/clients")

    assert key_there.status_code == 401
    assert token_there.status_code == 401
    assert token_there.headers["content-type"] == "application/problem+json"
    assert (await ours.get("/api/v1/clients")).status_code == 200


async def test_no_token_a_wrong_one_and_a_session_cookie_are_all_401(house, aurora, system):
    caller = at(house, aurora)

    assert (await caller.get("/api/v1/clients")).status_code == 401
    caller.token = "at_" + "x" * 43
    assert (await caller.get("/api/v1/clients")).status_code == 401
    known = await system(VIEW)
    answer = await caller.http.get(
        "/api/v1/clients", headers={"authorization": f"Basic {known.token}"}
    )
    assert answer.status_code == 401
    assert "bearer" in answer.headers["www-authenticate"].lower()


async def _shift(house, aurora, statement):
    async with house.door.open(aurora, purpose="test") as work:
        await work.run(statement(work.now))


async def test_an_expired_token_and_an_expired_key_are_401(house, aurora, system):
    late = await system(VIEW)
    ended = await system(VIEW)

    await _shift(
        house,
        aurora,
        lambda now: (
            update(ApiToken)
            .where(ApiToken.token_hash == api_clients.hashed(late.token))
            .values(ends_at=now - timedelta(seconds=1))
        ),
    )
    await _shift(
        house,
        aurora,
        lambda now: (
            update(ApiClient)
            .where(ApiClient.id == ended.key.id)
            .values(ends_at=now - timedelta(seconds=1))
        ),
    )

    assert (await late.get("/api/v1/clients")).status_code == 401
    assert (await ended.get("/api/v1/clients")).status_code == 401
    again = await ended.ask_token(client_id=ended.client_id, client_secret=ended.secret)
    assert again.status_code == 401


async def test_a_revoked_key_is_dead_at_once_with_its_tokens(house, aurora, system):
    known = await system(VIEW)
    assert (await known.get("/api/v1/clients")).status_code == 200

    async with house.door.open(aurora, purpose="test") as work:
        await api_clients.revoke(work, known.key.id)

    assert (await known.get("/api/v1/clients")).status_code == 401
    answer = await known.ask_token(client_id=known.client_id, client_secret=known.secret)
    assert answer.status_code == 401


async def test_a_renewed_secret_replaces_the_old_one(house, aurora, system):
    known = await system(VIEW)

    async with house.door.open(aurora, purpose="test") as work:
        _, secret = await api_clients.renew(work, known.key.id)

    assert (await known.get("/api/v1/clients")).status_code == 401
    old = await known.ask_token(client_id=known.client_id, client_secret=known.secret)
    new = await known.ask_token(client_id=known.client_id, client_secret=secret)
    assert (old.status_code, new.status_code) == (401, 200)


async def test_another_address_is_not_let_in_by_secret_or_by_token(house, aurora, system):
    known = await system(VIEW, peer="203.0.113.7", allowed_ips=["203.0.113.0/24"])
    assert (await known.get("/api/v1/clients")).status_code == 200

    for peer in ("198.51.100.9", "::1", "not an address"):
        stranger = at(house, aurora, peer)
        stranger.token = known.token
        assert (await stranger.get("/api/v1/clients")).status_code == 401
        asked = await stranger.ask_token(client_id=known.client_id, client_secret=known.secret)
        assert asked.status_code == 401
    mapped = at(house, aurora, "::ffff:203.0.113.9")
    mapped.token = known.token
    assert (await mapped.get("/api/v1/clients")).status_code == 200


async def test_a_key_ends_when_its_owner_leaves(house, aurora, system):
    known = await system(VIEW)

    await _shift(
        house,
        aurora,
        lambda _: update(Person).where(Person.id == known.owner.id).values(state="disabled"),
    )

    assert (await known.get("/api/v1/clients")).status_code == 401


async def test_a_key_may_not_do_what_its_owner_may_no_longer_do(house, aurora, system):
    known = await system(VIEW, str(Ledger.VIEW))
    async with house.door.open(aurora, purpose="test") as work:
        for row in await work.rows(select(StaffRole).where(StaffRole.person == known.owner.id)):
            await work.delete(row)
        await work.flush()
        other, _ = await make_staff(work, [str(Ledger.VIEW)])
        role = await work.first(select(StaffRole).where(StaffRole.person == other.id))
        work.add(
            StaffRole(person=known.owner.id, role=role.role, granted_at=work.now, granted_by=None)
        )

    answer = await known.get("/api/v1/clients")

    assert answer.status_code == 403
    assert answer.json()["code"] == "denied"


async def test_a_scope_opens_its_own_calls_and_no_others(system):
    reader = await system(VIEW)

    assert (await reader.get("/api/v1/clients")).status_code == 200
    for path in ("/api/v1/partners", "/api/v1/trading-accounts", "/api/v1/kyc-cases"):
        assert (await reader.get(path)).status_code == 403, path
    written = await reader.post("/api/v1/clients", {"email": "a@b.example"})
    assert written.status_code == 403
    lacks = 'Bearer error="insufficient_scope", scope="clients:details:edit"'
    assert written.headers["www-authenticate"] == lacks


async def test_nobody_makes_a_key_that_may_more_than_they(house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        person, _ = await make_staff(work, ["Support"])
        held = frozenset({"api:clients:edit", VIEW})
        work.actor = Actor(Kind.STAFF, person.id, "Test", held, scope="all")
        offered = [VIEW, str(Ledger.VIEW)]
        with pytest.raises(Denied):
            await api_clients.create(work, name="more", scopes=offered, days=30, offered=offered)
        work.actor = Actor(Kind.STAFF, person.id, "Test", held, scope="own")
        with pytest.raises(Denied):
            await api_clients.create(work, name="wide", scopes=[VIEW], days=30, offered=offered)
        with pytest.raises(Invalid):
            await api_clients.create(work, name="", scopes=[VIEW], days=30, offered=offered)


async def test_no_secret_and_no_token_lies_in_the_database(house, aurora, system):
    known = await system(VIEW)

    async with house.door.open(aurora, purpose="test") as work:
        rows = await work.table(select(ApiClient)) + await work.table(select(ApiToken))
        texts = " ".join(str(vars(row[0])) for row in rows)

    assert known.secret not in texts
    assert known.token not in texts


async def test_last_use_is_noted(house, aurora, system):
    known = await system(VIEW, peer="203.0.113.20")

    await known.get("/api/v1/clients")

    async with house.door.open(aurora, purpose="test") as work:
        row = await work.get(ApiClient, known.key.id)
    assert row.last_used_at is not None
    assert row.last_ip == "203.0.113.20"
