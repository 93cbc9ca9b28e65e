"""Answers of several shapes: a list alone, or one in an envelope, page by page."""

from collections.abc import AsyncIterator
from typing import Any, Final

from brokerage.trading.connectors.matchtrader.link import Link
from stoa.connectors.trouble import Unreadable

_NAMES: Final = ("items", "content", "data")
_SIZE: Final = 500
_PAGES: Final = 2_000

Row = dict[str, Any]


def listed(answer: Any, name: str = "") -> list[Row]:
    """The rows of an answer. Raises Unreadable where there are none to read."""
    if isinstance(answer, dict):
        names = [name] if name in answer else [one for one in _NAMES if one in answer]
        answer = answer[names[0]] if names else None
    if not isinstance(answer, list):
        raise Unreadable("The trading server's answer could not be read.")
    return [row if isinstance(row, dict) else {} for row in answer]


async def pages(link: Link, path: str, group: str) -> AsyncIterator[Row]:
    """All rows of a group, page by page, until one is not full."""
    for page in range(_PAGES):
        answer = await link.get(path, {"group": group, "page": page, "size": _SIZE})
        rows = listed(answer)
        for row in rows:
            yield row
        told = answer if isinstance(answer, dict) else {}
        size = told.get("size") if isinstance(told.get("size"), int) else _SIZE
        total = next((told[one] for one in ("total", "totalElements") if one in told), None)
        seen = page * (size or _SIZE) + len(rows)
        if not rows or (isinstance(total, int) and seen >= total) or len(rows) < (size or _SIZE):
            return
