"""The ledger against a model: random operations, and after each of them every law holds."""

import asyncio
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from brokerage.ledger import accounts, check, posting, wallets
from brokerage.ledger.posting import NotCovered, Posting, moving
from stoa.kernel import currencies
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict

CODES = ("EUR", "JPY", "KWD", "BTC")


def amounts(code: str, most: int = 100_000):
    """Amounts of a currency, down to its smallest unit."""
    return st.integers(1, most).map(lambda minor: Money.of_minor(minor, code))


MONEY = st.sampled_from(CODES).flatmap(amounts)
CLIENTS = st.integers(0, 2)


class Ledger(RuleBasedStateMachine):
    """Postings beside plain dictionaries. The loop and the tenant are the test's own."""

    run = None  # set by the test: runs a coroutine function with a fresh unit of work

    holds = Bundle("holds")
    entries = Bundle("entries")

    @initialize()
    def start(self):
        self.clients = [uuid7() for _ in range(3)]
        self.balances = defaultdict(Decimal)
        self.held = {}
        self.done = {}
        self.operations = 0

    def key(self) -> str:
        self.operations += 1
        return f"model:{self.clients[0]}:{self.operations}"

    @rule(target=entries, at=CLIENTS, money=MONEY, fee=st.booleans())
    def deposit(self, at, money, fee):
        client, operation = self.clients[at], self.key()
        cost = Money.of_minor(1, money.currency) if fee and money.minor() > 1 else None

        posted = self.run(
            lambda work: wallets.credit(
                work,
                client,
                money,
                operation=operation,
                kind="deposit",
                against=accounts.house(work, "psp:alpha", money.currency),
                fee=cost,
            )
        )

        change = money - cost if cost else money
        self.balances[at, money.currency] += change.amount
        self.done[operation] = posted.entry
        return (posted.entry, at, change)

    @rule(at=CLIENTS, to=CLIENTS, money=MONEY)
    def move(self, at, to, money):
        if at == to:
            return
        operation = self.key()
        covered = self.balances[at, money.currency] >= money.amount

        moved = self.attempt(
            lambda work: wallets.move(
                work, self.clients[at], money, self.clients[to], operation=operation
            )
        )

        assert moved == covered
        if moved:
            self.balances[at, money.currency] -= money.amount
            self.balances[to, money.currency] += money.amount

    @rule(target=holds, at=CLIENTS, money=MONEY)
    def hold(self, at, money):
        cause = ("reserve", uuid7())
        covered = self.balances[at, money.currency] >= money.amount

        moved = self.attempt(lambda work: wallets.hold(work, self.clients[at], money, cause=cause))

        assert moved == covered
        if not moved:
            return multiple()
        self.balances[at, money.currency] -= money.amount
        self.held[cause] = (at, money)
        return cause

    @rule(cause=consumes(holds), pay=st.booleans())
    def end_hold(self, cause, pay):
        at, money = self.held.pop(cause)
        client = self.clients[at]

        async def end(work):
            aside = accounts.hold(work, client, money.currency, cause)
            if pay:
                payout = accounts.house(work, "payout:alpha", money.currency)
                return await wallets.settle(work, aside.id, against=payout)
            return await wallets.release(work, aside.id)

        assert self.attempt(end)
        assert self.run(end).replayed, "a second time answers the first"
        if not pay:
            self.balances[at, money.currency] += money.amount

    @rule(entry=consumes(entries))
    def reverse(self, entry):
        known, at, change = entry
        covered = self.balances[at, change.currency] >= change.amount

        moved = self.attempt(
            lambda work: posting.reverse(work, known, operation=f"undo:{known}", reason="a mistake")
        )

        assert moved == covered
        if moved:
            self.balances[at, change.currency] -= change.amount

    @rule(at=CLIENTS, money=st.lists(amounts("EUR"), min_size=1, max_size=12))
    def batch(self, at, money):
        operations = [self.key() for _ in money]
        total = sum(one.amount for one in money)

        async def rewards(work):
            partners = accounts.house(work, "partners", "EUR")
            wallet = accounts.client_wallet(work, self.clients[at], "EUR")
            return await posting.post_many(
                work,
                [
                    Posting(operation=key, kind="reward", legs=moving(partners, wallet, one))
                    for key, one in zip(operations, money, strict=True)
                ],
            )

        first, again = self.run(rewards), self.run(rewards)

        assert [one.entry for one in first] == [one.entry for one in again]
        self.balances[at, "EUR"] += total

    @rule()
    def repeat(self):
        for operation, entry in list(self.done.items())[-1:]:
            found = self.run(lambda work, key=operation: posting.found(work, key))
            assert found.entry == entry

    @invariant()
    def wallets_are_as_the_model_says(self):
        async def look(work):
            return [await wallets.of(work, client) for client in self.clients]

        for at, found in enumerate(self.run(look)):
            for wallet in found:
                code = wallet.account.currency
                assert wallet.available.amount == self.balances[at, code]
                held = sum(
                    m.amount for a, m in self.held.values() if a == at and m.currency == code
                )
                assert wallet.held.amount == held
                assert wallet.available.rounded() == wallet.available

    def teardown(self):
        examined = self.run(check.examine)
        assert examined.violations == []

    def attempt(self, what) -> bool:
        """Whether it was done; a refusal leaves nothing behind."""
        try:
            self.run(what)
        except (NotCovered, Conflict):
            return False
        return True


async def test_random_operations_agree_with_the_model(house):
    tenant = await house.tenant()
    loop = asyncio.get_running_loop()

    def run(what):
        async def opened():
            async with house.door.open(tenant) as work:
                return await what(work)

        return asyncio.run_coroutine_threadsafe(opened(), loop).result(30)

    class Here(Ledger):
        pass

    Here.run = staticmethod(run)
    checked = settings(
        max_examples=12,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    await asyncio.to_thread(run_state_machine_as_test, Here, settings=checked)


@pytest.mark.parametrize("code", CODES)
async def test_many_small_movements_never_drift(work, code):
    """Ten thousand of the smallest unit there and back leave exactly what was there."""
    unit = Money.of_minor(1, code)
    bank = accounts.house(work, "bank", code)
    client = uuid7()
    wallet = accounts.client_wallet(work, client, code)
    for round_ in range(10):
        await posting.post_many(
            work,
            [
                Posting(
                    operation=f"drift:{client}:{round_}:{n}",
                    kind="fee",
                    legs=moving(bank, wallet, unit) if n % 2 == 0 else moving(wallet, bank, unit),
                )
                for n in range(1000)
            ],
        )

    assert await wallets.available(work, client, code) == Money.zero(code)
    newest = await wallets.as_of(work, wallet, work.now)
    assert newest.amount == 0
    assert currencies.exponent(code) >= 0
