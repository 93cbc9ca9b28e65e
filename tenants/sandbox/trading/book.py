"""The state in memory: accounts and what hangs on them. It changes only by applying records."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from sandbox.trading.records import (
    Action,
    ClockSet,
    Deal,
    Kind,
    Order,
    Position,
    PositionGone,
    Record,
    RobotGone,
    RobotSet,
    Shock,
    State,
    StopOut,
    User,
    UserGone,
)

FIRST_ORDER = 5_000_000
FIRST_DEAL = 8_000_000

_by_time = attrgetter("time", "deal")


@dataclass(slots=True)
class Account:
    """One login: its record, its money, its deals in order of time, what is open and waiting."""

    user: User
    balance: int = 0
    credit: int = 0
    deals: list[Deal] = field(default_factory=list)
    positions: dict[int, Position] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    done: dict[int, Order] = field(default_factory=dict)
    stop: StopOut | None = None
    last_access: int = 0
    last_address: str = ""

    @property
    def login(self) -> int:
        return self.user.login

    @property
    def busy(self) -> bool:
        return bool(self.positions or self.orders)

    def apply(self, record: Record) -> None:
        """Change by one record that belongs to this login."""
        match record:
            case Deal():
                self._take(record)
            case Position():
                self.positions[record.position] = record
            case PositionGone():
                self.positions.pop(record.position, None)
            case Order():
                if record.state == State.PLACED:
                    self.orders[record.order] = record
                else:
                    self.orders.pop(record.order, None)
                    self.done[record.order] = record
            case StopOut():
                self.stop = record if record.activation else None
            case User():
                self.user = record
            case _:
                raise TypeError(f"{record!r} does not belong to an account")

    def _take(self, deal: Deal) -> None:
        """Enter a deal at its place in time and move the money."""
        if not self.deals or _by_time(self.deals[-1]) <= _by_time(deal):
            self.deals.append(deal)
        else:
            insort(self.deals, deal, key=_by_time)
        if deal.action == Action.CREDIT:
            self.credit += deal.money
        else:
            self.balance += deal.money

    def between(self, first_ms: int, last_ms: int) -> list[Deal]:
        """Deals of a window, both ends included."""
        low = bisect_left(self.deals, first_ms, key=attrgetter("time"))
        high = bisect_right(self.deals, last_ms, key=attrgetter("time"))
        return self.deals[low:high]

    def history(self, first_ms: int, last_ms: int) -> list[Order]:
        """Orders that ended in a window; a market order is told by its deal."""
        found = {
            deal.order: order_of(deal) for deal in self.between(first_ms, last_ms) if deal.order
        }
        for order in self.done.values():
            if first_ms <= order.done <= last_ms:
                found[order.order] = order
        return sorted(found.values(), key=attrgetter("done", "order"))


def order_of(deal: Deal) -> Order:
    """The market order behind a deal, filled at once and in full."""
    return Order(
        order=deal.order,
        login=deal.login,
        symbol=deal.symbol,
        kind=Kind.SELL if deal.action == Action.SELL else Kind.BUY,
        volume=deal.volume,
        price=deal.price,
        setup=deal.time,
        state=State.FILLED,
        done=deal.time,
        sl=deal.sl,
        tp=deal.tp,
        reason=deal.reason,
        position=deal.position,
        comment=deal.comment,
        expert=deal.expert,
    )


class Book:
    """All accounts, the counters of tickets, and an index of who must be watched."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.gone: dict[int, Account] = {}
        self.watched: dict[int, Account] = {}
        self.deals: dict[int, int] = {}
        self.ordered = 0
        self.robots: dict[int, RobotSet] = {}
        self.shocks: list[Shock] = []
        self.clock = ClockSet(0)
        self.latest = 0
        self.last_order = FIRST_ORDER
        self.last_deal = FIRST_DEAL
        self.last_robot = 0

    def account(self, login: int) -> Account | None:
        return self.accounts.get(login)

    def next_order(self) -> int:
        self.last_order += 1
        return self.last_order

    def next_deal(self) -> int:
        self.last_deal += 1
        return self.last_deal

    def apply(self, records: Iterable[Record]) -> None:
        for record in records:
            match record:
                case Deal():
                    self._deal(record)
                case Position() | PositionGone() | Order():
                    account = self.accounts[record.login]
                    account.apply(record)
                    ticket = record.order if isinstance(record, Order) else record.position
                    self.last_order = max(self.last_order, ticket)
                    self._watch(account)
                case User():
                    self._user(record)
                case _:
                    self._rare(record)

    def records(self) -> Iterator[Record]:
        """Everything that, applied to an empty book, gives this one again."""
        yield self.clock
        yield from self.shocks
        for account in (*self.gone.values(), *self.accounts.values()):
            yield account.user
            yield from account.deals
            yield from account.positions.values()
            yield from account.orders.values()
            yield from account.done.values()
            if account.stop is not None:
                yield account.stop
            if account.login in self.gone:
                yield UserGone(account.login)
        yield from self.robots.values()

    def _user(self, user: User) -> None:
        known = self.accounts.get(user.login)
        if known is None:
            self.accounts[user.login] = Account(user)
        else:
            known.apply(user)

    def _deal(self, deal: Deal) -> None:
        self.accounts[deal.login].apply(deal)
        self.deals[deal.deal] = deal.login
        self.last_deal = max(self.last_deal, deal.deal)
        self.last_order = max(self.last_order, deal.order)
        self.ordered += bool(deal.order)
        self.latest = max(self.latest, deal.time)

    def _rare(self, record: Record) -> None:
        match record:
            case UserGone():
                account = self.accounts.pop(record.login)
                self.gone[record.login] = account
                self.watched.pop(record.login, None)
            case StopOut():
                self.accounts[record.login].apply(record)
            case RobotSet():
                self.robots[record.robot] = record
                self.last_robot = max(self.last_robot, record.robot)
            case RobotGone():
                self.robots.pop(record.robot, None)
            case ClockSet():
                self.clock = record
            case Shock():
                self.shocks.append(record)
            case _:  # The common records are dealt with by the caller.
                pass

    def _watch(self, account: Account) -> None:
        if account.busy:
            self.watched[account.login] = account
        else:
            self.watched.pop(account.login, None)
