"""A past of trading made on order: the server's own engine, run over a period that is over.

It works on a shadow of the account, so that nothing of today is touched, and what comes out is
entered in one piece: deals with past times at the prices of those times, the balance their sum.
"""

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from msgspec.structs import replace as changed

from sandbox.trading import dealing, guard, styles, treasury
from sandbox.trading.book import Account
from sandbox.trading.floor import Floor
from sandbox.trading.records import Action, Deal, Position, Reason, Record, User
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.styles import STYLES, Style
from sandbox.trading.symbols import SYMBOLS

DEALS_MAX = 50_000
_TRIES = 3
_COMFORT = 2.0
"""Positions held at once from which on each is made smaller."""

_PARTIAL = 0.08
_BREATH = 100
_PARTED_MIN = 200
_SECOND, _MINUTE = 1_000, 60_000
_BUSY_HOURS = range(7, 21)


@dataclass(frozen=True)
class Plan:
    """What past to make. Times in UTC milliseconds; ``deposit`` in minor units, made first."""

    start: int
    end: int
    deals: int
    seed: int = 0
    style: str = "mixed"
    keep_open: int = 0
    deposit: int = 0
    comment: str = "Deposit"


@dataclass(order=True)
class _Event:
    time: int
    number: int
    money: Deal | None = field(default=None, compare=False)
    position: int = field(default=0, compare=False)
    part: bool = field(default=False, compare=False)
    keep: bool = field(default=False, compare=False)
    tries: int = field(default=0, compare=False)


