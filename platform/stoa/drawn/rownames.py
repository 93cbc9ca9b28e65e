"""What a row of a list is called where it is folded."""

from collections.abc import Mapping
from typing import Any


def title_of(tree: Any, at: int) -> str:
    """What a row is called where it is folded: its own name, else its number."""
    held = tree if isinstance(tree, Mapping) else {}
    for name in (
        "label",
        "title",
        "name",
        "text",
        "code",
        "symbol",
        "psp",
        "pair",
        "group",
        "word",
    ):
        if isinstance(found := held.get(name), str) and found.strip():
            return found.strip()[:80]
    return str(at + 1)
