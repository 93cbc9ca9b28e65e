"""Work in a lane: leased, fenced, resumed, given up, replayed."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from stoa.audit.model import AuditEntry
from stoa.events.model import Inbox, Outbox, Timer
from stoa.jobs import drain, relay
from stoa.jobs.relay import fan_out
from stoa.jobs.worker import Turns
from stoa.product import Every, Module, Product
from support.patience import until
from support.probe import Probe, Probed

LANE = Probed.lane


class Lane:
    """One tenant's lane of the probe."""

    def __init__(self, house, tenant):
        self.door, self.tenant = house.door, tenant
        self.probe = Probe()
        self.product = self.probe.product

    async def tell(self, *facts):
        async with self.door.open(self.tenant, purpose="test.tell") as work:
            for one in facts:
                work.tell(one)
        while await fan_out(self.door, self.product, self.tenant):
            pass

    async def drain(self, **how):
        return await drain.drain(self.door, self.product, self.tenant, LANE, **how)

    async def later(self, seconds):
        """Time passes: what is due or leased is so much older."""
        by = timedelta(seconds=seconds)
        async with self.door.open(self.tenant) as work:
            await work.run(
                update(Inbox)
                .where(Inbox.state == "waiting")
                .values(due_at=Inbox.due_at - by, leased_until=Inbox.leased_until - by)
            )

    async def rows(self, reader="probe:hear"):
        async with self.door.open(self.tenant) as work:
            found = await work.rows(
                select(Inbox).where(Inbox.kind == Probed.kind, Inbox.reader == reader)
            )
        return {row.body["number"]: row for row in found}


@pytest.fixture
async def lane(house):
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        await work.run(update(Outbox).values(relayed_at=work.now))
    return Lane(house, tenant)


async def test_a_poison_fact_blocks_nobody_and_ends_as_a_dead_letter(lane):
    await lane.tell(Probed(number=1, how="poison"), *(Probed(number=n) for n in range(2, 30)))

    while await lane.drain():
        pass
    assert set(lane.probe.heard) == set(range(2, 30))
    for _ in range(drain.MOST_TRIES):
        await lane.later(3600)
        await lane.drain()

    row = (await lane.rows())[1]
    assert (row.state, row.tries) == ("dead", drain.MOST_TRIES)
    assert "cannot be digested" in row.error


async def test_a_dead_letter_lives_again_when_it_is_replayed_and_that_is_on_record(lane):
    await lane.tell(Probed(number=1, how="poison"))
    for _ in range(drain.MOST_TRIES):
        await lane.drain()
        await lane.later(3600)
    assert (await lane.rows())[1].state == "dead"

    lane.probe.mended = True
    assert await drain.replay_all(lane.door, lane.tenant) == 1
    await lane.drain()

    assert lane.probe.heard == {1: 1}
    async with lane.door.open(lane.tenant) as work:
        entry = await work.first(select(AuditEntry).order_by(AuditEntry.id.desc()))
    assert entry.action == "dead-letters.replay"


async def _dies_with(lane, most=20):
    """A worker claims and is never heard of again."""
    return await drain._claim(lane.door, lane.tenant, LANE, left_behind=False, most=most)


async def test_what_a_dead_worker_held_waits_for_its_lease_and_then_runs_once(lane):
    await lane.tell(*(Probed(number=n) for n in range(6)))
    await _dies_with(lane)

    await lane.drain()
    assert lane.probe.heard == {}
    await lane.later(drain.LEASE_S + 1)
    while await lane.drain():
        pass

    assert lane.probe.heard == dict.fromkeys(range(6), 1)


async def test_a_fact_that_kills_its_worker_takes_no_neighbour_with_it(lane):
    """Twelve workers die over one fact; the ones beside it in the first batch are done."""
    await lane.tell(*(Probed(number=n) for n in range(4)))
    await _dies_with(lane)
    await lane.later(drain.LEASE_S + 1)
    for _ in range(30):
        taken = await drain._claim(lane.door, lane.tenant, LANE, left_behind=True, most=1)
        if taken and taken[0].body["number"] != 0:
            held = drain._Held(taken)
            await drain._run(lane.door, lane.product, lane.tenant, held)
            await drain._note_heard(lane.door, lane.tenant, held)
        await lane.later(drain.LEASE_S + 1)

    rows = await lane.rows()
    assert {n: rows[n].state for n in (1, 2, 3)} == dict.fromkeys((1, 2, 3), "done")
    assert rows[0].state == "dead"
    assert "worker died" in rows[0].error


