"""What a provider keeps of a payment, by its cost schedule. Pure."""

from collections.abc import Callable, Sequence

from brokerage.payments.routing.terms import Cost
from brokerage.payments.values import Method
from stoa.kernel.money import Money

Convert = Callable[[Money, str], Money | None]
"""An amount in another currency at the rates of the moment; None where there is no rate."""


def cost_of(
    costs: Sequence[Cost], method: Method, money: Money, country: str, convert: Convert
) -> Money | None:
    """By the first line that fits, in the payment's currency; None where nothing is known."""
    for line in costs:
        if line.method and method not in line.method:
            continue
        if line.currency and money.currency not in line.currency:
            continue
        if line.country and country not in line.country:
            continue
        cost = money.times(line.percent / 100)
        if line.fixed is not None:
            fixed = convert(line.fixed.money, money.currency)
            if fixed is None:
                return None
            cost = cost + fixed
        if line.least is not None:
            least = convert(line.least.money, money.currency)
            if least is None:
                return None
            cost = max(cost, least, key=lambda one: one.amount)
        return cost.rounded()
    return None
