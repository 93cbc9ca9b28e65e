"""J1's first steps: the operator at the control plane, new sub-brokers, a worker that dies."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx2

from support.walk import entering
from support.walk.broker import Broker
from support.walk.entering import Login
from support.walk.hand import Hand
from support.walk.installation import Installation
from support.walk.plain import client

READY_S = 300
TRIES = 20


@dataclass
class Control:
    """The operator: signed in at the control plane, and with a token for scripts."""

    installation: Installation
    hand: Hand
    login: Login
    http: httpx2.AsyncClient

    async def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        return await self.http.request(method, path, **more)

    async def tenants(self) -> list[dict[str, Any]]:
        return (await self.ask("GET", "/api/tenants")).json()

    async def tenant(self, slug: str) -> str:
        found = [one["id"] for one in await self.tenants() if one["slug"] == slug]
        assert len(found) == 1, found
        return found[0]


async def take_office(installation: Installation, hand: Hand) -> Control:
    """The first operator comes in, sets the second factor up and makes a token for scripts."""
    login = await entering.first_operator(installation, hand, "ada@operator.example")
    await hand.open("/me")
    rights = await hand.found(r'name="permissions" value="([^"]+)"')
    await hand.submit("/me/tokens", name="Provisioning", days="30", permissions=rights)
    token = await hand.one(r'data-copy="(stoa_op_[^"]+)"')
    base = installation.url(installation.config.control_host, "")
    http = client(base, headers={"authorization": f"Bearer {token}"})
    return Control(installation, hand, login, http)


async def by_page(control: Control, broker: Broker) -> None:
    """The form of one page; the steps are watched until the sub-broker is ready."""
    hand = control.hand
    await hand.open("/tenants/new")
    told = await hand.refused("/tenants", **wish(broker) | {"slug": "control"})
    assert "reserved" in told
    await hand.submit("/tenants", **wish(broker))
    await hand.until(hand.path, "The owner has an invitation in the mail", within_s=READY_S)
    await hand.sees("Name reserved", "Schema claimed", "Owner invited", "Address opened")


async def by_api(control: Control, broker: Broker) -> None:
    """202 with an address; the same again is the same; another body under the key is refused."""
    key = {"idempotency-key": f"key-{broker.slug}"}
    body = wish(broker)

    first = await control.ask("POST", "/api/tenants", json=body, headers=key)
    assert first.status_code == 202, first.text
    where = first.headers["location"]
    again = await control.ask("POST", "/api/tenants", json=body, headers=key)
    assert (again.status_code, again.headers["location"]) == (202, where)
    other = await control.ask("POST", "/api/tenants", json=body | {"name": "Other"}, headers=key)
    assert other.status_code == 409, other.text
    assert "Nothing was changed" in other.json()["detail"]

    done = await ended(control, where)
    assert [step["step"] for step in done["steps"]] == [
        "reserve", "schema", "settings", "seed", "owner", "open",
    ]  # fmt: skip
    assert done["address"] == broker.installation.url(broker.host)
    again = await control.ask("POST", "/api/tenants", json=body, headers=key)
    assert again.headers["location"] == where
    assert await control.tenant(broker.slug) == done["tenant"]


def wish(broker: Broker) -> dict[str, str]:
    return {
        "name": broker.name,
        "slug": broker.slug,
        "legal_entity": f"{broker.name} Ltd",
        "owner_email": broker.email("owner"),
        "blueprint": broker.blueprint,
    }


async def ended(control: Control, where: str) -> dict[str, Any]:
    ends = time.monotonic() + READY_S
    while True:
        told = (await control.ask("GET", where)).json()
        if told["state"] in {"done", "failed"}:
            assert told["state"] == "done", told
            return told
        assert time.monotonic() < ends, told
        await asyncio.sleep(0.2)


@dataclass
class Crash:
    """A request whose worker was killed between two of its steps."""

    slug: str
    owner: str
    where: str
    steps_before: int
    pid: int


async def crash(control: Control) -> Crash:
    """Kill the worker in the middle; some may be too quick for us, so that it is tried again."""
    for _ in range(TRIES):
        slug = f"lyra{secrets.token_hex(3)}"
        body = {
            "name": "Lyra Prime",
            "slug": slug,
            "legal_entity": "Lyra Prime Ltd",
            "owner_email": f"owner@{slug}.example",
            "blueprint": "standard",
        }
        pid = control.installation.pid("worker")
        made = await control.ask(
            "POST", "/api/tenants", json=body, headers={"idempotency-key": f"key-{slug}"}
        )
        where = made.headers["location"]
        steps: list[Any] = []
        while not steps:
            steps = (await control.ask("GET", where)).json()["steps"]
        control.installation.kill("worker")
        told = (await control.ask("GET", where)).json()
        if told["state"] != "done":
            return Crash(slug, body["owner_email"], where, len(told["steps"]), pid)
    raise AssertionError("provisioning was too quick to be interrupted, time and again")
