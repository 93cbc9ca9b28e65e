"""A manager at work: what one session of the Web API may see and do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sandbox.trading.book import Account
from sandbox.trading.clock import Clock
from sandbox.trading.config import Group, Manager
from sandbox.trading.faults import Faults
from sandbox.trading.floor import Floor
from sandbox.trading.masks import matches
from sandbox.trading.records import Deal
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.stats import Days
from sandbox.trading.wire import Answer, Ask

Row = TypeVar("Row")


@dataclass(frozen=True)
class Desk:
    """The floor, seen through one manager's mask of groups."""

    floor: Floor
    clock: Clock
    days: Days
    faults: Faults
    manager: Manager

    @property
    def now(self) -> int:
        return self.clock.now()

    def account(self, login: int) -> Account:
        """A login this manager may see.

        Raises:
            RefusedError: NOT_FOUND, also for the logins of other managers' groups.
        """
        account = self.floor.book.account(login)
        if account is None or not matches(self.manager.groups, account.user.group):
            raise RefusedError(Ret.NOT_FOUND)
        return account

    def accounts(self, mask: str) -> list[Account]:
        return [
            account
            for account in self.floor.book.accounts.values()
            if matches(mask, account.user.group)
            and matches(self.manager.groups, account.user.group)
        ]

    def group(self, name: str) -> Group:
        """A group to put accounts in; what is not there or not his is a lack of permission."""
        group = self.floor.config.group(name)
        if group is None or not matches(self.manager.groups, group.name):
            raise RefusedError(Ret.PERMISSIONS)
        return group

    def groups(self) -> list[Group]:
        groups = self.floor.config.groups
        return [group for group in groups if matches(self.manager.groups, group.name)]

    def deals(self, account: Account, ask: Ask) -> list[Deal]:
        """Deals of the window asked for, without those that are late by order."""
        first, last = self.window(ask)
        found = account.between(first, last)
        return [deal for deal in found if not self.faults.hidden(deal.deal)]

    def window(self, ask: Ask) -> tuple[int, int]:
        """FROM and TO as UTC milliseconds, the last second included whole."""
        zone = self.floor.zone
        first, last = ask.number("FROM", 0), ask.number("TO", 1 << 40)
        return zone.utc_ms(first), zone.utc_ms(last) + 999

    def page(self, rows: list[Row], ask: Ask) -> list[Row]:
        limit = self.floor.config.page_limit
        start, total = ask.number("OFFSET", 0), ask.number("TOTAL", limit)
        if start < 0 or total < 0:
            raise RefusedError(Ret.PARAMS)
        return rows[start : start + min(total, limit)]


Handler = Callable[[Desk, Ask], Answer]


@dataclass(frozen=True)
class Command:
    """A command of the Web API. ``durable`` ones are answered once they are on the disk."""

    run: Handler
    durable: bool = False


COMMANDS: dict[str, Command] = {}


def command(name: str, *, durable: bool = False) -> Callable[[Handler], Handler]:
    """Enter a handler under the name it is called by on the wire."""

    def enter(handler: Handler) -> Handler:
        COMMANDS[name] = Command(handler, durable)
        return handler

    return enter
