"""The long-running processes beside the web: worker and relay; and what makes their schemas."""

import asyncio
import signal
from collections.abc import Callable

import asyncpg
import structlog
import uvloop
from redis.exceptions import RedisError

from brokerage.installing import POOL_OF_BLANKS
from brokerage.product import PRODUCT
from stoa.identity.invitations import invite_owner
from stoa.jobs.bell import Bell
from stoa.jobs.relay import Relay
from stoa.jobs.worker import connect as connect_bell
from stoa.jobs.worker import worker as make_worker
from stoa.kernel.config import Config, Role
from stoa.kernel.priority import give_way
from stoa.tenancy import blank, migrations
from stoa.tenancy.door import Door
from stoa.tenancy.provision import Provisioner
from stoa.vault.keys import MasterKey
from stoa.web.logs import set_up

YIELDING = 5
"""Priority of what works behind the scenes (0 is usual, 19 lowest): people are answered first."""
_AGAIN_S = 1.0
log = structlog.get_logger("brokerage.processes")


def door_of(
    config: Config,
    *,
    role: Role = Role.APP,
    application: str,
    pool: int = 6,
    relaxed: bool = False,
) -> Door:
    return Door(
        app_dsn=config.dsn(role),
        control_dsn=config.dsn(Role.CONTROL),
        master=MasterKey.load(config.kek_file),
        slices=PRODUCT.slices,
        pool=pool,
        application=application,
        relaxed=relaxed,
    )


def provisioner_of(config: Config, door: Door) -> Provisioner:
    return Provisioner(
        door,
        PRODUCT,
        owner_dsn=config.dsn(Role.OWNER, direct=True),
        base_domain=config.domain,
        invite_owner=invite_owner,
        pool_size=POOL_OF_BLANKS,
    )


def run_worker() -> None:
    """The arq worker in the foreground; it handles SIGTERM itself, and outlives a lost Valkey."""
    set_up("worker")
    give_way(YIELDING)
    config = Config.load()
    # arq takes the loop that is set: the fast one halves what idling costs.
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    door = door_of(config, application="worker")
    while True:
        try:
            make_worker(config.redis_url, door, PRODUCT, provisioner_of(config, door)).run()
        except (RedisError, OSError):
            # Only the bell is gone. What it would have announced is in PostgreSQL.
            log.warning("the bell is away", exc_info=True)
            loop.run_until_complete(asyncio.sleep(_AGAIN_S))
        except asyncio.CancelledError:
            # Told to stop with jobs in hand: they gave back what they held.
            return
        else:
            return


async def run_relay(stop: asyncio.Event) -> None:
    """The relay in the foreground until SIGTERM or Ctrl-C."""
    set_up("relay")
    give_way(YIELDING)
    config = Config.load()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    door = door_of(config, role=Role.RELAY, application="relay", pool=3)
    arq = await connect_bell(config.redis_url)
    door.after_commit = Bell(arq)
    relay = Relay(door, PRODUCT, arq)
    running = asyncio.create_task(relay.run())
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    relay.stop()
    await running
    await arq.aclose()
    await door.close()


async def bring_schemas(config: Config, tell: Callable[[str], None]) -> None:
    """Every tenant's schema to the newest revision, and the pool of blank ones filled up."""
    tell("tenant schemas")
    report = await migrations.migrate_fleet(config.dsn(Role.OWNER, direct=True))
    if report.failed:
        raise SystemExit(f"not migrated: {report.failed}")
    tell("blank schemas")
    owner = await asyncpg.connect(config.dsn(Role.OWNER, direct=True))
    try:
        await blank.top_up(
            owner,
            revision=migrations.head("tenants"),
            master=MasterKey.load(config.kek_file),
            keep=POOL_OF_BLANKS,
        )
    finally:
        await owner.close()
