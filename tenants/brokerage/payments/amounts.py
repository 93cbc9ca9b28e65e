"""How a provider writes amounts: which currencies it carries, and with how many digits each. Pure."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final

from stoa.kernel import currencies
from stoa.kernel.money import EXACT, Money
from stoa.kernel.refusals import Invalid

CRYPTO: Final = frozenset({"USDT", "USDC", "BTC", "LTC", "ETH"})
FIAT: Final = frozenset(currencies.EXPONENTS) - CRYPTO
_PLAIN: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,18})?", re.ASCII)


class Digits:
    """One provider's currencies, and its digits where they differ from ISO 4217."""

    def __init__(
        self, carried: Iterable[str] = FIAT, deviations: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self.carried = frozenset(carried)
        self._deviations = dict(deviations)

    def places(self, currency: str) -> int:
        """Digits after the point at this provider."""
        return self._deviations.get(currency, currencies.exponent(currency))

    def minor(self, money: Money) -> int:
        """In the provider's smallest unit. Raises Invalid for what it cannot carry."""
        return int(self._scaled(money))

    def major(self, money: Money) -> str:
        """Plain digits with the provider's decimals: `1234.50`. Raises as `minor`."""
        places = self.places(money.currency) if money.currency in self.carried else 0
        return format(self._scaled(money).scaleb(-places, EXACT), f".{places}f")

    def short(self, money: Money) -> str:
        """As `major` without the zeroes at the end, for providers that want it so."""
        text = self.major(money)
        return text.rstrip("0").rstrip(".") if "." in text else text

    def of_minor(self, minor: object, currency: object) -> Money | None:
        """What a provider told, or None for what it cannot mean."""
        code = _code(currency)
        if code is None or isinstance(minor, bool):
            return None
        if isinstance(minor, str) and minor.isascii() and minor.isdigit() and len(minor) < 30:
            minor = int(minor)
        if not isinstance(minor, int):
            return None
        return Money(Decimal(minor).scaleb(-self.places(code), EXACT), code)

    def _scaled(self, money: Money) -> Decimal:
        if money.currency not in self.carried:
            raise Invalid("This provider does not carry {currency}.", currency=money.currency)
        places = self.places(money.currency)
        scaled = money.amount.scaleb(places, EXACT)
        if scaled != scaled.to_integral_value():
            raise Invalid(
                "This provider takes {currency} only in steps of {step}.",
                currency=money.currency,
                step=format(Decimal(1).scaleb(-places), "f"),
            )
        if scaled <= 0:
            raise Invalid("The amount must be more than zero.", field="amount")
        return scaled.to_integral_value()


def of_major(amount: object, currency: object) -> Money | None:
    """What a provider told in whole units, as text or as a number; None for what it cannot mean."""
    code = _code(currency)
    if code is None or isinstance(amount, bool):
        return None
    # A JSON number was read as the shortest float; its text is the number that was sent.
    text = repr(amount) if isinstance(amount, float) else str(amount)
    if isinstance(amount, float) and "e" in text:
        text = format(Decimal(text), "f")
    if not _PLAIN.fullmatch(text):
        return None
    try:
        return Money(Decimal(text), code)
    except (InvalidOperation, ValueError):
        return None


def _code(currency: object) -> str | None:
    code = currency.upper() if isinstance(currency, str) else ""
    return code if currencies.known(code) else None
