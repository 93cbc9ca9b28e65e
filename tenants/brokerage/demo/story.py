"""What the chapters of one demo tenant's story share: who has come, who works there, what is under way."""

import random
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.demo.cast import Someone, people
from brokerage.demo.connect import Wish
from brokerage.demo.played import Beside, Played, Wire
from brokerage.demo.world import World
from stoa.tenancy.actor import Actor
from stoa.tenancy.registry import TenantRef

DAYS: Final = 60


class Story:
    """One tenant's story; everything random comes from the wish's seed."""

    def __init__(self, world: World, ref: TenantRef, wish: Wish, start: datetime) -> None:
        self.world = world
        self.ref = ref
        self.wish = wish
        self.start = start
        self.chance = random.Random(wish.seed)  # noqa: S311 - a story's chance
        self.cast: Iterator[Someone] = people(wish.seed, wish.countries, f"{wish.slug}.example")
        self.played: list[Played] = []
        self.partners: list[UUID] = []
        self.links: dict[UUID, str] = {}
        self.campaigns: dict[str, UUID] = {}
        self.staff: dict[str, UUID] = {}
        self.hands: dict[str, Actor] = {}
        self.papers: dict[str, Any] = {}
        self.asked: set[UUID] = set()
        self.wires: list[Wire] = []
        self.beside: list[Beside] = []
        self.at_bank = Decimal(0)
        self.paid_in = 0
        self.invitation = ""
        self.strangers = people(
            wish.seed + 3, wish.countries, f"{wish.slug}-leads.example", called="lead"
        )
