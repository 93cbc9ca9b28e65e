"""Decisions about bonuses: how much, how far earned, how much is lost. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from brokerage.bonuses.terms import Terms
from stoa.kernel.money import Money

Convert = Callable[[Money, str], Money]


@dataclass(frozen=True, slots=True)
class Facts:
    """Who deposits, and which of their deposits it is."""

    country: str
    level: str
    tags: frozenset[str]
    number: int = 0
    """1 for the first deposit; 0 where there is none yet."""


def unfit(terms: Terms, facts: Facts, *, before_deposit: bool = False) -> str:
    """The code of the first condition that does not hold; empty when all hold."""
    if terms.countries and facts.country not in terms.countries:
        return "country"
    if terms.levels and facts.level not in terms.levels:
        return "level"
    if terms.tags and not facts.tags & set(terms.tags):
        return "segment"
    if terms.kind == "cashback":
        return ""
    number = facts.number + 1 if before_deposit else facts.number
    if terms.last and number > terms.last:
        return "deposit-number"
    if not before_deposit and number < terms.first:
        return "deposit-number"
    return ""


def amount_of(terms: Terms, deposit: Money, convert: Convert) -> Money:
    """Percent of the deposit, no more than the cap, rounded down; nothing below the least deposit."""
    least = Money(terms.least_deposit, terms.currency)
    if convert(deposit, terms.currency) < least:
        return Money.zero(deposit.currency)
    part = deposit.times(terms.percent / 100)
    most = convert(Money(terms.most, terms.currency), deposit.currency)
    return min(part, most, key=lambda one: one.amount).floored()


def cashback(terms: Terms, lots: Decimal) -> Money:
    """What so many lots have earned in all, each at its own tier; rounded down, at most the cap."""
    total = Decimal(0)
    ends = [*(one.from_lots for one in terms.tiers[1:]), None]
    for tier, end in zip(terms.tiers, ends, strict=True):
        upto = lots if end is None else min(lots, end)
        total += max(upto - tier.from_lots, Decimal(0)) * tier.amount
    earned = Money(min(total, terms.most), terms.currency)
    return earned.floored()


def lots_needed(terms: Terms, amount: Money, convert: Convert) -> Decimal:
    """Lots that turn all of it into money; two digits, rounded as usual."""
    worth = convert(amount, terms.currency).amount
    return (worth / 100 * terms.lots_per_100).quantize(Decimal("0.01"))


def due(terms: Terms, amount: Money, released: Money, need: Decimal, done: Decimal) -> Money:
    """What trading has earned by now and was not released yet."""
    zero = Money.zero(amount.currency)
    if not terms.lots_per_100:
        return zero
    if done >= need:
        return amount - released
    if terms.release == "whole" or not need:
        return zero
    earned = amount.times(done / need).floored()
    return earned - released if earned > released else zero


def lost(terms: Terms, left: Money, leaves: Money, held: Money) -> Money:
    """What of a bonus a withdrawal takes away; `held` is all the client has, with what leaves."""
    zero = Money.zero(left.currency)
    if terms.burn == "none" or not left:
        return zero
    if terms.burn == "all" or not held or leaves >= held:
        return left
    share = left.times(leaves.amount / held.amount).rounded(ROUND_UP)
    return min(share, left, key=lambda one: one.amount)
