"""Amounts in Stripe's whole numbers, with the currencies it writes in a way of its own.

Source: Stripe's "Supported currencies", special cases. ISK and UGX have no decimals and are written
with two zeroes; HUF and TWD are charged with decimals and paid out without; of three decimals the
last must be zero.
"""

from decimal import Decimal
from types import MappingProxyType
from typing import Final

from stoa.kernel import currencies
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid

_PADDED: Final = frozenset({"ISK", "UGX"})
_WHOLE_PAYOUTS: Final = frozenset({"HUF", "TWD", "ISK", "UGX"})
_NOT_CARRIED: Final = frozenset({"USDT", "USDC", "BTC", "LTC", "ETH", "IQD", "LYD", "IRR", "SDG"})
LARGEST: Final = 99_999_999

CARRIED: Final = frozenset(currencies.EXPONENTS) - _NOT_CARRIED

# Smallest charges, from the same page; where Stripe names none, it converts to 0.50 USD.
LEAST: Final = MappingProxyType(
    {
        "USD": "0.50",
        "AED": "2.00",
        "AUD": "0.50",
        "BRL": "0.50",
        "CAD": "0.50",
        "CHF": "0.50",
        "CZK": "15.00",
        "DKK": "2.50",
        "EUR": "0.50",
        "GBP": "0.30",
        "HKD": "4.00",
        "HUF": "175.00",
        "INR": "0.50",
        "JPY": "50",
        "KWD": "0.500",
        "MXN": "10.00",
        "MYR": "2.00",
        "NOK": "3.00",
        "NZD": "0.50",
        "PLN": "2.00",
        "RON": "2.00",
        "SEK": "3.00",
        "SGD": "0.50",
        "THB": "10.00",
    }
)


def exponent(currency: str) -> int:
    return 2 if currency in _PADDED else currencies.exponent(currency)


def to_minor(money: Money, *, payout: bool = False) -> int:
    """Stripe's whole number of an amount.

    Raises:
        Invalid: Stripe does not carry the currency, or not so fine an amount of it.
    """
    if money.currency not in CARRIED:
        raise Invalid("This provider does not carry {currency}.", currency=money.currency)
    places = exponent(money.currency)
    scaled = money.amount.scaleb(places)
    step = _step(money.currency, places, payout=payout)
    if scaled != scaled.to_integral_value() or int(scaled) % step:
        raise Invalid(
            "This provider takes {currency} only in steps of {step}.",
            currency=money.currency,
            step=format(Decimal(step).scaleb(-places), "f"),
        )
    if not 0 < int(scaled) <= LARGEST:
        raise Invalid("The amount is more than this provider can take at once.")
    return int(scaled)


def of_minor(minor: int, currency: str) -> Money:
    """Raises KeyError for a currency the product does not carry."""
    code = currency.upper()
    return Money(Decimal(minor).scaleb(-exponent(code)), code)


def largest(currency: str) -> Money:
    """The most of one payment, in whole steps."""
    places = exponent(currency)
    step = _step(currency, places, payout=True)
    return Money(Decimal(LARGEST // step * step).scaleb(-places), currency)


def _step(currency: str, places: int, *, payout: bool) -> int:
    if currency in _PADDED or (payout and currency in _WHOLE_PAYOUTS):
        return 100
    return 10 if places == 3 else 1
