"""A tenant comes whole or not at all, however often it is asked for and whatever dies meanwhile."""

import asyncio
import secrets

import pytest
from sqlalchemy import func, select

from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy import provision
from stoa.tenancy.model import Host, Provision, SchemaSlot, Tenant
from stoa.tenancy.orders import Asked
from stoa.tenancy.provision import STEPS


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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_currency", "XXX"),
        ("time_zone", "Mars/Olympus"),
        ("accent", "red"),
        ("owner_email", "owner@"),
        ("name", "n" * 121),
        ("legal_entity", "e" * 161),
    ],
)
async def test_what_a_later_step_would_stumble_over_is_refused_before_the_name_is_used_up(
    house, field, value
):
    slug = fresh()

    with pytest.raises(Invalid) as refused:
        await asked(house, slug, **{field: value})

    assert refused.value.field == field
    assert (await asked(house, slug)).state == "waiting", "the name is still free"


async def test_a_name_that_is_being_set_up_is_taken(house):
    slug = fresh()
    await asked(house, slug)

    with pytest.raises(Conflict):
        await asked(house, slug)


async def test_of_two_asked_for_at_once_one_is_given_up_and_says_why(house):
    slug = fresh()
    first, second = await asked(house, slug), await asked(house, fresh())
    async with house.door.platform(purpose="test") as work:
        row = await work.lock(Provision, second.id)
        row.asked = row.asked | {"slug": slug}
    await house.provisioner.run(first.id)

    with pytest.raises(Conflict):
        await house.provisioner.run(second.id)

    async with house.door.platform(purpose="test") as work:
        given_up = await work.get(Provision, second.id)
    assert given_up.state == "failed"
    assert "taken" in (given_up.error or "")


async def test_what_was_given_up_goes_on_where_it_stopped_when_asked_again(house):
    slug = fresh()
    row = await asked(house, slug)
    heard: list[str] = []

    class Trouble(Exception):
        pass

    async def fails(*_):
        raise Trouble("the disk is full")

    broken = type(house.provisioner)(
        house.door,
        house.product,
        owner_dsn=house.provisioner.owner_dsn,
        base_domain=house.config.domain,
        invite_owner=fails,
    )
    async with house.door.platform(purpose="test") as work:
        (await work.lock(Provision, row.id)).tries = 8
    with pytest.raises(Trouble):
        await broken.run(row.id)
    async with house.door.platform(purpose="test") as work:
        assert (await work.get(Provision, row.id)).state == "failed"
        await provision.again(work, row.id)

    ended = await house.provisioner.run(row.id, lambda step, _ms: heard.append(step))

    assert (ended.state, heard) == ("done", ["owner", "open"])
    async with house.door.platform(purpose="test") as work:
        with pytest.raises(Conflict):
            await provision.again(work, row.id)
