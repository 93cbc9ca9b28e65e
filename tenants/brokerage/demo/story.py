"""Two months in the life of a demo tenant, told by the product's own verbs."""

import asyncio
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.demo import (
    alliances,
    arriving,
    changes,
    courting,
    day,
    dealing,
    gifts,
    leaving,
    lives,
    money,
    outage,
    proof,
    recent,
    returning,
    staffing,
    verify,
    watch,
    wires,
)
from brokerage.demo.cast import STAFF, Someone, people
from brokerage.demo.connect import Wish
from brokerage.demo.played import Played
from brokerage.demo.recent import LATE, Late
from brokerage.demo.world import World
from stoa.control import pulse
from stoa.tenancy.actor import Actor
from stoa.tenancy.registry import TenantRef

CLIENTS: Final = 110
DAYS: Final = 60
OUTAGE: Final = 68
"""So many clients have come when the card provider has a bad hour."""


FATES: Final = (
    ("trader", 62),
    ("depositor", 10),
    ("verified", 8),
    ("in-queue", 8),
    ("asked-again", 5),
    ("demo-only", 9),
    ("left-half-way", 8),
)


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
        self.wires: list[wires.Wire] = []
        self.at_bank = Decimal(0)
        self.paid_in = 0
        self.invitation = ""
        self.strangers = people(
            wish.seed + 3, wish.countries, f"{wish.slug}-leads.example", called="lead"
        )

    async def tell(self) -> None:
        """The whole story, in order of time."""
        await self._prepare()
        early = [
            (self.start + timedelta(minutes=self.chance.randint(0, DAYS * 1440 - 2000)), None)
            for _ in range(CLIENTS)
        ]
        late = [(recent.moment(one, self.world.real_now), one) for one in LATE[self.wish.slug]]
        joins = sorted([*early, *late], key=lambda one: one[0])
        weeks = proof.ends(self)[:-1]
        for number, (joined, about) in enumerate(joins):
            while weeks and weeks[0] <= joined:
                await self._week(weeks.pop(0))
            await self.world.to(joined)
            await self._one(number, joined, about)
            await self._besides(number)
            if number % 5 == 0:
                await courting.sweep(self)
            if number % 8 == 7:
                await courting.call_back(self)
            if number % 4 == 0:
                await pulse.take(self.world.door, self.world.provisioner.product, self.ref)
            if number % 3 == 1:
                await courting.arrive(self, number // 3)
            if number % 10 == 9:
                self.world.tell(f"{self.wish.name}: {number + 1} of {len(joins)} clients")
        await self._meet()
        self.world.tell(f"{self.wish.name}: two months of trading")
        await dealing.trade(self)
        self.world.tell(f"{self.wish.name}: a working day")
        await courting.keep(self)
        await money.later(self)
        await returning.happen(self)
        await lives.happen(self)
        await alliances.happen(self)
        self.world.tell(f"{self.wish.name}: statements and settlement files")
        await proof.told(self)
        await wires.leave(self, most=2, to_bank=False)
        await wires.order(self, answered=False)
        await wires.leave(self, most=2, to_bank=False)
        await day.leave(self)
        await watch.happen(self)
        await courting.plan(self)
        await changes.happen(self)
        await self.world.pump(self.ref)

    async def _week(self, until: datetime) -> None:
        """The week's statements and settlement files; then what is to leave goes to the bank."""
        await self.world.to(until)
        await proof.week(self, until, newest=False)
        await wires.leave(self, most=3, to_bank=True)

    async def _besides(self, number: int) -> None:
        """What happens beside the clients who come, by how many have."""
        late = self.world.clock.now > self.world.real_now - timedelta(days=2)
        if number % 6 == 5 and number > 15 and not late:
            await leaving.along(self, number // 6)
        if number == alliances.INVITED - 1:
            self.invitation = await alliances.invite(self)
        if number == alliances.INVITED:
            await alliances.join(self, self.played[-1])
        if number == OUTAGE:
            await outage.happen(self)

    async def _meet(self) -> None:
        """Both stories wait for one another: then the trading server's clock is set right."""
        state = self.world.config.state
        (state / f"demo.{self.wish.slug}.told").touch()
        go = state / "demo.go"
        while not go.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.1)
        self.world.past = False

    async def _prepare(self) -> None:
        self.staff = await staffing.hire(self.world, self.ref)
        names = {short: name for name, short, _ in STAFF}
        for short, person in self.staff.items():
            held = await staffing.permissions(self.world, self.ref, person)
            self.hands[short] = self.world.staff(person, names[short], held)
        sample = next(people(self.wish.seed + 7, self.wish.countries, "sample.example"))
        for kind, content, told in (
            ("identity", verify.card(sample), verify.identity_told),
            ("address", verify.bill(sample), verify.address_told),
        ):
            seen, made = await verify.prepared(content, f"{kind}.jpg")
            self.papers[kind] = (seen, made, told)
        seen, made = await verify.prepared(verify.card(sample, blurred=True), "blur.jpg")
        self.papers["blurred"] = (seen, made, verify.identity_told)
        await gifts.offer(self)
        await proof.begin(self)
        await wires.connect(self)
        await alliances.offer(self)
        await lives.offer(self)
        await changes.settle_in(self)

    def _fate(self, number: int) -> str:
        if number < 8:
            return "trader"
        return self.chance.choices([f for f, _ in FATES], [w for _, w in FATES])[0]

    async def _one(self, number: int, joined: datetime, about: Late | None) -> None:
        someone = next(self.cast)
        fate = about.fate if about else self._fate(number)
        if about:
            someone = recent.dressed(about, someone, self.wish.slug)
        row = await arriving.register(
            self, someone, joined, fate, known=number < 3 or fate == "unready"
        )
        self.played.append(row)
        await arriving.open_demo(self, row)
        if fate not in {"demo-only", "left-half-way", "unready"}:
            await arriving.verified(self, row)
        if number < 8:
            await arriving.become_partner(self, row, number)
        if fate in {"trader", "depositor"}:
            await gifts.take(self, row, number)
            await money.deposit(self, row)
            self.paid_in += 1
            if self.paid_in % wires.EVERY == 1:
                await wires.announce(self, row)
        if fate == "trader" and row.live is not None:
            await dealing.fund(self, row)
        if self.chance.random() < 0.3:
            await courting.speak(self, row)
