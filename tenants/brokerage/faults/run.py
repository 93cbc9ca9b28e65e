"""One run from an empty directory to a verdict: build, fund, break, drain, compare, report."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis
from sqlalchemy import select

from brokerage.demo.world import World
from brokerage.faults import deaths as dying
from brokerage.faults import draining, evidence, points, silence, trades
from brokerage.faults.alarms import Alarms, minutes_of
from brokerage.faults.books import Books
from brokerage.faults.cast import Broker, closed, opened
from brokerage.faults.deaths import Deaths
from brokerage.faults.driver import AWAY, Driver
from brokerage.faults.instants import Album
from brokerage.faults.record import OK, REFUSED, UNKNOWN, Record
from brokerage.faults.site import Site, running
from brokerage.trading.model import TradingAccount, Transfer, TransferState
from stoa.kernel import process, where
from stoa.kernel.clock import real
from stoa.kernel.config import Role

AT_ONCE: Final = 6
_STUCK_S: Final = 120.0
_ACCOUNTS_S: Final = 300.0
_UNDERWAY: Final = select(Transfer.id).where(
    Transfer.state.in_((TransferState.HELD, TransferState.SENDING))
)


async def whole(
    seed: int, operations: int, kills: int, *, keep: bool = False
) -> tuple[Record, dict[str, Any]]:
    """Everything asked and found, and the report; its `violations` is empty when all held."""
    folder = tempfile.mkdtemp(prefix="stoa-faults-")
    Path(folder).chmod(0o755)
    began = time.monotonic()
    record = Record()
    async with running(Path(folder).resolve() / "state") as site:
        report = await _in(site, record, seed, operations, kills)
    report["seconds"] = round(time.monotonic() - began, 1)
    if not keep and not record.breaches:
        await asyncio.to_thread(subprocess.run, ["rm", "-rf", folder], check=False)
    else:
        report["kept"] = folder
    return record, report


async def _in(site: Site, record: Record, seed: int, operations: int, kills: int) -> dict[str, Any]:
    os.environ["STOA_STATE"] = site.environ["STOA_STATE"]
    config = site.config
    process.use(config)
    world = World(config, datetime.now(UTC), tell)
    world.door.clock = real
    brokers: list[Broker] = []
    try:
        tell("opening two sub-brokers")
        brokers = await opened(world, config, each=max(4, min(24, operations // 60)))
        await _accounts(world, brokers)
        driver = Driver(world, config, brokers, record, seed)
        await driver.funding()
        await _settled(world, brokers)
        await driver.staking()
        await _staked(world, brokers)
        await dying.hostile(world)
        tell(f"{operations} operations, {kills} deaths, seed {seed}")
        deaths = Deaths(site, record, seed, operations, kills)
        album = Album(world, brokers, operations)
        storm = time.monotonic()
        await _storm(driver, deaths, album, operations)
        storm = time.monotonic() - storm
        told = await _alarms(site, world, brokers)
        await driver.trade_once()
        tell("silence of the providers")
        await silence.kept(world, driver, told, config.dsn(Role.ADMIN))
        tell("draining")
        await dying.honest(world)
        drain = await draining.drained(site, world, brokers, record, told, _STUCK_S)
        tell("comparing")
        await asyncio.sleep(3)
        traded = await trades.told(world, brokers, record)
        gaps = await evidence.held(world, brokers, record)
        books = Books(world, record)
        for broker in brokers:
            await books.compare(broker)
            await album.compare(broker, record, seed)
            async with world.work(broker.tenant, purpose="faults.alarms") as work:
                await told[broker.tenant.slug].compare(work, broker.tenant.slug, record)
        redis: Redis = Redis.from_url(config.redis_url)
        await books.keys(redis)
        await redis.aclose()
        report = _report(site, record, deaths, books, seed, operations, storm, drain)
        report["instants"] = album.count
        report["unknown_for_long"] = sum(len(one.late) for one in told.values())
        report["gaps"] = gaps
        report["deals"] = await _deals(world, traded)
        return report
    finally:
        await closed(brokers)
        await world.aclose()


async def _accounts(world: World, brokers: list[Broker]) -> None:
    ends = time.monotonic() + _ACCOUNTS_S
    for broker in brokers:
        while True:
            async with world.work(broker.tenant) as work:
                lacking = await work.rows(
                    select(TradingAccount.id).where(TradingAccount.login.is_(None))
                )
            if not lacking:
                break
            if time.monotonic() > ends:
                raise RuntimeError("the trading accounts were not made in time")
            await asyncio.sleep(0.3)


async def _settled(world: World, brokers: list[Broker]) -> None:
    """Wait until the first money is in, so that the storm has something to move."""
    from brokerage.ledger import wallets

    ends = time.monotonic() + _ACCOUNTS_S
    for broker in brokers:
        for client in broker.clients:
            while time.monotonic() < ends:
                async with world.work(broker.tenant) as work:
                    if (await wallets.available(work, client.id, client.base)).amount:
                        break
                await asyncio.sleep(0.2)


async def _staked(world: World, brokers: list[Broker]) -> None:
    """Wait until the trading accounts have what was given to them."""
    ends = time.monotonic() + _ACCOUNTS_S
    for broker in brokers:
        while time.monotonic() < ends:
            async with world.work(broker.tenant) as work:
                if not await work.rows(_UNDERWAY):
                    break
            await asyncio.sleep(0.3)


async def _alarms(site: Site, world: World, brokers: list[Broker]) -> dict[str, Alarms]:
    """By tenant what is to be watched, once everybody is back."""
    for part in site.parts:
        await site.ready(part)
    found: dict[str, Alarms] = {}
    for broker in brokers:
        async with world.work(broker.tenant, purpose="faults.alarms") as work:
            found[broker.tenant.slug] = Alarms(minutes_of(work))
    return found


async def _deals(world: World, traded: int) -> dict[str, int]:
    """How many trades there were, and how many the server told late and twice."""
    fired = (await world.lever("trading", "/faults", method="GET"))["fired"]
    return {
        "trades": traded,
        "late": fired.get("late", 0),
        "twice": fired.get("duplicate_deals", 0),
    }


async def _storm(driver: Driver, deaths: Deaths, album: Album, operations: int) -> None:
    begun = 0
    numbers = iter(range(operations))

    async def caller() -> None:
        nonlocal begun
        for number in numbers:
            begun += 1
            await driver.one(number)
            if number and number % 1000 == 0:
                tell(f"{number} operations, {sum(deaths.site.kills.values())} deaths")

    async def killer() -> None:
        for due in deaths.due:
            while begun < due:  # noqa: ASYNC110 - a count, and many who count
                await asyncio.sleep(0.05)
            await deaths.next()

    async def photographer() -> None:
        for due in album.due:
            while begun < due:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
            with suppress(*AWAY):
                await album.take()

    beside = [asyncio.create_task(killer()), asyncio.create_task(photographer())]
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    await asyncio.gather(*beside)


def _report(
    site: Site,
    record: Record,
    deaths: Deaths,
    books: Books,
    seed: int,
    operations: int,
    storm_s: float,
    drain_s: float,
) -> dict[str, Any]:
    unclear = [one for one in record.operations if one.ever_unknown]
    away = sorted(site.recoveries)
    return {
        "seed": seed,
        "commit": _commit(),
        "ops": operations,
        "kills": dict(site.kills),
        "points_hit": sorted(deaths.hit),
        "points_registered": len(points.ALL),
        "acknowledged": record.count(OK),
        "refused": record.count(REFUSED),
        "unknown": len(unclear),
        "unknown_resolved": sum(one.outcome != UNKNOWN for one in unclear),
        "answers": dict(record.answers),
        "max_sends_per_payout": books.most_sends,
        "max_credits_per_payment": books.most_credits,
        "violations": dict(Counter(one.invariant for one in record.breaches)),
        "recovery_s": {
            "p50": round(away[len(away) // 2], 2) if away else None,
            "max": round(away[-1], 2) if away else None,
        },
        "storm_s": round(storm_s, 1),
        "drain_s": round(drain_s, 1),
    }


def _commit() -> str:
    root = where.checkout()
    made = subprocess.run(
        ["git", "-C", str(root or "."), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return made.stdout.strip()


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - it is a program's progress
