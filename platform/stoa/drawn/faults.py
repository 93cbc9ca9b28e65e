"""What is wrong with something typed, in one wording for every form."""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from stoa.drawn.hints import Hint, is_number
from stoa.kernel.refusals import Invalid


class Problem(str):
    """A sentence inside another one, said in the reader's language."""

    __slots__ = ()

    def spoken(self, translate: Any) -> str:
        return str(translate(str(self)))


def fault_of(hint: Hint, text: str) -> Invalid | None:
    """What is wrong with one typed text; None where it fits its type."""
    if is_number(hint.kind):
        try:
            if not Decimal(text).is_finite():
                return Invalid("Write a number in digits.")
        except InvalidOperation:
            return Invalid("Write a number in digits.")
    try:
        msgspec.convert(text, hint.whole, strict=False)
    except msgspec.ValidationError as fault:
        return _bounded(hint, str(fault), text)
    except (ValueError, OverflowError):
        return Invalid("This does not look right.")
    return None


def _bounded(hint: Hint, said: str, text: str) -> Invalid:
    least, most = hint.meta.get("ge"), hint.meta.get("le")
    if is_number(hint.kind) and "Expected `int` " in said and least is not None is not most:
        return Invalid("From {least} to {most}.", least=least, most=most)
    if is_number(hint.kind) and ">=" in said and least is not None:
        return Invalid("At least {least}.", least=least)
    if hint.kind is int and "." in text:
        return Invalid("Write a whole number.")
    if "length >=" in said and not text:
        return Invalid("Please fill this in.")
    if "length <=" in said and "max_length" in hint.meta:
        return Invalid("At most {n} characters.", n=hint.meta["max_length"])
    return Invalid(worded(said))


def worded(fault: str) -> str:
    """The sentence of a fault that msgspec tells, for every form: a message id."""
    if "missing required" in fault:
        return "Please fill this in."
    if "length <=" in fault:
        return "This is too long."
    if "length >=" in fault:
        return "This is too short."
    if "enum" in fault:
        return "Choose one of the offered values."
    if "`int`" in fault or "`float`" in fault or "decimal" in fault.lower():
        return "Write a number in digits."
    if "date" in fault:
        return "Write a date as year-month-day."
    return "This does not look right."
