"""Two months in the life of a demo tenant, told by the product's own verbs."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import hooks, joining, verification
from brokerage.demo import courting, day, gifts, money, proof, recent, returning, staffing, verify
from brokerage.demo.cast import STAFF, Someone, people
from brokerage.demo.connect import Wish
from brokerage.demo.recent import LATE, Late
from brokerage.demo.world import World
from brokerage.kyc import jobs as kyc_jobs
from brokerage.partners import partners as partner_verbs
from brokerage.trading import accounts, sync, transfers
from brokerage.trading.model import TradingAccount
from stoa.control import pulse
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.tenancy.actor import Actor
from stoa.tenancy.registry import TenantRef

CLIENTS: Final = 110
DAYS: Final = 60
DEALS: Final = 5000


@dataclass
class Played:
    """A client of the story and what has become of them."""

    id: UUID
    someone: Someone
    joined: datetime
    fate: str
    partner: UUID | None = None
    live: UUID | None = None
    demo: UUID | None = None
    logins: list[int] = field(default_factory=list)
    funded: datetime | None = None


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
        for number, (joined, about) in enumerate(joins):
            await self.world.to(joined)
            await self._one(number, joined, about)
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
        await self._trade()
        self.world.tell(f"{self.wish.name}: a working day")
        await courting.keep(self)
        await money.later(self)
        await returning.happen(self)
        self.world.tell(f"{self.wish.name}: statements and settlement files")
        await proof.told(self)
        await day.leave(self)
        await courting.plan(self)
        await self.world.pump(self.ref)

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

    def _fate(self, number: int) -> str:
        if number < 8:
            return "trader"
        return self.chance.choices([f for f, _ in FATES], [w for _, w in FATES])[0]

    async def _one(self, number: int, joined: datetime, about: Late | None) -> None:
        someone = next(self.cast)
        fate = about.fate if about else self._fate(number)
        if about:
            someone = recent.dressed(about, someone, self.wish.slug)
        row = await self._register(someone, joined, fate, known=number < 3 or fate == "unready")
        self.played.append(row)
        await self._open_demo(row)
        if fate not in {"demo-only", "left-half-way", "unready"}:
            await self._verify(row)
        if number < 8:
            await self._become_partner(row, number)
        if fate in {"trader", "depositor"}:
            await gifts.take(self, row, number)
            await money.deposit(self, row)
        if fate == "trader" and row.live is not None:
            await self._fund(row)
        if self.chance.random() < 0.3:
            await courting.speak(self, row)

    async def _register(
        self, someone: Someone, joined: datetime, fate: str, *, known: bool
    ) -> Played:
        visitor = uuid7(int(joined.timestamp() * 1000))
        partner = (
            self.chance.choice(self.partners)
            if self.partners and self.chance.random() < 0.6
            else None
        )
        touch = hooks.Touch(
            visitor=visitor,
            code=self.links.get(partner) if partner else None,
            source=None if partner else self.chance.choice(["search", "social", "friend"]),
        )
        async with self.world.work(self.ref, purpose="demo.register") as work:
            for hook in hooks.on_touch:
                await hook(work, touch)
        async with self.world.work(self.ref, purpose="demo.register") as work:
            row = await joining.register(
                work,
                email=someone.email,
                first_name=someone.first,
                last_name=someone.last,
                country=someone.country,
                language=someone.language,
                password=staffing.PASSWORD if known else None,
                birth_date=someone.born,
                touch=touch,
            )
        if fate != "left-half-way":
            await self.world.to(joined + timedelta(minutes=3))
            async with self.world.work(self.ref, self.world.client(row.id), "demo.confirm") as work:
                await verification.confirm(work, row.id)
        await self.world.pump(self.ref)
        return Played(row.id, someone, joined, fate, partner)

    async def _open_demo(self, row: Played) -> None:
        if row.fate == "left-half-way" or self.chance.random() < 0.45:
            return
        async with self.world.work(self.ref, self.world.client(row.id), "demo.account") as work:
            account = await accounts.open_account(work, row.id, product="demo", currency="USD")
        row.demo = account.id
        await self.world.pump(self.ref)

    async def _verify(self, row: Played) -> None:
        await self.world.to(row.joined + timedelta(minutes=20))
        papers = {kind: self.papers[kind] for kind in ("identity", "address")}
        if row.fate in {"in-queue", "asked-again"}:
            blurred = row.fate == "asked-again"
            picture = verify.card(row.someone, blurred=blurred)
            seen, made = await verify.prepared(picture, "card.jpg")
            papers["identity"] = (seen, made, verify.identity_told)
        if row.fate in recent.SEEN_BY_A_PERSON:
            for kind, content, told in (
                ("identity", verify.card(row.someone), verify.identity_told),
                ("address", verify.bill(row.someone), verify.address_told),
            ):
                seen, made = await verify.prepared(content, f"{kind}.jpg")
                papers[kind] = (seen, made, told)
        async with self.world.work(self.ref, self.world.client(row.id), "demo.verify") as work:
            case = await verify.fill(
                work, row.id, row.someone, papers, today=self.world.clock.now.date(),
                hand_in=row.fate != "asked-again", pep="current" if row.fate == "pep" else "none",
            )  # fmt: skip
        await self.world.pump(self.ref)
        if row.fate in {"in-queue", "asked-again"}:
            return
        if row.fate == "forged":
            verdict = {"answer": "RED", "rejectType": "FINAL", "label": "FORGERY"}
            asked = {"externalUserId": str(case), **verdict}
            await self.world.lever("sumsub", "/_sandbox/decide", asked)
        await self.world.settle("sumsub")
        await self.world.to(self.world.clock.now + timedelta(minutes=3))
        await kyc_jobs.ask_the_silent(self.world.door.opener(self.ref, purpose="demo.poll"))
        await self.world.pump(self.ref)
        async with self.world.work(self.ref, purpose="demo.look") as work:
            row.live = await work.first(
                select(TradingAccount.id).where(
                    TradingAccount.client == row.id, TradingAccount.kind == "live"
                )
            )

    async def _become_partner(self, row: Played, number: int) -> None:
        """Two masters, three subs below them, three below those."""
        above = {0: None, 1: None, 2: 0, 3: 0, 4: 1, 5: 2, 6: 2, 7: 4}[number]
        rate = {0: None, 1: None, 2: "4.00", 3: "3.50", 4: "4.00", 5: "3.00", 6: "2.50", 7: "3.00"}[
            number
        ]
        parent = self.partners[above] if above is not None else None
        async with self.world.work(self.ref, purpose="demo.partner") as work:
            partner = await partner_verbs.enrol(
                work, row.id, parent=parent, rates={"per-lot": rate} if rate else None
            )
            self.links[row.id] = partner.code
        self.partners.append(row.id)
        await self.world.pump(self.ref)

    async def _fund(self, row: Played) -> None:
        """Most of the wallet goes to the trading account."""
        async with self.world.work(self.ref, self.world.client(row.id), "demo.fund") as work:
            from brokerage.ledger import wallets

            account = await work.get(TradingAccount, row.live)
            if account.login is None:
                return
            held = await wallets.available(work, row.id, account.currency)
            share = Decimal(self.chance.randint(60, 90)) / 100
            amount = Money(held.amount * share, account.currency).floored()
            if amount.amount < 50:
                return
            await self.world.server_at()
            row.logins.append(account.login)
            await transfers.to_account(work, account.id, amount)
        await self.world.pump(self.ref)
        row.funded = await self.world.server_at()

    async def _trade(self) -> None:
        """The server's own engine makes the past; the product imports it as it would any."""
        logins = [login for row in self.played for login in row.logins]
        if logins:
            each = DEALS // len(logins)
            by_start: dict[datetime, list[int]] = {}
            for row in self.played:
                if row.funded is not None:
                    since = row.funded + timedelta(minutes=10)
                    by_start.setdefault(since, []).extend(row.logins)
            for since, group in sorted(by_start.items()):
                await self.world.lever(
                    "trading",
                    "/history",
                    {
                        "logins": group,
                        "from": since.isoformat(),
                        "to": self.world.real_now.isoformat(),
                        "deals": each,
                        "seed": self.chance.randint(1, 10**6),
                        "style": self.chance.choice(["day", "swing", "mixed", "scalper"]),
                        "keep_open": self.chance.randint(0, 3),
                    },
                )
        await self.world.to(self.world.real_now - timedelta(hours=2))
        open_work = self.world.door.opener(self.ref, purpose="demo.sync")
        for _ in range(12):
            fresh = await sync.pass_over(open_work, "mt5-live")
            await sync.pass_over(open_work, "mt5-demo")
            await self.world.pump(self.ref)
            await self.world.to(self.world.clock.now + timedelta(seconds=2))
            if not fresh:
                break
