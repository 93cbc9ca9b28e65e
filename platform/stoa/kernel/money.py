"""An amount and its currency: exact, never a float, never two currencies at once."""

import re
from dataclasses import dataclass
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Final, Self

from stoa.kernel import currencies
from stoa.kernel.refusals import Invalid

EXACT: Final = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow])
LARGEST: Final = Decimal("1e15")
_UNITS: Final = {code: Decimal(1).scaleb(-places) for code, places in currencies.EXPONENTS.items()}
_PLAIN: Final = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,18})?", re.ASCII)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount in one currency. Arithmetic over two currencies raises ValueError."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("an amount is a Decimal")
        if not self.amount.is_finite():
            raise ValueError("an amount is finite")

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(Decimal(0), currency)

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Self:
        """From minor units (cents, fils), by the currency's exponent."""
        return cls(Decimal(minor).scaleb(-currencies.exponent(currency), EXACT), currency)

    def minor(self) -> int:
        """In minor units; raises ValueError when the amount has finer digits."""
        scaled = self.amount.scaleb(currencies.exponent(self.currency), EXACT)
        if scaled != scaled.to_integral_value():
            raise ValueError("finer than the currency's smallest unit")
        return int(scaled)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(EXACT.add(self.amount, other.amount), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(EXACT.subtract(self.amount, other.amount), self.currency)

    def __neg__(self) -> "Money":
        return Money(EXACT.minus(self.amount), self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def __bool__(self) -> bool:
        return self.amount != 0

    def times(self, factor: Decimal) -> "Money":
        """Unrounded product; round once, where it becomes a posting."""
        return Money(EXACT.multiply(self.amount, factor), self.currency)

    def rounded(self, mode: str = ROUND_HALF_EVEN) -> "Money":
        """To the currency's digits; half-even unless the caller names another mode."""
        unit = _UNITS[self.currency]
        return Money(self.amount.quantize(unit, rounding=mode, context=EXACT), self.currency)

    def floored(self) -> "Money":
        return self.rounded(ROUND_DOWN)

    def exact_digits(self) -> bool:
        """Whether the amount carries no finer digits than its currency has."""
        return self.amount.quantize(_UNITS[self.currency], context=EXACT) == self.amount

    def text(self) -> str:
        """Plain digits with the currency's decimals, for JSON and files: `1234.50`."""
        if not self.exact_digits():
            return format(self.amount.normalize(EXACT), "f")
        return format(self.rounded().amount, "f")

    def __str__(self) -> str:
        return f"{self.text()} {self.currency}"


def parse(text: object, currency: str, *, largest: Decimal = LARGEST) -> Money:
    """Read a positive amount a person or a system typed.

    Only plain ASCII digits with a point; no sign, exponent, grouping or finer digits than the
    currency has. Raises Invalid with a sentence that says how to mend it.
    """
    if not currencies.known(currency):
        raise Invalid("This currency is not available.", field="currency")
    if not isinstance(text, str) or not _PLAIN.fullmatch(text.strip(" ")):
        raise Invalid(
            "Write the amount in digits, with a point for decimals: 1250.50", field="amount"
        )
    amount = Decimal(text.strip(" "))
    money = Money(amount, currency)
    if not money.exact_digits() and not currencies.exponent(currency):
        raise Invalid("{currency} amounts have no decimals.", field="amount", currency=currency)
    if not money.exact_digits():
        raise Invalid(
            "{currency} amounts have at most {digits} decimals.",
            field="amount",
            currency=currency,
            digits=currencies.exponent(currency),
        )
    if amount == 0:
        raise Invalid("The amount must be more than zero.", field="amount")
    if amount > largest:
        raise Invalid("The amount is larger than we can take at once.", field="amount")
    return money
