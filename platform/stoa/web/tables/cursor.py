"""Where a page ends: the sort value and the id of its last row, as one opaque word."""

import base64
import binascii
import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from stoa.kernel.refusals import Invalid


def encode(value: Any, row_id: Any) -> str:
    packed = json.dumps([_tagged(value), _tagged(row_id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def decode(word: str) -> tuple[Any, Any]:
    """Raises Invalid when the word was not one of ours."""
    try:
        raw = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
        value, row_id = json.loads(raw)
        return _untagged(value), _untagged(row_id)
    except (ValueError, TypeError, KeyError, binascii.Error, InvalidOperation) as why:
        raise Invalid("This page no longer exists. Start from the first one.") from why


def _tagged(value: Any) -> list[Any]:
    match value:
        case datetime():
            return ["t", value.isoformat()]
        case Decimal():
            return ["d", str(value)]
        case UUID():
            return ["u", str(value)]
        case int():
            return ["i", value]
        case _:
            return ["s", str(value)]


def _untagged(pair: Any) -> Any:
    tag, value = pair
    match tag:
        case "t":
            return datetime.fromisoformat(value)
        case "d":
            return Decimal(value)
        case "u":
            return UUID(value)
        case "i":
            return int(value)
        case "s":
            return str(value)
        case _:
            raise ValueError(tag)
