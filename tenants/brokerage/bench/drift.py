"""A million random operations on amounts, beside whole numbers that cannot drift.

Each operation is done twice: by the product's own decimals (amounts read from text, fees, prices
of an exchange, legs paired into lines, reversals, running balances), and by integers in the
smallest units of each asset, with rules written down again. After each one every amount must
have the digits of its asset and no more, every line must sum to zero, and what moved must agree to
the last unit; at the end all balances must, and each currency must sum to nothing. The database's
part of the arithmetic is tried by `tests/tenants/ledger`, with fewer operations.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from uuid import UUID

from brokerage.bench.figures import Figure
from brokerage.bench.ground import Ground
from brokerage.fees import rules as fees
from brokerage.fees.settings import FeeLine
from brokerage.ledger.accounts import Account
from brokerage.ledger.model import Guard, Tree
from brokerage.ledger.rules import Leg, moving, paired, priced, reversed_legs
from stoa.kernel import currencies
from stoa.kernel.money import EXACT, Money, parse
from stoa.kernel.refusals import Invalid

OPERATIONS: Final = 1_000_000
SEED: Final = 20261127
CODES: Final = ("USD", "EUR", "JPY", "KWD", "USDT", "BTC", "ETH")
CLIENTS: Final = 40
_MOST_TOLD: Final = 20
_KEPT: Final = 200


async def measure(_: Ground) -> list[Figure]:
    """How many amounts were wrong after a million operations; none may be."""
    started = time.perf_counter()
    drift = Drift(SEED)
    drift.run(OPERATIONS)
    took = time.perf_counter() - started
    told = "; ".join(drift.wrong[:3])
    return [
        Figure(
            f"amounts that drifted in {OPERATIONS:,} random operations",
            len(drift.wrong),
            "",
            0,
            note=told or f"seed {SEED}, {drift.moved:,} legs, {took:.0f} s",
        )
    ]


@dataclass
class Drift:
    """Balances in the product's decimals and in whole smallest units. `wrong` says what differs."""

    seed: int
    wrong: list[str] = field(default_factory=list)
    moved: int = 0
    balances: dict[UUID, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    units: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - to be repeated, not to be unguessable
        self.accounts: dict[tuple[str, int], Account] = {}
        self.done: list[tuple[list[Leg], dict[UUID, int]]] = []

    def run(self, operations: int) -> None:
        """So many operations, or fewer when enough was wrong; then every balance."""
        kinds: Sequence[Callable[[], None]] = (
            self.transfer,
            self.transfer,
            self.deposit,
            self.exchange,
            self.reverse,
        )
        for _ in range(operations):
            self.chance.choice(kinds)()
            if len(self.wrong) >= _MOST_TOLD:
                return
        self.settle()

    def settle(self) -> None:
        """Whether every balance is what whole numbers say, and all of a currency sum to nothing."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for (code, _), account in self.accounts.items():
            held = self.balances[account.id]
            sums[code] = EXACT.add(sums[code], held)
            self.agree(f"the balance of {code}", Money(held, code), self.units[account.id])
        for code, total in sums.items():
            self.agree(f"the sum of all {code}", Money(total, code), 0)

    def transfer(self) -> None:
        code = self.chance.choice(CODES)
        source, target = self.chance.sample(range(1, CLIENTS + 1), 2)
        giver, taker = self.account(code, source), self.account(code, target)
        least = self.units[giver.id]
        if least <= 0:
            return
        units = min(least, self.some(code))
        self.post(
            moving(giver, taker, self.typed(units, code)), {giver.id: -units, taker.id: units}
        )

    def deposit(self) -> None:
        """Money from outside, with a fee in percent of four digits, rounded down."""
        code = self.chance.choice(CODES)
        wallet, bank = self.account(code, self.chance.randint(1, CLIENTS)), self.account(code, 0)
        units, rate = self.some(code), self.chance.randint(0, 500_000)
        money = self.typed(units, code)
        line = FeeLine(name="Card", on="deposit", percent=Decimal(rate).scaleb(-4))
        fee = fees.amount(line, money, _none)
        cost = units * rate // 1_000_000
        self.agree("a fee", fee, cost)
        legs = [Leg(bank, -money), Leg(wallet, money - fee)]
        if fee:
            legs.append(Leg(self.account(code, -1), fee))
        self.post(
            legs,
            {
                bank.id: -units,
                wallet.id: units - cost,
                self.account(code, -1).id: cost,
            },
        )

    def exchange(self) -> None:
        """Four legs at a rate of eight digits less a margin; both rests are the house's."""
        sold, bought = self.chance.sample(CODES, 2)
        client = self.chance.randint(1, CLIENTS)
        wallet, other = self.account(sold, client), self.account(bought, client)
        units = min(self.units[wallet.id], self.some(sold))
        mid, margin = self.chance.randint(1, 10**13), self.chance.randint(0, 500)
        # The rate in 18 digits, what it yields, and what the house keeps, in whole numbers.
        rate = mid * (10_000 - margin) * 10**6
        digits, wanted = currencies.exponent(sold), currencies.exponent(bought)
        yields = units * rate * 10**wanted // 10 ** (digits + 18)
        if units <= 0 or not 0 < yields < 10 ** (15 + wanted):
            return
        sell = self.typed(units, sold)
        price = priced(sell, bought, mid=Decimal(mid).scaleb(-8), margin_bps=margin)
        self.agree("what an exchange yields", price.buy, yields)
        rest = (units * rate - yields * 10 ** (18 + digits - wanted)) // 10**digits
        kept = units * (mid * 10**10 - rate) // 10**digits
        if price.remainder.scaleb(18, EXACT) != rest or price.margin.scaleb(18, EXACT) != kept:
            self.wrong.append(f"the rests of {sell} at {price.rate}")
        legs = moving(wallet, self.account(sold, -2), sell)
        legs += moving(self.account(bought, -2), other, price.buy)
        self.post(
            legs,
            {
                wallet.id: -units,
                self.account(sold, -2).id: units,
                self.account(bought, -2).id: -yields,
                other.id: yields,
            },
        )

    def reverse(self) -> None:
        """The opposite of something done lately, where the money is still there."""
        if not self.done:
            return
        legs, units = self.done.pop(self.chance.randrange(len(self.done)))
        opposite = {account: -moved for account, moved in units.items()}
        wallets = {leg.account.id for leg in legs if leg.account.guard is Guard.FLOOR}
        if all(self.units[one] + opposite[one] >= 0 for one in wallets):
            self.post(reversed_legs(legs), opposite, again=False)

    def post(self, legs: list[Leg], units: dict[UUID, int], *, again: bool = True) -> None:
        """Write the legs to both books as the ledger stores them, and compare."""
        lines: dict[int, Decimal] = defaultdict(Decimal)
        moved: dict[UUID, Decimal] = defaultdict(Decimal)
        codes: dict[UUID, str] = {}
        for side in paired(legs):
            lines[side.line] = EXACT.add(lines[side.line], side.amount)
            account = side.account
            moved[account.id] = EXACT.add(moved[account.id], side.amount)
            codes[account.id] = account.currency
            self.moved += 1
        if any(lines.values()):
            self.wrong.append(f"a line sums to {[str(one) for one in lines.values()]}")
        for key, change in units.items():
            if key in codes or change:
                self.agree("a leg", Money(moved[key], codes.get(key, "USD")), change)
            self.units[key] += change
            self.balances[key] = EXACT.add(self.balances[key], moved[key])
        if again:
            self.done.append((legs, units))
            if len(self.done) > _KEPT:
                self.done.pop(0)

    def agree(self, what: str, money: Money, units: int) -> None:
        """`money` is exactly so many of its smallest units, and has no finer digits."""
        if not money.exact_digits() or money.minor() != units:
            self.wrong.append(f"{what} is {money.amount} {money.currency}, not {units} units")

    def some(self, code: str) -> int:
        """An amount from the smallest unit to the largest there may be, of any size alike."""
        digits = self.chance.randint(1, currencies.exponent(code) + 15)
        return self.chance.randint(1, 10**digits)

    def typed(self, units: int, code: str) -> Money:
        """So much money, as a person would type it."""
        money = parse(Money.of_minor(units, code).text(), code)
        self.agree("what was typed", money, units)
        return money

    def account(self, code: str, number: int) -> Account:
        """A client's wallet, from one up; below that an account of the house."""
        known = self.accounts.get((code, number))
        if known is None:
            mine = number > 0
            known = self.accounts[code, number] = Account(
                UUID(int=len(self.accounts) + 1),
                "wallet" if mine else "bank",
                "wallet" if mine else "bank",
                Tree.CLIENT_MONEY,
                Guard.FLOOR if mine else Guard.NONE,
                code,
                UUID(int=number) if mine else None,
            )
        return known


def _none(money: Money, _: str) -> Money:
    """No fee here is fixed in another currency."""
    raise Invalid(f"{money} is not converted here")
