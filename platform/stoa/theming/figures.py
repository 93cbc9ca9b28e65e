"""Amounts and numbers as people read them: exact, tabular, one direction, a true minus."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from markupsafe import Markup

from stoa.kernel import currencies
from stoa.theming import marks
from stoa.theming.look import shown
from stoa.theming.marks import MINUS, THIN

NONE: Final = "\u2013"
_SCALES: Final = ((Decimal("1e9"), "B"), (Decimal("1e6"), "M"), (Decimal("1e3"), "K"))


def digits(value: Decimal, places: int | None, *, sign: bool = False) -> str:
    """Plain text of a number in the reader's locale. `places` None keeps the digits it has."""
    if places is not None:
        value = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    elif value == value.to_integral_value():
        value = value.quantize(Decimal(1)) if abs(value) < Decimal("1e26") else value
    text = format(abs(value), ",f").translate(marks.of(shown().cldr))
    if value < 0:
        return MINUS + text
    return f"+{text}" if sign and value > 0 else text


def decimal(value: Any) -> Decimal:
    """A Decimal of a Decimal, an int or plain text; a float is a mistake, and says so."""
    if isinstance(value, float):
        raise TypeError("a float is never shown as an amount: pass a Decimal")
    return value if isinstance(value, Decimal) else Decimal(str(value))


def split(value: Any, currency: str | None = None) -> tuple[Decimal, str]:
    """The amount and currency of a Money, or of an amount with its currency beside."""
    if currency is None:
        return decimal(value.amount), str(value.currency)
    return decimal(value), currency


def places(currency: str) -> int:
    """Digits shown: those of the currency, at most eight, which is all an eye compares."""
    return min(8, currencies.exponent(currency)) if currencies.known(currency) else 2


def plain_money(value: Any, currency: str | None = None, *, sign: bool = False) -> str:
    """`−1,234.50 EUR` as text, for subjects, documents and titles."""
    amount, unit = split(value, currency)
    return f"{digits(amount, places(unit), sign=sign)}{THIN}{unit}"


def money(
    value: Any,
    currency: str | None = None,
    *,
    sign: bool = False,
    compact: bool = False,
    unit: bool = True,
    exact: bool = False,
    tone: bool = False,
) -> Markup:
    """An amount for a page. `value` is a Money, or an amount with `currency` beside it.

    `unit` False leaves the currency to the column's head; `tone` colours gain and loss; `exact`
    shows every digit it has; `compact` shortens large figures, keeping the exact one on hover.
    """
    if value is None:
        return Markup('<span class="none">%s</span>') % NONE
    amount, code = split(value, currency)
    shade = ""
    if tone and amount:
        shade = " gain" if amount > 0 else " loss"
    text = digits(
        amount, _every(amount, places(code)) if exact else places(code), sign=sign or tone
    )
    title = Markup("")
    if compact and abs(amount) >= 10_000:
        title = Markup(' title="%s"') % f"{text}{THIN}{code}"
        text = short(amount, sign=sign or tone)
    ending = Markup('<span class="unit">%s%s</span>') % (THIN, code) if unit else Markup("")
    return Markup('<bdi dir="ltr" class="money%s"%s>%s%s</bdi>') % (shade, title, text, ending)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A large figure in the pieces it is drawn with."""

    sign: str
    whole: str
    rest: str
    unit: str


def parts(value: Any, currency: str | None = None) -> Drawn:
    """An amount for `ui.figure`: the whole part large, the decimals and the unit beside it."""
    if value is None:
        return Drawn("", NONE, "", "")
    amount, code = split(value, currency)
    text = digits(abs(amount), places(code))
    mark = text[-places(code) - 1] if places(code) else ""
    whole, mark, rest = text.rpartition(mark) if mark else (text, "", "")
    return Drawn(MINUS if amount < 0 else "", whole, mark + rest, f"{THIN}{code}")


def short(amount: Decimal, *, sign: bool = False) -> str:
    """`1.24 M`: three digits that matter."""
    for scale, letter in _SCALES:
        if abs(amount) >= scale:
            scaled = amount / scale
            kept = 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0
            return f"{digits(scaled, kept, sign=sign)}{THIN}{letter}"
    return digits(amount, 0, sign=sign)


def trimmed(amount: Decimal) -> Decimal:
    """The same figure without the zeros a database column pads it with: 0.0300 is 0.03, 0.500 0.50.

    A whole figure loses its point; anything else keeps at least two places where it had them.
    """
    bare = amount.normalize()
    had, needed = amount.as_tuple().exponent, bare.as_tuple().exponent
    if not isinstance(had, int) or not isinstance(needed, int):
        return amount
    places = 0 if needed >= 0 else max(-needed, min(2, -had))
    return amount.quantize(Decimal(1).scaleb(-places))


def _every(amount: Decimal, usual: int) -> int:
    """How many places show all of an amount, and no fewer than its currency has."""
    needed = amount.normalize().as_tuple().exponent
    return max(usual, -needed) if isinstance(needed, int) else usual


def number(
    value: Any, places: int | None = None, *, sign: bool = False, compact: bool = False
) -> Markup:
    """A count, lots or a rate; tabular and isolated from right-to-left text."""
    if value is None:
        return Markup('<span class="none">%s</span>') % NONE
    amount = decimal(value)
    if places is None:
        amount = trimmed(amount)
    text = (
        short(amount, sign=sign)
        if compact and abs(amount) >= 10_000
        else digits(amount, places, sign=sign)
    )
    return Markup('<bdi dir="ltr" class="num">%s</bdi>') % text


def percent(value: Any, places: int = 1, *, sign: bool = False, tone: bool = False) -> Markup:
    """`value` is the percentage itself: 12.5 is shown as 12.5 %."""
    if value is None:
        return Markup('<span class="none">%s</span>') % NONE
    amount = decimal(value)
    shade = (" gain" if amount > 0 else " loss") if tone and amount else ""
    text = digits(amount, places, sign=sign or tone)
    return Markup('<bdi dir="ltr" class="num%s">%s%s%%</bdi>') % (shade, text, THIN)
