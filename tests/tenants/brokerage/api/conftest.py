"""A tenant's own system: a key, its token, and calls over HTTP."""

import json
import secrets
from dataclasses import dataclass

import httpx2
import pytest

from stoa.identity import api_clients
from stoa.tenancy.actor import Actor, Kind
from support.people import make_staff
from support.web import application


@dataclass
class System:
    """Calls of one system at one broker's host."""

    http: httpx2.AsyncClient
    client_id: str = ""
    secret: str = ""
    token: str = ""
    key: object = None
    owner: object = None

    async def get(self, path, **query):
        return await self.http.get(path, params=query or None, headers=self.bearer())

    async def post(self, path, body=None, *, key=None, raw=None, **headers):
        content = raw if raw is not None else json.dumps(body or {}).encode()
        return await self.http.post(
            path,
            content=content,
            headers={
                "content-type": "application/json",
                "idempotency-key": key or secrets.token_hex(8),
            }
            | self.bearer()
            | headers,
        )

    def bearer(self):
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    async def ask_token(self, **form):
        told = {"grant_type": "client_credentials"} | form
        return await self.http.post("/api/oauth/token", data=told)

    async def sign_in(self):
        answer = await self.ask_token(client_id=self.client_id, client_secret=self.secret)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return self


def at(house, tenant, peer="127.0.0.1"):
    """Somebody without a key, calling from `peer`."""
    transport = httpx2.ASGITransport(app=application(house), client=(peer, 40000))
    return System(httpx2.AsyncClient(transport=transport, base_url=f"http://{tenant.host}"))


async def make_key(house, tenant, *scopes, days=30, allowed_ips=(), roles=("Owner",)):
    """A key of a new member of staff; returns its row, secret and owner."""
    async with house.door.open(tenant, purpose="test") as work:
        person, _ = await make_staff(work, roles)
        work.actor = Actor(
            Kind.STAFF, person.id, "Test", frozenset(house.product.permissions), scope="all"
        )
        row, secret = await api_clients.create(
            work,
            name="test system",
            scopes=scopes,
            days=days,
            allowed_ips=allowed_ips,
            offered=scopes,
        )
    return row, secret, person


@pytest.fixture
async def system(house, aurora):
    """A system with these scopes, its token in hand; its key is revoked after the test."""
    mine = []
    for counted in await house.redis.keys(f"t:{aurora.id}:limit:*"):
        await house.redis.delete(counted)

    async def of(*scopes, tenant=aurora, peer="127.0.0.1", **more):
        row, secret, person = await make_key(house, tenant, *scopes, **more)
        made = at(house, tenant, peer)
        made.client_id, made.secret, made.key, made.owner = row.client_id, secret, row, person
        mine.append((tenant, row.id))
        return await made.sign_in()

    yield of
    for tenant, key in mine:
        async with house.door.open(tenant, purpose="test") as work:
            await api_clients.revoke(work, key)
