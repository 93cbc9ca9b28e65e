"""Deals of clients five partners deep: caught up with in bulk, live, told again, counted again, explained."""

import asyncio
import gc
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import select, text

from brokerage.bench import guild
from brokerage.bench.figures import Figure, median
from brokerage.bench.ground import Ground
from brokerage.bench.guild import SERVER, Guild
from brokerage.ledger import accounts as ledger
from brokerage.partners import engine, queries, recounting
from brokerage.partners.model import Reward
from brokerage.trading import deals
from brokerage.trading.connector import Deal, DealKind, Entry

BULK: Final = 50_000
BULKS: Final = 5
LIVE: Final = 1_000
LIVES: Final = 5
TRADERS: Final = 2_000
"""Accounts of one batch: a watcher catches up with so many at a time, each with what it missed."""
DAYS: Final = 28
LINES: Final = 10_000
PAR: Final = {"USD": Decimal(1)}
MILLION: Final = 1_000_000


async def measure(ground: Ground) -> list[Figure]:
    """Closing deals: stored, counted, posted, rewarded, explanation and all. What opened the positions
    is there before, as it came hours earlier.
    """
    people = await guild.gather(ground)
    await _accounts(ground, people)
    bulk, rewards = await _bulk(ground, people)
    live = await _live(ground, people)
    again = await _again(ground, people)
    recount, differ = await _recounted(ground, people)
    stored = BULK * BULKS + LIVE * LIVES
    note = (
        f"{rewards / (BULK * BULKS):.1f} rewards a deal of {sum(guild.LEVELS):,} partners, "
        f"{TRADERS:,} accounts a batch of {BULK:,}; {BULKS} of them, one stored while the last is rewarded"
    )
    return [
        Figure("deals caught up with five-level rewards", bulk, "/s", 15_000, True, note),
        Figure("a million of them", MILLION / bulk, "s", 70, note="by the rate above"),
        Figure(
            "deals rewarded live", live, "/s", 2_000, True, f"{LIVE:,} an import; median of {LIVES}"
        ),
        Figure("changed by 5 % told again", again, "rewards", 0),
        Figure(
            "a month of a million deals counted again",
            recount * MILLION / stored,
            "s",
            45,
            note=f"by {stored:,} deals in {recount:.1f} s; {differ} differed",
        ),
        *await _explained(ground),
    ]


async def _accounts(ground: Ground, people: Guild) -> None:
    """Accounts of the ledger are opened with the first posting, once in their life: not measured."""
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        every = [
            ledger.platform(work, one.client, one.currency, one.account)
            for one in people.owners.values()
        ]
        for start in range(0, len(every), 1000):
            await ledger.ensure(work, every[start : start + 1000])


async def _bulk(ground: Ground, people: Guild) -> tuple[float, int]:
    """As the product does: an import is committed and told, and the worker rewards it on a connection
    of its own while the next one is stored. From the first deal handed over to the last reward.
    """
    batches = [_pairs(people, at * BULK, BULK) for at in range(BULKS)]
    for opening, _ in batches:
        await _stored(ground, people, opening)
    gc.collect()
    gc.freeze()  # A watcher holds one import; ours of all batches are not looked through meanwhile.
    told: asyncio.Queue[datetime | None] = asyncio.Queue()

    async def rewarding() -> int:
        count = 0
        while (when := await told.get()) is not None:
            count += await _rewarded(ground, when)
        return count

    started = time.perf_counter()
    worker = asyncio.create_task(rewarding())
    for _, closing in batches:
        told.put_nowait(await _stored(ground, people, closing))
    told.put_nowait(None)
    rewards = await worker
    rate = BULK * BULKS / (time.perf_counter() - started)
    gc.unfreeze()
    if rewards < BULK * BULKS:
        raise RuntimeError(f"{rewards} rewards for {BULK * BULKS} deals of introduced clients")
    return rate, rewards


async def _live(ground: Ground, people: Guild) -> float:
    """One import after the other, each rewarded before the next one comes."""
    rates: list[float] = []
    for round_ in range(LIVES):
        opening, closing = _pairs(people, 10 * MILLION + round_ * LIVE, LIVE)
        await _stored(ground, people, opening)
        started = time.perf_counter()
        when = await _stored(ground, people, closing)
        if await _rewarded(ground, when) < LIVE:
            raise RuntimeError("deals were not rewarded")
        rates.append(LIVE / (time.perf_counter() - started))
    return median(rates)