class Past:
    """One account's period in the making."""

    def __init__(self, floor: Floor, account: Account, plan: Plan) -> None:
        if not 0 <= plan.deals <= DEALS_MAX or not plan.start < plan.end:
            raise RefusedError(Ret.PARAMS)
        self.plan = plan
        self.style: Style = STYLES[plan.style]
        self.records: list[Record] = []
        at_once = plan.deals / 2 * styles.usual_hold_ms(self.style) / (plan.end - plan.start)
        self._calm = min(1.0, _COMFORT / max(at_once, 0.01))
        self._zone = floor.zone
        self._account = account
        self._shadow = _as_of(account, plan.start)
        self._floor = replace(floor, commit=self._keep)
        self._dice = random.Random(f"{plan.seed}:history:{account.login}:{plan.start}")
        self._events: list[_Event] = []
        self._number = 0

    @property
    def penniless(self) -> bool:
        """Whether there is no money to trade with in all the period."""
        coming = self._account.between(self.plan.start + 1, self.plan.end)
        held = self._shadow.balance + self._shadow.credit + self.plan.deposit
        return held <= 0 and not any(deal.money > 0 for deal in coming)

    def run(self) -> Iterator[None]:
        """Trade through the period; yields now and then, so that others get their turn."""
        self._lay_out()
        for count in range(1 << 20):
            if not self._events:
                break
            self._meet(heapq.heappop(self._events))
            if count % _BREATH == 0:
                yield

    def outcome(self) -> list[Record]:
        """What is to be entered: the deals, what stayed open, and an earlier registration."""
        deals = [record for record in self.records if isinstance(record, Deal)]
        left: list[Record] = list(self._shadow.positions.values())
        user: list[User] = []
        if self._account.user.registered > self.plan.start:
            user = [changed(self._account.user, registered=self.plan.start)]
        return [*user, *deals, *left]

    def _keep(self, _: Account, records: Sequence[Record]) -> None:
        for record in records:
            self._shadow.apply(record)
            self.records.append(record)

    def _lay_out(self) -> None:
        """Put the known money and the openings to come in order of time."""
        plan = self.plan
        for deal in self._account.between(plan.start + 1, plan.end):
            self._push(_Event(deal.time, 0, money=deal))
        if plan.deposit:
            treasury.move(
                self._floor,
                self._shadow,
                Action.BALANCE,
                plan.deposit,
                plan.start,
                comment=plan.comment,
            )
        budget = plan.deals - plan.keep_open
        while budget >= 2:
            part = budget == 3 or (budget > 4 and self._dice.random() < _PARTIAL)
            self._push(_Event(self._some_time(), 0, part=part))
            budget -= 3 if part else 2
        for _ in range(plan.keep_open):
            late = plan.end - int((plan.end - plan.start) * 0.05 * self._dice.random()) - _MINUTE
            self._push(_Event(max(plan.start, late), 0, keep=True))

    def _push(self, event: _Event) -> None:
        self._number += 1
        event.number = self._number
        heapq.heappush(self._events, event)

    def _some_time(self) -> int:
        """A moment of the period; working days and hours are more likely."""
        span = max(1, int((self.plan.end - self.plan.start) * 0.97))
        at = self.plan.start
        for _ in range(12):
            at = self.plan.start + self._dice.randrange(span)
            day = self._zone.day(at)
            hour = (at - self._zone.midnight(day)) // 3_600_000
            likely = 1.0 if hour in _BUSY_HOURS else 0.35
            if self._zone.weekday(day) < 6 and self._dice.random() < likely:
                break
        return at

    def _meet(self, event: _Event) -> None:
        shadow = self._shadow
        if event.money is not None:
            if event.money.action == Action.CREDIT:
                shadow.credit += event.money.money
            else:
                shadow.balance += event.money.money
            return
        guard.check_margin(self._floor, shadow, event.time)
        if not event.position:
            self._open(event)
        elif (position := shadow.positions.get(event.position)) is not None:
            self._close(event, position)

    def _open(self, event: _Event) -> None:
        at = event.time
        want = styles.pick(self._floor, self._shadow, self.style, at, self._dice, calm=self._calm)
        if not styles.weekday(self._floor, SYMBOLS[want.symbol], at):
            self._again(event)
            return
        if event.part:
            want = replace(want, volume=max(want.volume, _PARTED_MIN))
        try:
            deal = dealing.trade(self._floor, self._shadow, want, at)
        except RefusedError:
            self._again(event)
            return
        if event.keep or deal.position not in self._shadow.positions:
            return
        end = self._end_of(at, want.symbol)
        if event.part:
            middle = self._middle_of(at, end, want.symbol)
            self._push(_Event(middle, 0, position=deal.position, part=True))
        self._push(_Event(end, 0, position=deal.position))

    def _end_of(self, opened: int, symbol: str) -> int:
        """When it is closed: after it was opened, within the period, and not on a weekend."""
        at = opened + styles.hold_ms(self.style, self._dice)
        while not styles.weekday(self._floor, SYMBOLS[symbol], at):
            at += self._dice.randrange(3_600_000, 18_000_000)
        last = self.plan.end - self._dice.randrange(1, _MINUTE)
        return max(opened + _SECOND, min(at, last))

    def _middle_of(self, opened: int, end: int, symbol: str) -> int:
        """When a part of it is closed: somewhere between, on a working day if there is one."""
        for parts in (2, 4, 10, 100):
            at = opened + (end - opened) // parts
            if styles.weekday(self._floor, SYMBOLS[symbol], at):
                return at
        return opened

    def _again(self, event: _Event) -> None:
        """What could not be opened now is tried some time later, thrice at most."""
        left = self.plan.end - event.time
        if event.tries < _TRIES and left > _MINUTE:
            later = event.time + self._dice.randrange(1, left - _MINUTE + 2)
            self._push(_Event(later, 0, part=event.part, keep=event.keep, tries=event.tries + 1))

    def _close(self, event: _Event, position: Position) -> None:
        volume = None
        if event.part and position.volume >= _PARTED_MIN:
            volume = position.volume // _PARTED_MIN * (_PARTED_MIN // 2)
        reason = Reason(position.reason)
        dealing.close(self._floor, self._shadow, position, event.time, volume=volume, reason=reason)


def _as_of(account: Account, start: int) -> Account:
    """The account as it stood: the money of all deals until then, nothing open."""
    shadow = Account(account.user)
    for deal in account.between(0, start):
        if deal.action == Action.CREDIT:
            shadow.credit += deal.money
        else:
            shadow.balance += deal.money
    return shadow
