"""Fixtures: the house with real PostgreSQL and Valkey, two tenants, and work in one of them."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from brokerage.product import PRODUCT
from brokerage.screening import store as screening
from stoa.identity.invitations import invite_owner
from stoa.kernel import process
from stoa.kernel.config import Config, Role
from stoa.kernel.ids import uuid7
from stoa.product import Product
from stoa.tenancy import blank, migrations, provision
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.door import Door, OpenWork
from stoa.tenancy.installation import install
from stoa.tenancy.orders import Asked
from stoa.tenancy.provision import Provisioner
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work
from stoa.vault.keys import MasterKey
from support.patience import LONGEST_S
from support.recycling import recycle
from support.servers import start_servers


@dataclass
class House:
    """The installed product of this test session."""

    config: Config
    door: Door
    product: Product
    provisioner: Provisioner
    redis: "Redis"
    made: list[TenantRef] = field(default_factory=list)
    """Tenants of the file that runs."""

    async def tenant(
        self, slug: str | None = None, *, new_schema: bool = False, **asked: str
    ) -> TenantRef:
        """A new sub-broker, through the product's own provisioning.

        `new_schema` where it matters that its tables were never used: plans are made by what a
        table takes on disk.
        """
        if new_schema:
            await self._build_first()
        slug = slug or f"t{secrets.token_hex(5)}"
        wish = Asked(
            name=asked.pop("name", slug.title()),
            slug=slug,
            legal_entity=asked.pop("legal_entity", f"{slug.title()} Ltd"),
            owner_email=asked.pop("owner_email", f"owner@{slug}.example"),
            blueprint=asked.pop("blueprint", "standard"),
            **asked,
        )
        async with self.door.platform(purpose="test") as work:
            row = await provision.request(work, wish, key=secrets.token_hex(8))
        await self.provisioner.run(row.id)
        found = await self.door.registry.by_slug(slug)
        assert found is not None
        self.made.append(found)
        return found

    async def _build_first(self) -> None:
        """A blank schema that is claimed before all others."""
        owner = await asyncpg.connect(self.config.dsn(Role.OWNER))
        await blank.build(
            owner,
            revision=migrations.head("tenants"),
            master=self.door.master,
            now=datetime(2000, 1, 1, tzinfo=UTC),
        )
        await owner.close()

    async def done_with_them(self) -> None:
        """The file is over, and with it everything its tenants were made for."""
        made, self.made[:] = list(self.made), []
        if made:
            admin = await asyncpg.connect(self.config.dsn(Role.ADMIN))
            await recycle(admin, made)
            await admin.close()


async def _patient(config: Config) -> None:
    """A hundred at one row, on a machine five times slower: who waits is not told to give up."""
    admin = await asyncpg.connect(config.dsn(Role.ADMIN))
    for login in (Role.APP, Role.CONTROL):
        for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            await admin.execute(f"alter role {login.value} set {limit} = '{LONGEST_S}s'")
    await admin.close()


HOUSES: list[House] = []


@pytest.fixture(scope="module", autouse=True)
async def schemas_go_back() -> AsyncIterator[None]:
    """What is set up first ends last: all else that a file holds has let go of its tenants."""
    yield
    for here in HOUSES:
        await here.done_with_them()


@pytest.fixture(scope="session")
async def house() -> AsyncIterator[House]:
    config = replace(start_servers().config, database_name=f"stoa_{secrets.token_hex(4)}")
    process.use(config)
    await install(config)
    await _patient(config)
    door = Door(
        app_dsn=config.dsn(Role.APP),
        control_dsn=config.dsn(Role.CONTROL),
        master=MasterKey.load(Path(config.kek_file)),
        slices=PRODUCT.slices,
        pool=10,
        application="tests",
        wait_s=LONGEST_S,  # races of a hundred are about who wins, not about how quick the machine is
    )
    screening.use(door)
    provisioner = Provisioner(
        door,
        PRODUCT,
        owner_dsn=config.dsn(Role.OWNER),
        base_domain=config.domain,
        invite_owner=invite_owner,
        pool_size=2,
    )
    redis: Redis = Redis.from_url(config.redis_url)
    here = House(config, door, PRODUCT, provisioner, redis)
    HOUSES.append(here)
    yield here
    HOUSES.remove(here)
    await redis.aclose()
    await door.close()


@pytest.fixture(scope="module")
async def aurora(house: House) -> TenantRef:
    """A sub-broker of the file: its tests meet each other's rows, and no other file's."""
    return await house.tenant(name="Aurora Markets")


@pytest.fixture(scope="module")
async def borealis(house: House) -> TenantRef:
    """A second sub-broker, to see what leaks."""
    return await house.tenant(name="Borealis FX")


def staff(*permissions: str, scope: str = "all") -> Actor:
    """A member of staff with just these permissions."""
    return Actor(Kind.STAFF, uuid7(), "Test Staff", frozenset(permissions), scope=scope)


class _RollBack(Exception):
    pass


@pytest.fixture
async def work(house: House, aurora: TenantRef) -> AsyncIterator[Work]:
    """Work as the system in the first tenant, undone after the test."""
    manager = house.door.open(aurora, purpose="test")
    opened = await manager.__aenter__()
    yield opened
    failure = _RollBack()
    with suppress(_RollBack):
        await manager.__aexit__(_RollBack, failure, None)


@pytest.fixture
def open_work(house: House, aurora: TenantRef) -> OpenWork:
    """What a reaction or a sweep gets, in the first tenant; commits are kept."""
    return house.door.opener(aurora, purpose="test")


@asynccontextmanager
async def gather_at_once(count: int) -> AsyncIterator[asyncio.Barrier]:
    """A barrier so that `count` tasks really start together."""
    yield asyncio.Barrier(count)
