"""The server put together: settings, state, prices, clock and journal, and time as it passes."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.trading import config as settings
from sandbox.trading import guard, nightly, robots
from sandbox.trading.book import Account, Book
from sandbox.trading.clock import Clock, Zone
from sandbox.trading.config import Config, Group, Manager
from sandbox.trading.desk import Desk
from sandbox.trading.faults import Faults
from sandbox.trading.floor import Floor
from sandbox.trading.journal import Journal
from sandbox.trading.market import Market
from sandbox.trading.records import ClockSet, Deal, Record, RobotGone, RobotSet, Shock
from sandbox.trading.robots import Robot
from sandbox.trading.stats import Days

STEP_MS = 500
"""Between two looks at the accounts that have something open."""

LEAP_STEPS = 1_000
LEAP_STEP_MAX_MS = 3_600_000
SNAPSHOT_LINES = 20_000


class Hub:
    """Everything one server is. Only ``commit`` changes the book.

    ``watchers`` are told of every change once it is made, for platforms that push.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.seed = seed
        self.config_path = folder / "server.toml"
        self.config: Config = settings.load(self.config_path)
        self.zone = Zone(self.config.time_zone_min)
        self.clock = Clock()
        self.market = Market(seed, self.zone, closed_weekends=self.config.closed_weekends)
        self.book = Book()
        self.faults = Faults(seed)
        self.days = Days(self.market, self.zone)
        self.journal = Journal(folder)
        self.groups: dict[str, Group] = {group.name: group for group in self.config.groups}
        self.floor = Floor(self.config, self.groups, self.zone, self.market, self.book, self.commit)
        self.watchers: list[Callable[[Sequence[Record]], None]] = []
        self.seen = 0
        self._lines = 0
        self._moving = asyncio.Lock()
        self._robots: list[tuple[int, int, Robot]] = []

    def open(self) -> None:
        """Rebuild the state from snapshot and journal."""
        self._lines = self.journal.recover(self.book.apply)
        for shock in self.book.shocks:
            self.market.shock(shock.symbol, shock.percent, shock.at)
        self.clock.offset_ms = self.book.clock.offset_ms
        self.clock.frozen_at = self.book.clock.frozen_at
        self.seen = self.clock.now()
        for robot in self.book.robots.values():
            self._wake(robot)

    def close(self) -> None:
        self.journal.snapshot(self.book.records())
        self.journal.close()

    def commit(self, _: Account, records: Sequence[Record]) -> None:
        """Write down, then do; whose records they are is told by the records themselves."""
        self.note(records)
        for record in records:
            if isinstance(record, Deal):
                self.faults.made(record.deal)

    def note(self, records: Sequence[Record]) -> None:
        """Make records true that belong to no account, or to many."""
        self.journal.write(records)
        self.book.apply(records)
        self._lines += 1
        for watcher in self.watchers:
            watcher(records)

    def desk(self, manager: Manager) -> Desk:
        return Desk(self.floor, self.clock, self.days, self.faults, manager)

    async def still(self) -> None:
        """Wait while the clock is being moved; nothing is done in between."""
        if self._moving.locked():
            async with self._moving:
                pass

    async def run(self) -> None:
        """Look after the accounts as time passes, until cancelled."""
        while True:
            await asyncio.sleep(STEP_MS / 1000)
            await self.pass_time()
            if self._lines >= SNAPSHOT_LINES:
                self._lines = 0
                self.journal.snapshot(self.book.records())

    async def pass_time(self) -> None:
        """Do all that is due until now."""
        async with self._moving:
            await self._until(self.clock.now())

    async def move_clock(self, now_ms: int, *, frozen: bool) -> None:
        """Set the server's time; what should have happened on the way happens, in order."""
        async with self._moving:
            await self._until(self.clock.now())
            if now_ms > self.seen and (self.book.watched or self._robots):
                await self._leap(now_ms)
            self.clock.set(now_ms, frozen=frozen)
            self.seen = now_ms
            self.note([ClockSet(self.clock.offset_ms, self.clock.frozen_at)])
            self._reschedule()

    def shock(self, symbol: str, percent: float) -> None:
        """Let a price jump now."""
        at = self.clock.now()
        self.note([Shock(symbol, percent, at)])
        self.market.shock(symbol, percent, at)

    def set_robot(self, record: RobotSet) -> None:
        self.note([record])
        self._wake(record)

    def stop_robot(self, number: int) -> bool:
        if number not in self.book.robots:
            return False
        self.note([RobotGone(number)])
        self._robots = [each for each in self._robots if each[1] != number]
        heapq.heapify(self._robots)
        return True

    def add_group(self, group: Group) -> None:
        """Add a group or replace one of the same name; kept in the settings file."""
        same = [each for each in self.config.groups if each.name.lower() != group.name.lower()]
        self.config.groups = [*same, group]
        self.groups.clear()
        self.groups.update({each.name: each for each in self.config.groups})
        settings.save(self.config, self.config_path)

    def add_manager(self, manager: Manager) -> None:
        others = [each for each in self.config.managers if each.login != manager.login]
        self.config.managers = [*others, manager]
        settings.save(self.config, self.config_path)

    async def _leap(self, now_ms: int) -> None:
        """Walk a long way in steps, with the clock standing at each of them."""
        span = now_ms - self.seen
        step = min(max(span // LEAP_STEPS, STEP_MS), LEAP_STEP_MAX_MS)
        at, count = self.seen, 0
        while at < now_ms:
            turn = self.zone.midnight(self.zone.day(at) + 1)
            at = min(at + step, turn if turn > at else at + step, now_ms)
            self.clock.frozen_at = at
            await self._until(at)
            count += 1
            if count % 20 == 0:
                await asyncio.sleep(0)

    async def _until(self, now: int) -> None:
        while self._robots and self._robots[0][0] <= now:
            due, number, robot = heapq.heappop(self._robots)
            robots.act(self.floor, robot, max(due, self.seen))
            if robot.alive:
                heapq.heappush(self._robots, (robot.next_time(due), number, robot))
            elif number in self.book.robots:
                self.note([RobotGone(number)])
        turned = self.zone.day(now) > self.zone.day(self.seen)
        for account in list(self.book.watched.values()):
            if turned:
                nightly.turn(self.floor, account, now)
            guard.watch(self.floor, account, now)
        self.seen = max(self.seen, now)

    def _wake(self, record: RobotSet) -> None:
        robot = Robot(record, self.seed)
        heapq.heappush(self._robots, (robot.next_time(self.clock.now()), record.robot, robot))

    def _reschedule(self) -> None:
        """After the clock was set, every robot waits anew from there."""
        waiting, self._robots = self._robots, []
        for _, number, robot in waiting:
            heapq.heappush(self._robots, (robot.next_time(self.seen), number, robot))
