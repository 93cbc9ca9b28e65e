"""The demo's hands: a simulated clock, the outside world's levers, and a pump for the jobs."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2

from brokerage.demo import acts
from brokerage.processes import door_of, provisioner_of
from brokerage.product import PRODUCT
from stoa.connectors.lines import Lines
from stoa.connectors.outside import outside
from stoa.events.facts import LANES
from stoa.jobs import drain, relay
from stoa.kernel.clock import Simulated
from stoa.kernel.config import Config
from stoa.tenancy.actor import SYSTEM, Actor, Kind
from stoa.tenancy.door import OpenWork
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work

LEVERS = {"trading": "trading-http", "dxtrade": "dxtrade-http", "fix": "fix-http"}
CLOCKS = ("trading", "dxtrade")
"""Servers that live through the past with everybody."""
Tell = Callable[[str], None]


class World:
    """One process that plays everybody: staff, clients, the worker; the outside stays outside."""

    def __init__(self, config: Config, start: datetime, tell: Tell) -> None:
        self.config = config
        self.past = True
        self.real_now = datetime.now(UTC)
        self.clock = Simulated(start)
        self.door = door_of(config, application="demo", pool=4, relaxed=True)
        self.door.clock = self.clock
        self.provisioner = provisioner_of(config, self.door)
        # What rests until a provider is tried again rests by the story's time as well.
        out = outside()
        out.lines = Lines(out.egress, steady=self._steady)
        self.http = httpx2.AsyncClient(timeout=60, trust_env=False)
        self.tell = tell

    def _steady(self) -> float:
        return self.clock.now.timestamp()

    async def aclose(self) -> None:
        await self.http.aclose()
        await self.door.close()

    async def lever(
        self, service: str, path: str, body: Any = None, *, method: str = "POST"
    ) -> Any:
        """Pull a lever of the outside world."""
        answer = await self.http.request(
            method, self.config.services[LEVERS.get(service, service)] + path, json=body
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def to(self, moment: datetime) -> None:
        """Move the clock forward."""
        self.clock.now = max(self.clock.now, moment.astimezone(UTC))

    async def server_at(self, service: str = "trading") -> datetime:
        """A trading server's time; while the past is told, both stories push it ahead."""
        told = await self.lever(service, "/clock", method="GET")
        server = datetime.fromtimestamp(float(told["now"]), UTC)
        if server < self.clock.now and self.past:
            with contextlib.suppress(httpx2.HTTPStatusError):
                # The other story may have traded later than this one: then its time is right.
                body = {"now": self.clock.now.isoformat(), "frozen": True}
                await self.lever(service, "/clock", body)
                server = self.clock.now
        return server

    def work(
        self, tenant: TenantRef, actor: Actor = SYSTEM, purpose: str = "demo"
    ) -> AbstractAsyncContextManager[Work]:
        return self.door.open(tenant, actor=actor, purpose=acts.called(purpose))

    def opener(self, tenant: TenantRef, actor: Actor = SYSTEM, purpose: str = "demo") -> OpenWork:
        return self.door.opener(tenant, actor=actor, purpose=acts.called(purpose))

    def client(self, client: UUID) -> Actor:
        """The client at their own browser, second factor just shown."""
        return Actor(
            Kind.CLIENT,
            client,
            "client",
            PRODUCT.own_permissions(),
            scope="own",
            second_factor_at=self.clock.now.timestamp(),
        )

    def staff(self, person: UUID, name: str, permissions: frozenset[str]) -> Actor:
        return Actor(
            Kind.STAFF,
            person,
            name,
            permissions,
            second_factor_at=self.clock.now.timestamp(),
        )

    async def pump(self, tenant: TenantRef, rounds: int = 12) -> None:
        """Relay and worker in one: everything told is heard before this returns."""
        for _ in range(rounds):
            lanes = (await relay.fan_out(self.door, PRODUCT, tenant)).lanes
            for lane in (lane for lane in LANES if lane in lanes):
                while await drain.drain(self.door, PRODUCT, tenant, lane):
                    pass
            if not lanes:
                return

    async def settle(self, *services: str) -> None:
        """Let the providers finish what is pending, now."""
        await asyncio.gather(*(self.lever(name, "/_sandbox/settle") for name in services))
