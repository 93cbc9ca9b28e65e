"""What NOWPayments signs: its JSON with names in order, numbers as they were written. Pure."""

import json
from typing import Any

from stoa.connectors.trouble import Forged


class _Number(str):
    """A number of their text, kept as it was written."""

    __slots__ = ()


def canonical(raw: bytes) -> bytes:
    """Their JSON with names in order and no spaces; numbers stay as JavaScript wrote them.

    Raises:
        Forged: it is no JSON object.
    """
    try:
        told: Any = json.loads(
            raw, parse_float=_Number, parse_int=_Number, parse_constant=_no_constant
        )
        if not isinstance(told, dict):
            raise Forged("The callback could not be read.")
        return _written(told).encode()
    except (ValueError, RecursionError, UnicodeError) as why:
        raise Forged("The callback could not be read.") from why


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _written(thing: Any) -> str:
    if isinstance(thing, _Number):
        return str(thing)
    if isinstance(thing, dict):
        named = sorted(thing.items())
        return "{" + ",".join(f"{_text(k)}:{_written(v)}" for k, v in named) + "}"
    if isinstance(thing, list):
        return "[" + ",".join(_written(one) for one in thing) + "]"
    return _text(thing)


def _text(thing: object) -> str:
    return json.dumps(thing, ensure_ascii=False)
