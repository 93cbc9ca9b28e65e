"""A tenant comes whole or not at all, however often it is asked for and whatever dies meanwhile."""

import asyncio
import secrets

import pytest
from sqlalchemy import func, select

from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy import provision
from stoa.tenancy.model import Host, Provision, SchemaSlot, Tenant
from stoa.tenancy.provision import STEPS, Asked


def wish(slug: str, **more) -> Asked:
    facts = {
        "name": slug.title(),
        "legal_entity": f"{slug} Ltd",
        "owner_email": f"o@{slug}.example",
    }
    return Asked(slug=slug, **facts | more)


def fresh() -> str:
    return f"p{secrets.token_hex(5)}"


async def asked(house, slug, key=None, **more) -> Provision:
    async with house.door.platform(purpose="test") as work:
        return await provision.request(work, wish(slug, **more), key=key or secrets.token_hex(8))


class Killed(Exception):
    pass


@pytest.mark.parametrize("step", STEPS)
async def test_killed_after_any_step_it_ends_as_one_whole_tenant(house, step, monkeypatch=None):
    slug = fresh()
    row = await asked(house, slug)
    provisioner = type(house.provisioner)(
        house.door,
        house.product,
        owner_dsn=house.provisioner.owner_dsn,
        base_domain=house.config.domain,
        invite_owner=house.provisioner.invite_owner,
    )

    async def dies(*_):
        raise Killed

    whole = provisioner._advance

    async def advance(provision_id, done, took):
        if done == step:
            raise Killed
        await whole(provision_id, done, took)

    provisioner._advance = advance
    with pytest.raises(Killed):
        await provisioner.run(row.id)
    ended = await house.provisioner.run(row.id)

    assert ended.state == "done"
    async with house.door.platform(purpose="test") as work:
        tenants = await work.rows(select(Tenant).where(Tenant.slug == slug))
        slots = await work.rows(select(SchemaSlot).where(SchemaSlot.tenant == tenants[0].id))
        hosts = await work.rows(select(Host).where(Host.tenant == tenants[0].id))
    assert (len(tenants), len(slots), len(hosts)) == (1, 1, 1)


async def test_it_has_no_address_before_it_is_whole(house):
    slug = fresh()
    await asked(house, slug)

    assert await house.door.registry.by_host(f"{slug}.{house.config.domain}") is None


async def test_the_same_key_answers_the_same_request(house):
    slug, key = fresh(), secrets.token_hex(8)
    first = await asked(house, slug, key)

    again = await asked(house, slug, key)

    assert again.id == first.id
    with pytest.raises(Conflict, match="another request"):
        await asked(house, fresh(), key)


async def test_a_slug_is_never_used_twice(house):
    tenant = await house.tenant(fresh())

    with pytest.raises(Conflict, match="taken"):
        await asked(house, tenant.slug)


@pytest.mark.parametrize("slug", ["a", "control", "Ab", "a--b", "1abc", "x" * 40, "ä-b-c", "api"])
async def test_a_name_that_cannot_be_an_address_is_refused(house, slug):
    with pytest.raises(Invalid):
        await asked(house, slug)


async def test_two_workers_take_disjoint_requests(house):
    slugs = [fresh() for _ in range(4)]
    for slug in slugs:
        await asked(house, slug)

    await asyncio.gather(house.provisioner.run_waiting(), house.provisioner.run_waiting())

    async with house.door.platform(purpose="test") as work:
        count = await work.value(select(func.count()).where(Tenant.slug.in_(slugs)))
        states = await work.rows(select(Tenant.state).where(Tenant.slug.in_(slugs)))
    assert count == len(slugs)
    assert set(states) == {"active"}
