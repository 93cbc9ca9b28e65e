"""How much of a form one page bears: the heaviest parts are folded to a line each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from stoa.drawn.views import View

BUDGET: Final = 70
"""Fields drawn open on one page: with more, the heaviest parts are folded to a line each."""


def leaves(fields: Sequence[View]) -> Iterator[View]:
    """Every field that can be typed in, however deep."""
    for one in fields:
        if one.kind == "folded":
            continue
        if one.kind in _PARTS:
            yield from leaves(one.fields)
        else:
            yield one


def weight(view: View) -> int:
    """About how many fields' worth of a page it takes; long texts count by their length."""
    if view.kind == "folded":
        return 2
    if view.kind in _PARTS:
        return 1 + sum(weight(one) for one in view.fields)
    return 1 + len(str(view.value or "")) // 600


_PARTS: Final = ("group", "maybe", "rows", "pairs", "row", "pair", "money", "duo")
_FEW: Final = 8


def fold(fields: Sequence[View], budget: int = BUDGET) -> tuple[View, ...]:
    """The same fields with the heaviest parts folded to a line each, until the page bears them."""
    found = list(fields)
    while sum(map(weight, found)) > budget:
        heavy = [at for at, one in enumerate(found) if _foldable(one, alone=len(found) == 1)]
        if not heavy:
            break
        at = max(heavy, key=lambda one: weight(found[one]))
        found[at] = _folded(found[at], alone=len(found) == 1)
    return tuple(found)


def _foldable(view: View, *, alone: bool) -> bool:
    if view.kind == "rows":
        return any(one.kind != "folded" for one in view.fields)
    return not alone and view.kind in ("group", "maybe", "pairs") and bool(view.fields)


def _folded(view: View, *, alone: bool) -> View:
    if view.kind == "rows" and (alone or len(view.fields) <= _FEW):
        inner = tuple(replace(one, kind="folded", fields=()) for one in view.fields)
        return replace(view, fields=inner)
    return replace(view, kind="folded", fields=())