async def test_who_lost_its_lease_no_longer_decides(lane):
    await lane.tell(Probed(number=1))
    (mine,) = [one for one in await _dies_with(lane) if one.reader == "probe:hear"]
    await lane.later(drain.LEASE_S + 1)
    while await lane.drain():
        pass

    async with lane.door.open(lane.tenant) as work:
        late = drain._mine([mine]).values(state="waiting", error="from the dead")
        await work.run(late)

    assert (await lane.rows())[1].state == "done"


async def test_a_long_reaction_keeps_its_lease(lane):
    await lane.tell(Probed(number=1, how="slow"))
    running = asyncio.create_task(lane.drain())
    await lane.probe.begun.wait()
    before = (await lane.rows())[1].leased_until

    async def renewed():
        return (await lane.rows())[1].leased_until > before

    await until(renewed)
    after = (await lane.rows())[1].leased_until
    lane.probe.released.set()
    await running

    # By what the database wrote down: a beat later, the same length of lease again.
    assert after - before >= timedelta(seconds=drain.BEAT_S - 1)
    assert lane.probe.heard == {1: 1}


async def test_a_worker_told_to_stop_gives_back_what_it_holds(lane):
    await lane.tell(Probed(number=1, how="hangs"), *(Probed(number=n) for n in (2, 3)))
    running = asyncio.create_task(lane.drain())
    await lane.probe.begun.wait()

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    rows = await lane.rows()
    lane.probe.mended = True
    while await lane.drain():
        pass
    await lane.later(5)
    while await lane.drain():
        pass

    # Free at once, and what was interrupted after a moment.
    assert all(row.leased_until is None for row in rows.values())
    assert {n: row.error for n, row in rows.items()} == {1: "interrupted", 2: None, 3: None}
    assert rows[1].due_at > max(rows[n].due_at for n in (2, 3))

    assert lane.probe.heard == {1: 1, 2: 1, 3: 1}


async def test_one_turn_ends_in_its_time_and_says_that_more_waits(lane):
    await lane.tell(*(Probed(number=n) for n in range(60)))

    more = await lane.drain(slice_s=0.0)

    assert more
    assert len(lane.probe.heard) + len(lane.probe.others) == 1
    rows = await lane.rows()
    assert all(row.leased_until is None for row in rows.values())
    while await lane.drain():
        pass
    assert set(lane.probe.heard.values()) == {1}


def test_a_tenant_holds_some_places_and_its_missed_bell_is_kept():
    turns = Turns(2)
    assert turns.begin("a", "money") and turns.begin("a", "mail")

    assert not turns.begin("a", "kyc")
    assert turns.begin("b", "money")
    assert not turns.end("a", "money")
    assert turns.begin("a", "kyc")
    assert turns.end("a", "kyc")
    assert not turns.end("a", "mail")


async def _nothing(_open_work):
    return None


async def _fails(_open_work):
    raise RuntimeError("not today")


async def timers_of(lane, *schedule):
    product = Product([Module(name="timed", schedule=list(schedule))])
    async with lane.door.open(lane.tenant) as work:
        await work.run(Timer.__table__.delete())
    return product


async def test_two_schedulers_start_a_sweep_once(lane):
    """T113."""
    every = Every(60, _nothing)
    product = await timers_of(lane, every)
    await relay.due_timers(lane.door, product, lane.tenant)
    async with lane.door.open(lane.tenant) as work:
        await work.run(update(Timer).values(due_at=work.now))

    rounds = [relay.due_timers(lane.door, product, lane.tenant) for _ in range(8)]
    found = await asyncio.gather(*rounds)

    assert [name for names in found for name in names] == [every.name]


async def test_a_daily_sweep_whose_bell_was_lost_or_that_failed_is_rung_for_again(lane):
    day, failing = Every(86_400, _nothing), Every(86_400, _fails)
    product = await timers_of(lane, day, failing)
    assert set(await relay.due_timers(lane.door, product, lane.tenant)) == {day.name, failing.name}

    async def hand(name):
        async with lane.door.open(lane.tenant) as work:
            return ((await work.get(Timer, name)).due_at - work.now).total_seconds()

    assert await hand(day.name) <= relay.RETRY_S
    for name in (day.name, failing.name):
        await drain.tick(lane.door, product, lane.tenant, name)

    assert await hand(day.name) > 86_000
    assert await hand(failing.name) <= relay.RETRY_S


async def test_what_was_heard_before_a_failure_is_done_and_not_heard_again(lane):
    """Ends are written down together: one that fails takes none of the others' with it."""
    await lane.tell(*(Probed(number=n, how="poison" if n == 5 else "") for n in range(8)))
    while await lane.drain():
        pass

    rows = await lane.rows()
    assert {n: row.state for n, row in rows.items()} == {
        n: "waiting" if n == 5 else "done" for n in range(8)
    }
    assert lane.probe.heard == dict.fromkeys(set(range(8)) - {5}, 1)
    assert all(row.leased_until is None for row in rows.values())
