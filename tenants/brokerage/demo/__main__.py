"""`python -m brokerage.demo`: the operator, then both tenants' stories side by side."""

import asyncio
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
from pyotp.totp import TOTP
from sqlalchemy import select

from brokerage.demo import coins, staffing, telling, visits
from brokerage.demo.connect import Wish, open_tenant
from brokerage.demo.story import DAYS, Story
from brokerage.demo.world import CLOCKS, World
from brokerage.screening import cli, ofac
from stoa.control import metering, pulse
from stoa.identity import factors, operators
from stoa.identity.model import Operator
from stoa.kernel.config import Config, Role
from stoa.web.logs import set_up

LISTED: Final = "\r\n".join(
    f'{9000 + at},"{name}","individual","DEMO",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB {born}; nationality {country}."'
    for at, (name, born, country) in enumerate(
        [
            ("KLEIN, Moritz", "1971", "Germany"),
            ("ORTEGA, Javier", "12 Mar 1965", "Spain"),
            ("CONSTANTINOU, Nikos", "1969", "Cyprus"),
            ("AL-AMERI, Khalid", "1970", "United Arab Emirates"),
            ("DLAMINI, Kagiso", "1982", "South Africa"),
            ("MENDOZA, Rodrigo", "1977", "Mexico"),
            ("VOLKOV, Arkadi Petrovich", "1958", "Russia"),
            ("HARGREAVES, Edmund", "1949", "United Kingdom"),
        ]
    )
)
"""An invented list in OFAC's own format, so that screening has something to find; the real one is
taken in with `stoa lists import`."""
OPERATOR: Final = "operator@stoa.example"
WISHES: Final = (
    Wish(
        slug="northlight",
        name="Northlight Capital",
        entity="Northlight Capital (CY) Ltd",
        blueprint="northlight",
        countries=("ES", "DE", "CY"),
        manager=1001,
        seed=11,
    ),
    Wish(
        slug="pulse",
        name="Pulse Markets",
        entity="Pulse Markets LLC",
        blueprint="pulse",
        countries=("AE", "ZA", "MX"),
        manager=1002,
        seed=23,
        platforms=3,
    ),
)


def tell(text: str) -> None:
    """A line for whoever waits."""
    print(text, flush=True)  # noqa: T201 - the supervisor shows it


async def operator(config: Config) -> None:
    """The operator's first person, with a known second factor to try."""
    world = World(config, datetime.now(UTC), tell)
    try:
        async with world.door.platform(purpose="demo.prepare") as work:
            known = await work.first(select(Operator.id).where(Operator.email == OPERATOR))
        if known is None:
            await operators.create_operator(world.door, OPERATOR, "Ada Operator", staffing.PASSWORD)
        async with world.door.platform(purpose="demo.prepare") as work:
            row = await work.first(select(Operator).where(Operator.email == OPERATOR))
            assert row is not None  # noqa: S101 - it was just made
            if not factors.has(row):
                secret = staffing.secret_of(OPERATOR)
                code = TOTP(secret).at(int(work.now.timestamp()))
                keep = factors.operator_keeper(world.door.master, row.id)
                factors.enrol(keep, row, secret, code, work.now)
        listing = ofac.parse(
            sdn=LISTED.encode(), alt=b"", add=b"", published=datetime.now(UTC).date()
        )
        await cli.bring_in(world.door, listing)
    finally:
        await world.aclose()


async def story(slug: str) -> None:
    """One tenant's whole story."""
    wish = next(one for one in WISHES if one.slug == slug)
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    world = World(Config.load(), start, tell)
    try:
        tell(f"{wish.name}: opening")
        ref = await open_tenant(world, wish)
        await coins.connect(world, ref, wish)
        await telling.tell(Story(world, ref, wish, start))
        world.clock.now = datetime.now(UTC)
        await visits.happen(world, ref, OPERATOR)
        await pulse.take(world.door, world.provisioner.product, ref)
        await metering.count(world.door, world.provisioner.product, ref, days=DAYS + 2)
    finally:
        await world.aclose()


def logins(config: Config) -> list[dict[str, Any]]:
    """What the closing table shows, each with a login to try."""
    note = "second factor: stoa code LOGIN"
    rows: list[dict[str, Any]] = [
        {
            "title": "Control plane",
            "host": config.control_host,
            "path": "/",
            "login": OPERATOR,
            "password": staffing.PASSWORD,
            "note": note,
        }
    ]
    for wish in WISHES:
        host = config.tenant_host(wish.slug)
        for title, path, login, more in (
            ("trader room", "/", f"client001@{wish.slug}.example", ""),
            ("back office", "/desk", f"owner@{wish.slug}.example", note),
            ("partner portal", "/partner", f"client001@{wish.slug}.example", ""),
            ("API docs", "/api/docs", "", ""),
        ):
            rows.append(
                {
                    "title": f"{wish.name}: {title}",
                    "host": host,
                    "path": path,
                    "login": login,
                    "password": staffing.PASSWORD if login else "",
                    "note": more,
                }
            )
    return rows


async def before(config: Config) -> None:
    """The trading servers start in the past with everybody."""
    for old in config.state.glob("demo.*"):
        if old.name != "demo.json":
            old.unlink()
    world = World(config, datetime.now(UTC), tell)
    try:
        start = world.real_now - timedelta(days=DAYS)
        for server in CLOCKS:
            await world.lever(server, "/clock", {"now": start.isoformat(), "frozen": True})
    finally:
        await world.aclose()


async def between(config: Config, running: list["subprocess.Popen[bytes]"]) -> bool:
    """When both have told their two months, the trading servers' clocks show today again."""
    told = [config.state / f"demo.{wish.slug}.told" for wish in WISHES]
    while not all(one.exists() for one in told):
        if any(one.poll() for one in running):
            return False
        await asyncio.sleep(0.2)
    world = World(config, datetime.now(UTC), tell)
    try:
        for server in CLOCKS:
            await world.lever(server, "/clock", {"offset_s": 0})
    finally:
        await world.aclose()
    (config.state / "demo.go").touch()
    return True


async def analysed(config: Config) -> None:
    """The planner learns at once what two months brought; by itself it would within minutes."""
    line = await asyncpg.connect(config.dsn(Role.OWNER, direct=True))
    try:
        await line.execute("vacuum (analyze, skip_locked)")
    finally:
        await line.close()


def main() -> int:
    """Both stories in processes of their own, one a core; then the table's rows are kept."""
    config = Config.load()
    if len(sys.argv) > 1:
        set_up("demo")
        asyncio.run(story(sys.argv[1]))
        return 0
    started = time.monotonic()
    asyncio.run(operator(config))
    asyncio.run(before(config))
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "brokerage.demo", wish.slug],
            env={**os.environ, "STOA_LOG": "error"},
        )
        for wish in WISHES
    ]
    if not asyncio.run(between(config, running)):
        for one in running:
            one.terminate()
        return 1
    codes = [one.wait() for one in running]
    if any(codes):
        return 1
    asyncio.run(analysed(config))
    (config.state / "demo.json").write_text(json.dumps({"logins": logins(config)}, indent=1))
    tell(f"both stories told in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
