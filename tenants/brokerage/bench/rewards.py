"""Deals of clients five partners deep: caught up with in bulk, live, told again, counted again, explained."""

import asyncio
import gc
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from sqlalchemy import select, text

from brokerage.bench import guild
from brokerage.bench.figures import Figure, median
from brokerage.bench.ground import Ground
from brokerage.bench.guild import SERVER, Guild
from brokerage.ledger import accounts as ledger
from brokerage.partners import queries, stints
from brokerage.partners.events import RecountAsked
from brokerage.partners.model import Reward
from brokerage.partners.rewards import engine
from brokerage.partners.rewards.timeline import BEGINNING, Epoch
from brokerage.partners.settings import PartnerSettings
from brokerage.trading import deals
from brokerage.trading.connector import Deal, DealKind, Entry

BULK: Final = 50_000
BULKS: Final = 20
"""A million deals in all: nothing of what is stated for a million is worked out from fewer."""
LIVE: Final = 1_000
LIVES: Final = 5
TRADERS: Final = 2_000
"""Accounts of one batch: a watcher catches up with so many at a time, each with what it missed."""
DAYS: Final = 28
LINES: Final = 10_000
MILLION: Final = 1_000_000
PATIENT: Final = text("set local idle_in_transaction_session_timeout = 0")
"""Who stores and who rewards share this process here: while one makes its rows, the other's transaction
idles, on a machine that is busy otherwise for longer than the product allows."""
STANDS: Final = {
    "deals": text("select count(*), coalesce(sum(lots + profit + commission), 0) from deal"),
    "legs": text("select count(*), coalesce(sum(abs(amount)), 0) from leg"),
    "rewards": text("select count(*), coalesce(sum(amount), 0) from reward"),
}


async def measure(ground: Ground) -> list[Figure]:
    """Closing deals: stored, counted, posted, rewarded, explanation and all. What opened the positions
    is there before, as it came hours earlier.
    """
    people = await guild.gather(ground)
    await _accounts(ground, people)
    bulk, rewards = await _bulk(ground, people)
    live = await _live(ground, people)
    told = MILLION // 20
    again = await _again(ground, people)
    same, none = await _recounted(ground, people, None)
    changed, every = await _recounted(ground, people, await _smaller(ground))
    note = (
        f"{rewards / MILLION:.1f} rewards a deal of {sum(guild.LEVELS):,} partners, "
        f"{TRADERS:,} accounts a batch of {BULK:,}; {BULKS} of them, one stored while the last is rewarded"
    )
    return [
        Figure("deals caught up with five-level rewards", bulk, "/s", 15_000, True, note),
        Figure("a million of them", MILLION / bulk, "s", 70, note="a million were"),
        Figure(
            "deals rewarded live", live, "/s", 2_000, True, f"{LIVE:,} an import; median of {LIVES}"
        ),
        Figure(
            "changed by 5 % told again",
            again,
            "rows",
            0,
            note=f"{told:,} of a million told once more and rewarded again: deals, legs, rewards and "
            "their sums stand as they stood",
        ),
        Figure(
            "a month of a million deals counted again",
            same,
            "s",
            45,
            note=f"nothing had changed; {none:,} lines were written",
        ),
        Figure(
            "the same where every reward changes",
            changed,
            "s",
            45,
            note=f"the cap of the plan was halved; {every:,} adjustments were written",
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
    batches: list[list[Deal]] = []
    for at in range(BULKS):
        opening, closing = _pairs(people, at * BULK, BULK)
        await _stored(ground, people, opening)
        batches.append(closing)
        del opening
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
    for closing in batches:
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
        await work.run(PATIENT)
        if await deals.store(work, SERVER, told, people.owners) != len(told):
            raise RuntimeError("not every deal was new")
        return work.now


async def _rewarded(ground: Ground, when: datetime) -> int:
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        await work.run(PATIENT)
        return await engine.imported(work, since=when, until=when, server=SERVER)


async def _again(ground: Ground, people: Guild) -> int:
    """A twentieth of the million told once more, a piece of every batch, and every import of the day
    rewarded once more: what stands otherwise than before.
    """
    before = await _stands(ground)
    stored = 0
    for at in range(BULKS):
        told = _pairs(people, at * BULK, BULK)[1][at % BULKS :: BULKS]
        async with ground.door.open(ground.tenant, purpose="bench") as work:
            await work.run(PATIENT)
            stored += await deals.store(work, SERVER, told, people.owners)
    opener = ground.door.opener(ground.tenant, purpose="bench")
    until = people.now + timedelta(hours=12)
    stored += await engine.between(opener, people.now - timedelta(hours=1), until)
    after = await _stands(ground)
    if stored == 0 and after != before:
        raise RuntimeError(f"{before} became {after}, and nobody said so")
    return stored


async def _stands(ground: Ground) -> dict[str, tuple[int, Decimal]]:
    """How many deals, legs and rewards there are, and what they come to."""
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        return {name: tuple((await work.table(sums))[0]) for name, sums in STANDS.items()}


async def _smaller(ground: Ground) -> Sequence[Epoch]:
    """The plan in force with half of its cap, as if it had been so from the beginning: every reward of
    these deals is one that the cap cuts then.
    """
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        mine = work.settings(PartnerSettings)
    plan = mine.plan(mine.default_plan)
    half = msgspec.structs.replace(plan.cap, percent_of_income=plan.cap.percent_of_income // 2)
    changed = msgspec.structs.replace(plan, version=plan.version + 1, cap=half)
    rest = [one for one in mine.plans if one.code != plan.code]
    return [Epoch(BEGINNING, msgspec.structs.replace(mine, plans=(changed, *rest)))]


async def _recounted(
    ground: Ground, people: Guild, epochs: Sequence[Epoch] | None
) -> tuple[float, int]:
    """As the worker does it: turn after turn, until nothing is left; how long, and how many lines."""
    opener = ground.door.opener(ground.tenant, purpose="bench")
    first, last = people.now - timedelta(days=DAYS + 1), people.now + timedelta(days=1)
    asked: RecountAsked | None = RecountAsked(first=first, last=last, why="bench")
    lines = await _lines(ground)
    started = time.perf_counter()
    while asked is not None:
        asked = await stints.stint(opener, asked, epochs=epochs)
    took = time.perf_counter() - started
    return took, await _lines(ground) - lines


async def _lines(ground: Ground) -> int:
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        return int(await work.value(text("select count(*) from reward")) or 0)


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
