"""The levers of the demo and of tests: clock, faults, robots, a made past, shocks."""

import asyncio
import datetime as dt
import os
import resource
from collections.abc import Sequence
from typing import Any, Protocol

from sandbox.trading import faults as bad_luck
from sandbox.trading import treasury
from sandbox.trading.amounts import to_minor, to_text
from sandbox.trading.book import Account
from sandbox.trading.config import Group, Manager
from sandbox.trading.forms import ClockForm, HistoryForm, MoneyForm, RobotForm, ShockForm
from sandbox.trading.history import Past, Plan
from sandbox.trading.hub import Hub
from sandbox.trading.records import Deal, RobotSet
from sandbox.trading.retcodes import RefusedError, spoken
from sandbox.trading.styles import STYLES
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.web_server import HttpError, Request, Response, Router, number, reply

_RATE_MAX = 3_600.0
_LOGINS_MAX = 1_000


class Door(Protocol):
    """Where a platform's own protocol is spoken."""

    @property
    def port(self) -> int: ...

    @property
    def connected(self) -> int: ...

    async def follow_faults(self) -> None:
        """Be down while the fault ``down`` is set."""
        ...


class Control:
    """Enters its paths into a router."""

    def __init__(self, hub: Hub, port: Door, router: Router, also: Sequence[Door] = ()) -> None:
        self._hub = hub
        self._port = port
        self._also = also
        router.add("GET", "/health", self.health)
        router.add("GET", "/clock", self.clock)
        router.add("POST", "/clock", self.set_clock)
        router.add("GET", "/faults", self.faults)
        router.add("POST", "/faults", self.set_faults)
        router.add("DELETE", "/faults", self.clear_faults)
        router.add("GET", "/robots", self.robots)
        router.add("POST", "/robots", self.set_robots)
        router.add("DELETE", "/robots/{robot}", self.stop_robot)
        router.add("POST", "/history", self.history)
        router.add("POST", "/shocks", self.shock)
        router.add("POST", "/groups", self.set_group)
        router.add("POST", "/managers", self.set_manager)
        router.add("POST", "/dealer/{login}/money", self.money)

    async def health(self, _: Request) -> Response:
        book = self._hub.book
        return reply(
            {
                "name": self._hub.config.name,
                "process": os.getpid(),
                "port": self._port.port,
                "sessions": self._port.connected,
                "accounts": len(book.accounts),
                "deals": len(book.deals),
                "positions": sum(len(each.positions) for each in book.watched.values()),
                "robots": len(book.robots),
                "memory_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            }
        )

    async def clock(self, _: Request) -> Response:
        return reply(self._clock())

    async def set_clock(self, request: Request) -> Response:
        """Move the server's time. Never before the last deal: a book is not written backwards."""
        form = request.read(ClockForm)
        if (form.now is None) == (form.offset_s is None):
            raise HttpError(422, "say either now or offset_s")
        if form.now is not None:
            now = _moment(form.now)
        else:
            now = _moment(dt.datetime.now(dt.UTC).timestamp() + (form.offset_s or 0))
        if now < self._hub.book.latest:
            raise HttpError(409, "the last deal is later than that")
        await self._hub.move_clock(now, frozen=form.frozen)
        await self._hub.journal.settled()
        return reply(self._clock())

    async def faults(self, _: Request) -> Response:
        faults = self._hub.faults
        return reply(
            {
                "switches": faults.switches,
                "answers": faults.forced,
                "delay_ms": faults.delay_ms,
                "late_s": faults.late_s,
                "fired": dict(faults.fired),
            }
        )

    async def set_faults(self, request: Request) -> Response:
        bad_luck.obey(self._hub.faults, request.read(bad_luck.Order))
        await self._follow()
        return await self.faults(request)

    async def clear_faults(self, request: Request) -> Response:
        self._hub.faults.clear()
        await self._follow()
        return await self.faults(request)

    async def robots(self, _: Request) -> Response:
        return reply([_robot(robot) for robot in self._hub.book.robots.values()])

    async def set_robots(self, request: Request) -> Response:
        form = request.read(RobotForm)
        if form.style not in STYLES or not 0 < form.rate <= _RATE_MAX:
            raise HttpError(422, f"style is one of {', '.join(STYLES)}; rate is above 0")
        if any(name not in SYMBOLS for name in form.symbols):
            raise HttpError(422, "there is no such symbol")
        made: list[RobotSet] = []
        for account in self._accounts(form.login, form.logins):
            self._hub.book.last_robot += 1
            record = RobotSet(
                robot=self._hub.book.last_robot,
                login=account.login,
                style=form.style,
                rate=form.rate,
                seed=form.seed,
                symbols=tuple(form.symbols),
            )
            self._hub.set_robot(record)
            made.append(record)
        return reply([_robot(robot) for robot in made], 201)

    async def stop_robot(self, request: Request) -> Response:
        number = request.found["robot"]
        if not number.isdecimal() or not self._hub.stop_robot(int(number)):
            raise HttpError(404, "there is no such robot")
        return reply({})

    async def history(self, request: Request) -> Response:
        """Make a past for some logins; answers how many deals each got."""
        form = request.read(HistoryForm)
        start, end = _moment(form.start), _moment(form.end)
        if form.style not in STYLES:
            raise HttpError(422, f"style is one of {', '.join(STYLES)}")
        if end > self._hub.clock.now():
            raise HttpError(422, "a past ends before now")
        made: list[dict[str, Any]] = []
        for account in self._accounts(form.login, form.logins):
            digits = self._hub.floor.group(account).digits
            plan = Plan(
                start=start,
                end=end,
                deals=form.deals,
                seed=form.seed,
                style=form.style,
                keep_open=form.keep_open,
                deposit=_minor(form.deposit, digits),
                comment=form.comment,
            )
            made.append(await self._make_past(account, plan))
        self._hub.journal.sync()
        return reply(made, 201)

    async def _make_past(self, account: Account, plan: Plan) -> dict[str, Any]:
        try:
            past = Past(self._hub.floor, account, plan)
        except RefusedError as refused:
            raise HttpError(422, spoken(refused.code)) from None
        if past.penniless:
            raise HttpError(422, f"{account.login} has no money in that period: give a deposit")
        for _ in past.run():
            await asyncio.sleep(0)
        records = past.outcome()
        self._hub.note(records)
        digits = self._hub.floor.group(account).digits
        return {
            "login": account.login,
            "deals": sum(isinstance(each, Deal) for each in records),
            "positions": len(account.positions),
            "balance": to_text(account.balance, digits),
        }

    async def shock(self, request: Request) -> Response:
        form = request.read(ShockForm)
        if form.symbol not in SYMBOLS or not -90 <= form.percent <= 900:
            raise HttpError(422, "no such symbol, or a move nobody would believe")
        self._hub.shock(form.symbol, form.percent)
        await self._hub.pass_time()
        return reply({})

    async def set_group(self, request: Request) -> Response:
        group = request.read(Group)
        if not group.name or not group.login_from < group.login_to:
            raise HttpError(422, "a group has a name and a range of logins")
        _minor(group.commission, group.digits)
        self._hub.add_group(group)
        return reply(group, 201)

    async def set_manager(self, request: Request) -> Response:
        manager = request.read(Manager)
        if manager.login <= 0 or not manager.password:
            raise HttpError(422, "a manager has a login and a password")
        self._hub.add_manager(manager)
        return reply({"login": manager.login, "groups": manager.groups}, 201)

    async def money(self, request: Request) -> Response:
        form = request.read(MoneyForm)
        (account,) = self._accounts(number(request.found["login"]), [])
        digits = self._hub.floor.group(account).digits
        try:
            deal = treasury.move(
                self._hub.floor,
                account,
                form.type,
                _minor(form.amount, digits),
                self._hub.clock.now(),
                comment=form.comment,
                forced=form.forced,
            )
        except RefusedError as refused:
            return reply({"retcode": spoken(refused.code)}, 422)
        await self._hub.journal.settled()
        return reply({"deal": deal.deal, "balance": to_text(account.balance, digits)}, 201)

    async def _follow(self) -> None:
        """Ports that are to be down go down, and up again."""
        await self._port.follow_faults()
        for port in self._also:
            await port.follow_faults()

    def _clock(self) -> dict[str, Any]:
        clock, zone = self._hub.clock, self._hub.zone
        now = clock.now()
        return {
            "now": now / 1000,
            "utc": dt.datetime.fromtimestamp(now / 1000, dt.UTC).isoformat(),
            "server": zone.seconds(now),
            "time_zone_min": zone.minutes,
            "offset_s": clock.offset_ms / 1000,
            "frozen": clock.frozen_at is not None,
        }

    def _accounts(self, login: int, logins: list[int]) -> list[Account]:
        wanted = [*([login] if login else []), *logins][:_LOGINS_MAX]
        found = [self._hub.book.account(each) for each in wanted]
        if not wanted or None in found:
            raise HttpError(404, "there is no such login")
        return [account for account in found if account is not None]


def _robot(robot: RobotSet) -> dict[str, Any]:
    return {
        "robot": robot.robot,
        "login": robot.login,
        "style": robot.style,
        "rate": robot.rate,
        "seed": robot.seed,
        "symbols": list(robot.symbols),
    }


def _moment(value: float | str) -> int:
    """UTC milliseconds of seconds or of an ISO 8601 text; without a zone that is UTC too."""
    if isinstance(value, str):
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            raise HttpError(422, f"{value!r} is not a time") from None
        value = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    if not 0 < value < 1 << 33:
        raise HttpError(422, f"{value!r} is not a time")
    return int(value * 1000)


def _minor(text: str, digits: int) -> int:
    try:
        return to_minor(text, digits)
    except ValueError as wrong:
        raise HttpError(422, str(wrong)) from None
