"""Amounts as Stripe takes them: whole numbers of the smallest unit, with its special currencies."""

from decimal import Decimal

from sandbox.alpha.errors import invalid
from sandbox.common import currencies

LARGEST = 99_999_999
SMALLEST = {0: 50, 2: 50, 3: 500}
# Without decimals today, but written with two for compatibility; the two must be zero.
WRITTEN_WITH_TWO = frozenset({"ISK", "UGX"})
# Charged with decimals, paid out without.
PAID_OUT_WHOLE = frozenset({"HUF", "TWD"})


def exponent(currency: str) -> int | None:
    return 2 if currency.upper() in WRITTEN_WITH_TWO else currencies.exponent(currency)


def currency(given: str, param: str = "currency") -> str:
    if exponent(given) is None or len(given) != 3:
        raise invalid(f"Invalid currency: {given[:8]}.", param=param)
    return given.lower()


def check(
    amount: int, code: str, *, param: str = "amount", least: bool = True, payout: bool = False
) -> int:
    """The amount, when Stripe would move it.

    Raises:
        Refused: too small, too large, or not a multiple of what the currency can be paid in.
    """
    places = exponent(code) or 0
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=param,
        )
    if amount > LARGEST:
        message = f"Amount must be no more than {show(LARGEST, code)}"
        raise invalid(message, code="amount_too_large", param=param)
    if least and amount < SMALLEST[places]:
        message = f"Amount must be at least {show(SMALLEST[places], code)}"
        raise invalid(message, code="amount_too_small", param=param)
    whole = WRITTEN_WITH_TWO | PAID_OUT_WHOLE if payout else WRITTEN_WITH_TWO
    step = 100 if code.upper() in whole else 10 if places == 3 else 1
    if amount % step:
        message = f"Amounts in {code} must end in {str(step)[1:]}, as it is paid in that unit."
        raise invalid(message, code="parameter_invalid_integer", param=param)
    return amount


def show(minor: int, code: str) -> str:
    places = exponent(code) or 0
    return f"{Decimal(minor).scaleb(-places):,.{places}f} {code.upper()}"
