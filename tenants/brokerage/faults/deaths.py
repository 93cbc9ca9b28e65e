"""Who dies when: at the named places and at random, from the run's seed."""

import asyncio
import os
import random
import signal
from contextlib import suppress
from typing import Final

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from brokerage.demo.world import World
from brokerage.faults import points
from brokerage.faults.record import Record
from brokerage.faults.site import Site
from stoa.kernel.config import Role

PARTS: Final = ("web", "worker", "relay", "valkey", "postgres")
WAYS: Final = ("flushall", "terminate", "pause")
PAUSE_S: Final = 6.0
CUT: Final = (
    "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'stoa%' "
    "and pid <> pg_backend_pid() and backend_type = 'client backend' "
    "and (pid * 7919) % 3 = floor($1::float8 * 3)::int"
)
_REACHED_S: Final = 10.0
PSP_FAULTS: Final = {
    "connection_reset": 0.02,
    "connection_reset_after_apply": 0.03,
    "error_500_before_apply": 0.02,
    "error_500_after_apply": 0.03,
    "timeout_after_apply": {"rate": 0.01, "seconds": 12},
    "wrong_json": 0.02,
    "callback_duplicate": {"rate": 0.15, "times": 3},
    "callback_delay": {"rate": 0.15, "seconds": 3},
    "callback_out_of_order": {"rate": 0.05, "seconds": 2},
    "callback_lost": 0.05,
    "callback_before_answer": 0.05,
    "callback_forged": 0.05,
    "callback_unsigned": 0.03,
    "callback_other_merchant": 0.03,
    "callback_mutated_amount": 0.02,
    "callback_mutated_currency": 0.02,
    "callback_other_reference": 0.02,
}
TRADING_FAULTS: Final = {
    "balance_drop_before": 0.04,
    "balance_drop_after": 0.06,
    "disconnect": 0.01,
    "duplicate_deals": 0.05,
    "late_s": 5.0,
}


async def hostile(world: World) -> None:
    """From now on the world outside misbehaves."""
    for psp in ("alpha", "beta"):
        await world.lever(psp, "/_sandbox/faults", PSP_FAULTS)
    await world.lever("trading", "/faults", TRADING_FAULTS)


async def honest(world: World) -> None:
    for psp in ("alpha", "beta"):
        await world.lever(psp, "/_sandbox/faults/clear", {})
    await world.lever("trading", "/faults", method="DELETE")


class Deaths:
    """A seeded order of deaths; each happens once `due` operations have been begun."""

    def __init__(self, site: Site, record: Record, seed: int, operations: int, kills: int) -> None:
        self.site = site
        self.record = record
        self.hit: set[str] = set()
        self.missed: set[str] = set()
        chance = random.Random(f"{seed}:deaths")  # noqa: S311 - seeded on purpose
        self._chance = chance
        first = max(1, operations // 10)
        self.due = sorted(chance.randint(first, max(first, operations - 1)) for _ in range(kills))
        # Every place gets its turn before any gets a second one.
        self._places = list(points.OFTEN)
        chance.shuffle(self._places)
        self._turn = 0

    async def next(self) -> None:
        """One death: two of three at a place, the rest wherever a process happens to be."""
        if self._chance.random() < 2 / 3:
            await self._at_a_place()
        else:
            await self._anywhere()

    async def _at_a_place(self) -> None:
        point = self._places[self._turn % len(self._places)]
        self._turn += 1
        victims = self._victims()
        who = "itself" if not victims else f"{len(victims)} processes"
        self.record.event(f"armed {point}: kills {who}")
        self.site.arm(point, victims)
        if await self.site.struck(point, _REACHED_S):
            self.hit.add(point)
            self.record.event(f"struck {point}")
        else:
            self.missed.add(point)
            await self._anywhere()

    def _victims(self) -> list[int]:
        """Mostly whoever passes there; at times the database or the bell, just then."""
        roll = self._chance.random()
        if roll < 0.6:
            return []
        return self.site.tree("postgres" if roll < 0.85 else "valkey")

    async def _anywhere(self) -> None:
        await asyncio.sleep(self._chance.random())
        part = self._chance.choice([*PARTS, *WAYS])
        self.record.event(f"killed {part}")
        match part:
            case "flushall":
                await self._flush()
            case "terminate":
                await self._terminate()
            case "pause":
                await self._pause()
            case _:
                self.site.kill(part)
                return
        self.site.kills[part] += 1

    async def _flush(self) -> None:
        """Valkey forgets everything."""
        redis: Redis = Redis.from_url(self.site.config.redis_url)
        with suppress(RedisError, OSError):
            await redis.flushall()
        await redis.aclose()

    async def _terminate(self) -> None:
        """A third of the product's connections to PostgreSQL are cut, as a failover would."""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            owner = await asyncpg.connect(self.site.config.dsn(Role.ADMIN), timeout=10)
            await owner.execute(CUT, self._chance.random())
            await owner.close()

    async def _pause(self) -> None:
        """Valkey stops answering and takes no notice, then goes on."""
        pids = self.site.tree("valkey")
        for one in (signal.SIGSTOP, signal.SIGCONT):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, one)
            if one is signal.SIGSTOP:
                await asyncio.sleep(PAUSE_S)
