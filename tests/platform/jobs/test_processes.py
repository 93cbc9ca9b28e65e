"""Real processes that die: the worker, the relay, Valkey and PostgreSQL, each while it is needed."""

import asyncio
import os
import secrets
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, text, update

from brokerage.clients import clients
from brokerage.clients.events import LevelChanged
from brokerage.demo.world import World
from brokerage.faults import points
from brokerage.faults.site import running
from brokerage.kyc.events import KycApproved
from brokerage.trading.model import TradingAccount
from stoa.cli.accounts import own_state
from stoa.events.model import Inbox, Outbox
from stoa.jobs import drain
from stoa.kernel import process
from stoa.kernel.clock import real
from stoa.kernel.ids import uuid7
from stoa.tenancy import provision
from stoa.tenancy.model import Provision, SchemaSlot, Tenant
from stoa.tenancy.orders import Asked
from support.patience import LONGEST_S, until

pytestmark = pytest.mark.long

READER = "trading:open_live"
FOLLOWED_S = 4 * drain.LEASE_S
"""From the telling to the end, by the database's own times: a lease, and whatever a machine needs."""
LANGUAGES = ("es", "ar", "en")
MANY = 60_000


class Place:
    """An installation with two sub-brokers, and what is asked of it."""

    def __init__(self, site, world):
        self.site, self.world = site, world

    async def tenant(self):
        slug = f"p{secrets.token_hex(4)}"
        asked = Asked(
            name="Proof",
            slug=slug,
            legal_entity="Proof Ltd",
            owner_email=f"owner@{slug}.example",
            blueprint="standard",
        )
        async with self.world.door.platform(purpose="test") as work:
            row = await provision.request(work, asked, key=slug, mine=True)
        await self.world.provisioner.run(row.id)
        return await self.world.door.registry.by_slug(slug)

    async def people(self, tenant, count):
        made = []
        for _ in range(count):
            async with self.world.work(tenant, purpose="test.client") as work:
                row = await clients.register(
                    work,
                    email=f"{uuid7().hex}@example.com",
                    first_name="Ines",
                    last_name="Duarte",
                    country="ES",
                )
            made.append(row.id)
        return made

    async def approved(self, tenant, client):
        """A fact whose reaction opens an account: once, or the test sees two."""
        async with self.world.work(tenant, purpose="test.tell") as work:
            work.tell(KycApproved(client=client, case=uuid7(), level="full"))

    async def accounts(self, tenant):
        async with self.world.work(tenant) as work:
            rows = await work.table(
                select(TradingAccount.client, func.count()).group_by(TradingAccount.client)
            )
        return dict(map(tuple, rows))

    async def waiting(self, tenant):
        async with self.world.work(tenant) as work:
            told = await work.value(select(func.count()).where(Outbox.relayed_at.is_(None)))
            left = await work.value(
                select(func.count())
                .select_from(Inbox)
                .where(Inbox.state == "waiting", Inbox.reader == READER)
            )
        return told + left

    async def quiet(self, tenant, within_s=2 * LONGEST_S):
        async def all_heard():
            return not await self.waiting(tenant)

        await until(all_heard, within_s, every_s=0.2)


@pytest.fixture(scope="module")
async def place():
    # Not pytest's own folder, which the account of the servers may not walk into.
    folder = own_state(Path(tempfile.mkdtemp(prefix="stoa-processes-")).resolve())
    known, before = os.environ.get("STOA_STATE"), process.config()
    async with running(folder / "state", durable=False) as site:
        os.environ["STOA_STATE"] = site.environ["STOA_STATE"]
        world = World(site.config, datetime.now(UTC), print)
        world.door.clock = real
        yield Place(site, world)
        await world.aclose()
    shutil.rmtree(folder, ignore_errors=True)
    process.use(before)
    os.environ.pop("STOA_STATE", None)
    if known is not None:
        os.environ["STOA_STATE"] = known


