"""How sure one may be of an approval rate: Wilson's score interval at 95 percent. Pure.

Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927).
"""

from decimal import Decimal
from typing import Final

_Z: Final = Decimal("1.959964")
_DIGITS: Final = Decimal("0.000001")


def bounds(paid: int, ended: int) -> tuple[Decimal, Decimal]:
    """The lower and the upper bound of a share, 0 to 1; nothing is known of nothing."""
    if ended <= 0:
        return Decimal(0), Decimal(1)
    n, p = Decimal(ended), Decimal(paid) / Decimal(ended)
    z2 = _Z * _Z
    middle = p + z2 / (2 * n)
    reach = _Z * ((p * (1 - p) + z2 / (4 * n)) / n).sqrt()
    below = (middle - reach) / (1 + z2 / n)
    above = (middle + reach) / (1 + z2 / n)
    return max(below, Decimal(0)).quantize(_DIGITS), min(above, Decimal(1)).quantize(_DIGITS)


def lower_bound(paid: int, ended: int) -> Decimal:
    """What a share is at least: few tries prove little, so that luck wins no traffic."""
    return bounds(paid, ended)[0]
