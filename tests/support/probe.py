"""A module of one fact and a few readers, to see what becomes of a fact on its way."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from stoa.events.facts import Fact, fact, hearing
from stoa.product import Module, Product


@fact
class Probed(Fact):
    """Told by tests alone. `how` says what its reader does with it."""

    kind = "test.probed"
    lane = "reports"

    number: int = 0
    how: str = "heard"


@dataclass
class Probe:
    """Readers that count what they hear; `others` are readers that only count as well."""

    heard: Counter[int] = field(default_factory=Counter)
    others: Counter[int] = field(default_factory=Counter)
    order: list[int] = field(default_factory=list)
    ids: set[UUID] = field(default_factory=set)
    mended: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a reader is in the middle of a fact that is slow or hangs."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """What a slow reader waits for."""

    @property
    def product(self) -> Product:
        async def hear(open_work: Any, told: Probed) -> None:
            if told.how == "poison" and not self.mended:
                raise ValueError("this fact cannot be digested")
            if told.how == "slow":
                self.begun.set()
                await self.released.wait()
            if told.how == "hangs" and not self.mended:
                self.begun.set()
                await asyncio.Event().wait()
            self.heard[told.number] += 1
            self.order.append(told.number)
            self.ids.add(hearing.get().id)

        async def listen(open_work: Any, told: Probed) -> None:
            self.others[told.number] += 1

        return Product([Module(name="probe", reactions={Probed: [hear, listen]})])
