"""Reading documents that others wrote: whatever is not as expected is empty, nothing raises."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

Document = dict[str, Any]
LONGEST: Final = 255
BENT: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding JSON that someone else wrote may raise."""


def document(raw: bytes) -> Document:
    """A JSON object, or an empty one."""
    try:
        return mapping(msgspec.json.decode(raw))
    except BENT:
        return {}


def mapping(thing: object) -> Document:
    return thing if isinstance(thing, dict) else {}


def rows(thing: object) -> list[Document]:
    """The objects of a list; what is not one is left out."""
    return [row for row in thing if isinstance(row, dict)] if isinstance(thing, list) else []


def text(thing: object) -> str:
    return thing[:LONGEST] if isinstance(thing, str) else ""


def at(thing: object, way: str) -> str:
    """The text at the end of a way such as `data.payload`."""
    for name in way.split("."):
        thing = mapping(thing).get(name)
    return text(thing)


def whole(thing: object) -> int | None:
    return thing if isinstance(thing, int) and not isinstance(thing, bool) else None


def unix(thing: object) -> datetime | None:
    """Seconds since 1970 within the years anyone means."""
    seconds = whole(thing)
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < 2**34 else None


def iso(thing: object) -> datetime | None:
    """An ISO 8601 time; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text(thing))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
