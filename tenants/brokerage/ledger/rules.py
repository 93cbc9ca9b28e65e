"""Decisions about legs: what balances, what pairs with what. Values in, verdicts out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from brokerage.ledger.accounts import Account
from stoa.kernel.money import EXACT, LARGEST, Money
from stoa.kernel.refusals import Invalid

MOST_LEGS: Final = 40


@dataclass(frozen=True, slots=True)
class Leg:
    """What a posting does to one account: positive adds to what its owner has."""

    account: Account
    money: Money


@dataclass(frozen=True, slots=True)
class Side:
    """One stored leg: lines hold exactly two sides of the same amount."""

    line: int
    account: Account
    amount: Decimal


def moving(source: Account, target: Account, money: Money) -> list[Leg]:
    """The two legs that take an amount from one account and give it to another."""
    return [Leg(source, -money), Leg(target, money)]


def reversed_legs(legs: Sequence[Leg]) -> list[Leg]:
    """The opposite of each leg, the last one first: what was given with one hand and taken with
    the other is undone in the order in which the account can bear it.
    """
    return [Leg(leg.account, -leg.money) for leg in reversed(legs)]


def paired(legs: Sequence[Leg]) -> list[Side]:
    """Split legs into lines of two opposite sides, in the order given, giver before taker.

    A deposit of 100 with a fee of 2 (`psp -100, wallet +98, fees +2`) becomes the lines
    `psp -98 / wallet +98` and `psp -2 / fees +2`: each line is a sum of zero by itself, which is
    what the database can demand of it. Raises ValueError for what only a programmer does wrong:
    no legs, amounts that do not sum to zero per currency, a currency not the account's, finer
    digits than the currency has.
    """
    if len(legs) == 2 and _opposite(*legs):  # most postings, and batches of them
        line = [Side(1, leg.account, leg.money.amount) for leg in legs]
        return line if line[0].amount < 0 else line[::-1]
    _sound(legs)
    givers = [_Open(leg.account, (-leg.money).amount) for leg in legs if leg.money.amount < 0]
    sides: list[Side] = []
    number = 0
    for leg in legs:
        if leg.money.amount < 0:
            continue
        wanted = leg.money.amount
        for giver in givers:
            if wanted == 0:
                break
            if giver.left == 0 or giver.account.currency != leg.account.currency:
                continue
            taken = min(giver.left, wanted)
            giver.left = EXACT.subtract(giver.left, taken)
            wanted = EXACT.subtract(wanted, taken)
            number += 1
            sides.append(Side(number, giver.account, EXACT.minus(taken)))
            sides.append(Side(number, leg.account, taken))
    return sides


@dataclass(slots=True)
class _Open:
    account: Account
    left: Decimal


def _opposite(one: Leg, other: Leg) -> bool:
    """Whether two legs are sound, told without sums: what `_sound` asks, asked once for both."""
    money = one.money
    return (
        money.currency == other.money.currency == one.account.currency == other.account.currency
        and money.amount == other.money.amount.copy_negate()
        and Decimal(0) < money.amount.copy_abs() <= LARGEST
        and money.exact_digits()
    )


def _sound(legs: Sequence[Leg]) -> None:
    if not 2 <= len(legs) <= MOST_LEGS:
        raise ValueError(f"a posting has 2 to {MOST_LEGS} legs")
    sums: dict[str, Money] = {}
    for leg in legs:
        money = leg.money
        if money.currency != leg.account.currency:
            raise ValueError(f"{money.currency} cannot go to an account in {leg.account.currency}")
        if money.amount == 0 or money.amount.copy_abs() > LARGEST:
            raise ValueError("a leg moves more than nothing and no more than the largest amount")
        if not money.exact_digits():
            raise ValueError(f"{money.amount} has finer digits than {money.currency}")
        sums[money.currency] = sums.get(money.currency, Money.zero(money.currency)) + money
    wrong = [str(total) for total in sums.values() if total]
    if wrong:
        raise ValueError(f"legs do not sum to zero: {', '.join(wrong)} over")


@dataclass(frozen=True, slots=True)
class Priced:
    """What an exchange yields and what the house keeps of it, in the bought currency."""

    buy: Money
    rate: Decimal
    margin_bps: int
    margin: Decimal
    remainder: Decimal


_STORED_DIGITS: Final = Decimal(1).scaleb(-18)


def priced(sell: Money, buy: str, *, mid: Decimal, margin_bps: int) -> Priced:
    """The client's side is rounded down, at the rate and at the amount; both rests are the house's.

    Raises Invalid when the result is nothing.
    """
    kept = EXACT.divide(Decimal(10_000 - margin_bps), Decimal(10_000))
    rate = EXACT.multiply(mid, kept).quantize(_STORED_DIGITS, rounding=ROUND_DOWN, context=EXACT)
    exact = sell.times(rate)
    bought = Money(exact.amount, buy).floored()
    if not bought:
        raise Invalid("This amount is too small to exchange.", field="amount")
    margin = EXACT.subtract(EXACT.multiply(sell.amount, mid), exact.amount)
    remainder = EXACT.subtract(exact.amount, bought.amount)
    return Priced(
        bought,
        rate,
        margin_bps,
        margin.quantize(_STORED_DIGITS, rounding=ROUND_DOWN, context=EXACT),
        remainder.quantize(_STORED_DIGITS, rounding=ROUND_DOWN, context=EXACT),
    )