async def test_a_worker_killed_in_a_reaction_is_followed_within_its_lease(place):
    """T108, T109: after the reaction's commit, before anybody noted that it had run."""
    tenant = await place.tenant()
    (client,) = await place.people(tenant, 1)
    await place.quiet(tenant)
    place.site.arm("drain.reacted")
    deaths = place.site.parts["worker"].deaths

    await place.approved(tenant, client)
    assert await place.site.struck("drain.reacted", LONGEST_S)
    await place.quiet(tenant)

    assert place.site.parts["worker"].deaths == deaths + 1
    assert await place.accounts(tenant) == {client: 1}
    async with place.world.work(tenant) as work:
        row = await work.first(
            select(Inbox).where(Inbox.kind == KycApproved.kind, Inbox.reader == READER)
        )
    assert row.done_at - row.told_at < timedelta(seconds=FOLLOWED_S)


@pytest.mark.parametrize("point", ["relay.inserted", "relay.marked", "drain.claimed"])
async def test_dying_between_two_steps_loses_nothing_and_repeats_nothing(place, point):
    tenant = await place.tenant()
    people = await place.people(tenant, 4)
    await place.quiet(tenant)
    place.site.arm(point)

    for client in people:
        await place.approved(tenant, client)
    assert await place.site.struck(point, LONGEST_S)
    await place.quiet(tenant)

    assert await place.accounts(tenant) == dict.fromkeys(people, 1)


@pytest.mark.parametrize("how", ["flushed", "killed"])
async def test_a_lost_valkey_loses_nothing(place, how):
    """T107."""
    tenant = await place.tenant()
    people = await place.people(tenant, 12)
    relay, web = (place.site.parts[name].known.pid for name in ("relay", "web"))

    for number, client in enumerate(people):
        await place.approved(tenant, client)
        if number % 4 == 1 and how == "flushed":
            redis = Redis.from_url(place.site.config.redis_url)
            await redis.flushall()
            await redis.aclose()
        if number == 5 and how == "killed":
            place.site.kill("valkey")
    await place.quiet(tenant)

    assert await place.accounts(tenant) == dict.fromkeys(people, 1)
    assert place.site.parts["relay"].known.pid == relay
    assert place.site.parts["web"].known.pid == web


async def test_a_database_that_dies_under_load_is_told_clearly_and_all_go_on(place):
    """503 with what to do, in the visitor's language; nobody is started again afterwards."""
    tenant = await place.tenant()
    people = await place.people(tenant, 6)
    await place.quiet(tenant)
    pids = {name: place.site.parts[name].known.pid for name in ("web", "worker", "relay")}
    seen = []
    asking = True

    async def visitor(language):
        base = f"http://127.0.0.1:{place.site.config.port}"
        headers = {"host": tenant.host, "accept": "text/html", "accept-language": language}
        async with httpx2.AsyncClient(
            base_url=base, headers=headers, timeout=LONGEST_S, trust_env=False
        ) as http:
            while asking:
                answer = await http.get("/sign-in")
                seen.append((language, answer))
                await asyncio.sleep(0.02)

    def all_had(status, since=0):
        """Whether everybody was answered so."""
        return {one for one, told in seen[since:] if told.status_code == status} == {*LANGUAGES}

    def all_were_told():
        # A quick machine has it back before everybody has asked: then it goes away again.
        if place.site.parts["postgres"].process.poll() is None:
            place.site.kill("postgres")
        return all_had(503)

    visitors = [asyncio.create_task(visitor(one)) for one in LANGUAGES]
    await until(lambda: all_had(200))
    await until(all_were_told, every_s=1)
    await place.site.ready("postgres")
    for client in people:
        await told_at_last(place, tenant, client)
    await place.quiet(tenant)
    again = len(seen)
    await until(lambda: all_had(200, since=again))
    asking = False
    await asyncio.gather(*visitors)

    assert {answer.status_code for _, answer in seen} == {200, 503}
    away = {language: one for language, one in seen if one.status_code == 503}
    assert "No podemos acceder a nuestros registros" in away["es"].text
    assert "لا يمكننا الوصول إلى سجلاتنا" in away["ar"].text
    assert all(one.headers["retry-after"] for one in away.values())
    assert {name: place.site.parts[name].known.pid for name in pids} == pids
    assert await place.accounts(tenant) == dict.fromkeys(people, 1)


