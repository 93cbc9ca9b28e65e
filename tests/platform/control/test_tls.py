"""Certificates are asked for names that are proven and served, and by the proxy alone."""

import secrets
from dataclasses import replace
from ipaddress import ip_network

import httpx2
import pytest
from sqlalchemy import update

from brokerage.web import assemble
from stoa.control.tls import beside
from stoa.tenancy.model import Host, Tenant
from support.web import state_of

PROXY, VISITOR = "10.9.0.4", "203.0.113.7"


@pytest.fixture(scope="module")
def front(house):
    """The application of an installation that stands behind a proxy at 10.9.0.0/24."""
    state = state_of(house)
    state.config = replace(house.config, trusted_proxies=(ip_network("10.9.0.0/24"),))
    return assemble(state)


@pytest.fixture
def ask(house, front):
    async def asked(name: str, *, peer: str = PROXY, at: str | None = None, **headers: str) -> int:
        transport = httpx2.ASGITransport(app=front, client=(peer, 40000))
        base = f"http://{at or house.config.control_host}:8000"
        async with httpx2.AsyncClient(transport=transport, base_url=base) as http:
            return (
                await http.get("/tls-ask", params={"domain": name}, headers=headers)
            ).status_code

    return asked


async def with_host(house, tenant, *, verified: bool) -> str:
    name = f"{secrets.token_hex(4)}.example"
    async with house.door.platform(purpose="test") as work:
        at = work.now if verified else None
        work.add(Host(name=name, tenant=tenant.id, kind="own", verified_at=at))
    return name


async def test_the_hosts_of_a_served_tenant_and_of_the_operator_get_certificates(
    house, aurora, ask
):
    assert await ask(aurora.host) == 200
    assert await ask(house.config.control_host) == 200
    # A tenant of its own: a proven domain becomes where that tenant's pages send people.
    assert await ask(await with_host(house, await house.tenant(), verified=True)) == 200


async def test_a_domain_nobody_has_proven_gets_none(house, aurora, ask):
    assert await ask(await with_host(house, aurora, verified=False)) == 404


@pytest.mark.parametrize("name", ["", "stranger.example", "a b", "x.aurora.localhost", "é.example"])
async def test_unknown_and_malformed_names_get_none(ask, name):
    assert await ask(name) == 404


@pytest.mark.parametrize(("state", "answer"), [("suspended", 200), ("archived", 404)])
async def test_a_suspended_tenant_keeps_its_certificate_and_an_archived_one_does_not(
    house, ask, state, answer
):
    tenant = await house.tenant()
    async with house.door.platform(purpose="test") as work:
        await work.run(update(Tenant).where(Tenant.id == tenant.id).values(state=state))
    assert await ask(tenant.host) == answer


async def test_only_the_proxy_and_loopback_are_answered(aurora, ask):
    assert await ask(aurora.host, peer="127.0.0.1") == 200
    assert await ask(aurora.host, peer=VISITOR) == 404
    through_the_proxy = {"x-forwarded-for": VISITOR}
    assert await ask(aurora.host, **through_the_proxy) == 404
    pretending = {"x-forwarded-for": f"127.0.0.1, {VISITOR}"}
    assert await ask(aurora.host, **pretending) == 404


async def test_a_tenants_own_host_does_not_answer_the_question(aurora, ask):
    assert await ask(aurora.host, at=aurora.host) == 404


@pytest.mark.parametrize("ip", ["", "unix", "203.0.113.7", "10.9.1.1"])
def test_a_peer_that_is_no_known_address_is_not_beside_us(ip):
    assert not beside(ip, (ip_network("10.9.0.0/24"),))