async def _stored(ground: Ground, people: Guild, told: Sequence[Deal]) -> datetime:
    """When these were imported."""
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        if await deals.store(work, SERVER, told, people.owners) != len(told):
            raise RuntimeError("not every deal was new")
        return work.now


async def _rewarded(ground: Ground, when: datetime) -> int:
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        return await engine.imported(work, since=when, until=when, server=SERVER)


async def _again(ground: Ground, people: Guild) -> int:
    """A twentieth of a batch told once more, and the window of the import rewarded once more."""
    _, closing = _pairs(people, 0, BULK // 20)
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        stored = await deals.store(work, SERVER, closing, people.owners)
        now = work.now
    opener = ground.door.opener(ground.tenant, purpose="bench")
    return stored + await engine.between(opener, now - timedelta(hours=12), now)


async def _recounted(ground: Ground, people: Guild) -> tuple[float, int]:
    started = time.perf_counter()
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        rows = await recounting.recount(
            work,
            people.now - timedelta(days=DAYS + 1),
            people.now + timedelta(days=1),
            rates=PAR,
            why="bench",
        )
    return time.perf_counter() - started, sum(row.count for row in rows)


async def _explained(ground: Ground) -> Sequence[Figure]:
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        await work.run(text("analyze reward"))
        ids = list(await work.rows(select(Reward.id).limit(21)))
        busiest = (
            await work.table(
                text("select partner, count(*) as n from reward group by 1 order by 2 desc limit 1")
            )
        )[0]
        took: list[float] = []
        for one in ids:
            started = time.perf_counter()
            if not (await queries.reward(work, one))["agrees"]:
                raise RuntimeError(f"reward {one} does not recompute")
            took.append(time.perf_counter() - started)
        started = time.perf_counter()
        lines = await queries.month_of(
            work, busiest.partner, work.now - timedelta(days=400), work.now + timedelta(days=1)
        )
        month = time.perf_counter() - started
    return [
        Figure(
            "one reward explained", 1000 * median(took), "ms", 50, note="recomputed and compared"
        ),
        Figure(
            "a partner's month of 10,000 lines",
            month * LINES / len(lines),
            "s",
            1,
            note=f"by {len(lines):,} lines in {month:.2f} s, every input of each",
        ),
    ]


def _pairs(people: Guild, first: int, size: int) -> tuple[list[Deal], list[Deal]]:
    """Positions and what closes them, over four weeks; each batch is of other accounts."""
    logins = sorted(people.owners)
    none = Decimal(0)
    opening: list[Deal] = []
    closing: list[Deal] = []
    for at in range(first, first + size):
        login = logins[(first // size * TRADERS + at % TRADERS) % len(logins)]
        when = people.now - timedelta(seconds=at * 7919 % (DAYS * 86_400))
        deal = Deal(
            deal=10**8 + at,
            login=login,
            kind=DealKind.SELL,
            entry=Entry.OUT,
            at=when,
            symbol="EURUSD",
            lots=Decimal("0.10"),
            lots_closed=Decimal("0.10"),
            contract_size=Decimal(100_000),
            price=Decimal("1.08123"),
            profit=Decimal("1.25") if at % 2 else Decimal("-1.10"),
            swap=none,
            commission=Decimal("-0.35"),
            position=at,
            order=at,
            rate_profit=Decimal(1),
        )
        closing.append(deal)
        opening.append(
            Deal(
                deal=5 * 10**9 + at,
                login=login,
                kind=DealKind.BUY,
                entry=Entry.IN,
                at=when - timedelta(hours=1, seconds=at % 7),
                symbol="EURUSD",
                lots=Decimal("0.10"),
                lots_closed=none,
                contract_size=Decimal(100_000),
                price=Decimal("1.08"),
                profit=none,
                swap=none,
                commission=none,
                position=at,
                order=at,
                rate_profit=Decimal(1),
            )
        )
    return opening, closing