async def told_at_last(place, tenant, client):
    async def told():
        try:
            await place.approved(tenant, client)
        except Exception:
            return False
        return True

    await until(told, every_s=0.2)


async def test_a_tenant_with_thousands_waiting_keeps_nobody_else_waiting(place):
    """T112: tens of thousands of one, and the single one of another is taken among the first."""
    busy, other = await place.tenant(), await place.tenant()
    (client,) = await place.people(other, 1)
    await place.quiet(other)
    many = Inbox.kind == LevelChanged.kind, Inbox.reader == "payments:look_again"
    async with place.world.work(busy) as work:
        await work.run(
            text(
                "insert into inbox (fact, reader, kind, lane, body, told_at, due_at) select "
                "gen_random_uuid(), 'payments:look_again', :kind, :lane, jsonb_build_object("
                "'client', gen_random_uuid(), 'was', 'a', 'level', 'b'), now(), now() "
                "from generate_series(1, cast(:many as integer))"
            ),
            {"kind": LevelChanged.kind, "lane": KycApproved.lane, "many": MANY},
        )

    async def waiting() -> int:
        async with place.world.work(busy) as work:
            return await work.value(
                select(func.count()).select_from(Inbox).where(Inbox.state == "waiting", *many)
            )

    for _ in range(200):  # the many are being worked through
        if await waiting() < MANY:
            break
        await asyncio.sleep(0.2)
    assert 0 < await waiting() < MANY
    await place.approved(other, client)
    await place.quiet(other)
    left = await waiting()
    async with place.world.work(busy) as work:  # nobody's test waits for the rest of them
        await work.run(update(Inbox).where(Inbox.state == "waiting", *many).values(state="done"))

    # In the order of arrival it would have come after all of them; they take minutes.
    assert left > MANY / 2


@pytest.mark.parametrize("point", points.PROVISIONING)
async def test_a_worker_killed_while_provisioning_leaves_no_half_of_a_tenant(place, point):
    """T118: the next worker goes on at the step; before the last one nobody reaches anything."""
    slug = f"q{secrets.token_hex(4)}"
    asked = Asked(
        name="Proof",
        slug=slug,
        legal_entity="Proof Ltd",
        owner_email=f"owner@{slug}.example",
        blueprint="standard",
    )
    door = place.world.door
    place.site.arm(point)
    async with door.platform(purpose="test") as work:
        row = await provision.request(work, asked, key=slug)

    assert await place.site.struck(point, LONGEST_S)
    reached = await door.registry.by_host(f"{slug}.{place.site.config.domain}")
    assert (reached is not None) == (point == "provision.open")
    async with door.platform(purpose="test.older") as work:
        # The dead worker's lease is over; its follower does not wait for that in this test.
        await work.run(
            update(Provision).where(Provision.id == row.id).values(leased_until=work.now)
        )

    async def provisioned():
        return (await state_of(door, row.id)) == "done"

    await until(provisioned, 2 * LONGEST_S, every_s=0.3)

    async with door.platform(purpose="test") as work:
        tenants = await work.rows(select(Tenant.state).where(Tenant.slug == slug))
        slots = await work.rows(
            select(SchemaSlot.name)
            .join(Tenant, Tenant.id == SchemaSlot.tenant)
            .where(Tenant.slug == slug)
        )
    assert (list(tenants), len(slots)) == (["active"], 1)


async def state_of(door, provision_id):
    async with door.platform(purpose="test") as work:
        return (await work.get(Provision, provision_id)).state
