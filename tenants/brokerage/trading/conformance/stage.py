"""Where the cases play: the connector, the accounts made for the run, a hand, and the weather."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from brokerage.trading.conformance.hearing import Hearing
from brokerage.trading.conformance.plan import Plan, Trader, Weather
from brokerage.trading.conformance.recording import Recorder
from brokerage.trading.connector import (
    Access,
    Account,
    Deal,
    DealBatch,
    DealCursor,
    MoneyKind,
    NewAccount,
    Position,
    Profile,
    TradingConnector,
    Verb,
    mark,
)
from stoa.connectors.outcomes import Confirmed, Outcome, Refused
from stoa.kernel.refusals import NotFound, Unavailable

_STEP_S = 0.2
NAME = "Ann Ó Briain"


class Failed(Exception):
    """The adapter or its server did not do what the port promises."""


class Lacking(Exception):
    """The platform, as it declares itself, has nothing of the kind."""


class Unchecked(Exception):
    """This run has no way to see it; the reason is told in the report."""


class Stage:
    """One run. Accounts are made on first use and kept for the cases that follow."""

    def __init__(
        self,
        connector: TradingConnector,
        plan: Plan,
        *,
        trader: Trader | None = None,
        weather: Weather | None = None,
    ) -> None:
        self.plan = plan
        self.recorder = Recorder(connector)
        self.can = connector.capabilities
        self.trader = trader
        self.weather = weather
        self.began = datetime.now(UTC)
        self.hearing = Hearing(connector)
        self.made: dict[int, str] = {}
        self.external: dict[int, str] = {}
        self._of_group: dict[str, int] = {}
        self._settle = connector.settle_after

    def offers(self, *verbs: Verb) -> bool:
        return all(verb in self.can.verbs for verb in verbs)

    def check(self, holds: object, sentence: str) -> None:
        """Fails the case with `sentence` unless it holds."""
        if not holds:
            raise Failed(sentence)

    def hand(self) -> Trader:
        if self.trader is None:
            raise Unchecked("Nobody trades on this server for us.")
        return self.trader

    def storm(self) -> Weather:
        if self.weather is None:
            raise Unchecked("The line to this server cannot be broken by us.")
        return self.weather

    async def account(self, group: str = "") -> int:
        """The run's own account in a group, made on first use; the given one where none is made."""
        group = group or self.plan.group
        if self.offers(Verb.CREATE_ACCOUNT):
            if group not in self._of_group:
                self._of_group[group] = await self.new_account(group)
            return self._of_group[group]
        if self.plan.login and group == self.plan.group:
            return self.plan.login
        raise Unchecked("The platform makes no accounts and none was given for this.")

    async def new_account(self, group: str) -> int:
        """A fresh account, confirmed; its login. Told in the report when it stays."""
        new = NewAccount(
            external_id=mark("A", uuid4()),
            group=group,
            leverage=self.plan.leverages[0],
            profile=Profile(
                name=NAME,
                email=f"conform-{uuid4().hex[:10]}@example.com",
                phone="+35315550123",
                country="Ireland",
                city="Dublin",
                zip_code="D02 X285",
                address="1 Main Street",
            ),
            password=self.plan.password,
            investor_password=self.plan.investor_password,
            currency=self.plan.currency,
        )
        outcome: Outcome = await self.recorder.ask("create_account", new)
        if not isinstance(outcome, Confirmed) or not outcome.reference.isdecimal():
            raise Failed(f"No account was made in {group}: {outcome}.")
        login = int(outcome.reference)
        self.made[login] = group
        self.external[login] = new.external_id
        return login

    async def funded(self, group: str = "", most: Decimal = Decimal(0)) -> int:
        """The account of a group with at least the plan's money, or `most`, on it."""
        login = await self.account(group)
        wanted = most or self.plan.money
        if self.offers(Verb.BALANCE_OP, Verb.GET_ACCOUNT):
            balance = (await self.read(login)).balance
            if balance < wanted:
                await self.move(login, MoneyKind.DEPOSIT, wanted - balance)
        return login

    async def move(
        self, login: int, kind: MoneyKind, amount: Decimal, operation: UUID | None = None
    ) -> str:
        """Money that must be confirmed; its mark."""
        outcome, sign = await self.try_move(login, kind, amount, operation)
        self.check(isinstance(outcome, Confirmed), f"{kind} of {amount} was not done: {outcome}.")
        return sign

    @staticmethod
    def sign(kind: MoneyKind, operation: UUID) -> str:
        """The mark of an operation of a kind."""
        return mark("W" if kind.outward else "D", operation)

    async def try_move(
        self, login: int, kind: MoneyKind, amount: Decimal, operation: UUID | None = None
    ) -> tuple[Outcome, str]:
        sign = self.sign(kind, operation or uuid4())
        outcome = await self.recorder.ask("balance_op", login, kind, amount, sign, "Conform")
        return outcome, sign

    async def read(self, login: int) -> Account:
        found: Account = await self.recorder.ask("get_account", login)
        return found

    async def find(self, login: int, sign: str) -> Deal | None:
        found: Deal | None = await self.recorder.ask(
            "find_balance_op", login, sign, self.began - timedelta(minutes=5)
        )
        return found

    async def find_later(self, login: int, sign: str) -> Deal | None:
        """What the platform says of an operation once it can be asked again, until it settles."""
        last = min(self._settle.total_seconds(), self.plan.wait_s)
        deadline = asyncio.get_running_loop().time() + last
        while True:
            try:
                found = await self.find(login, sign)
            except Unavailable:
                found = None
                await self.back()
            if found is not None or asyncio.get_running_loop().time() > deadline:
                return found
            await asyncio.sleep(_STEP_S)

    async def back(self) -> None:
        """Wait until the server can be asked again after a broken line."""

        async def asked() -> bool:
            try:
                return await self._answers()
            except NotFound:
                return True
            except Unavailable:
                return False

        await self.until(asked, "The server could not be asked again after its line broke.", 40)

    async def deals(self, *logins: int, since: DealCursor | None = None) -> tuple[Deal, ...]:
        """The journal of logins: read where that is offered, else what the stream carried."""
        if self.offers(Verb.GET_DEALS):
            return (await self.batch(logins, since or DealCursor.start())).deals
        heard = self.hearing.deals(logins)
        after = since.at if since else datetime.min.replace(tzinfo=UTC)
        return tuple(deal for deal in heard if deal.at >= after)

    async def batch(
        self, logins: Sequence[int], since: DealCursor, until: datetime | None = None
    ) -> DealBatch:
        found: DealBatch = await self.recorder.ask("get_deals", logins, since, until)
        return found

    async def positions(self, login: int) -> tuple[Position, ...]:
        found: tuple[Position, ...] = await self.recorder.ask("get_positions", login)
        return found

    async def until(
        self, holds: Callable[[], Awaitable[bool]], sentence: str, wait_s: float = 0
    ) -> None:
        """Ask again and again until it holds; the case fails with `sentence` when it never does."""
        deadline = asyncio.get_running_loop().time() + (wait_s or self.plan.wait_s)
        while not await holds():
            if asyncio.get_running_loop().time() > deadline:
                raise Failed(sentence)
            await asyncio.sleep(_STEP_S)

    def refused(self, outcome: Outcome, what: str) -> None:
        self.check(
            isinstance(outcome, Refused), f"{what} must be refused and was answered {outcome}."
        )

    async def tidy(self) -> tuple[str, ...]:
        """Take the money off the accounts made and close them; what stays is told."""
        return tuple([await self._tidied(login, group) for login, group in self.made.items()])

    async def _tidied(self, login: int, group: str) -> str:
        did: list[str] = []
        try:
            if self.offers(Verb.GET_ACCOUNT, Verb.BALANCE_OP):
                account = await self.read(login)
                for kind, amount in (
                    (MoneyKind.CREDIT_OUT, account.credit),
                    (MoneyKind.WITHDRAWAL, account.balance),
                ):
                    if amount > 0 and kind in self.can.money and not account.margin:
                        await self.move(login, kind, amount)
                        did.append(f"{kind} {amount}")
            for access in (Access.NO_LOGIN, Access.NO_TRADING):
                if self.offers(Verb.SET_ACCESS) and access in self.can.access:
                    await self.recorder.ask("set_access", login, access)
                    did.append(str(access))
                    break
        except (Failed, Unavailable, NotFound) as why:
            did.append(f"could not be tidied: {why}")
        return f"account {login} in {group} ({', '.join(did) or 'as it is'})"

    async def _answers(self) -> bool:
        if self.offers(Verb.GET_ACCOUNT):
            await self.read(next(iter(self.made), self.plan.login))
            return True
        return all(check.fine for check in await self.recorder.ask("test_connection"))


def names(verbs: Collection[Verb]) -> tuple[str, ...]:
    return tuple(sorted(str(verb) for verb in verbs))
