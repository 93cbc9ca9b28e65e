"""Places in a tree: found by their dotted path, filled, added to, taken from and moved."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from stoa.drawn import labels
from stoa.drawn.hints import Hint, element, mapping, parts, sort_of
from stoa.drawn.rownames import title_of
from stoa.drawn.sent import ROWS_AT_MOST
from stoa.drawn.trees import plant
from stoa.kernel.refusals import Invalid, NotFound

STEPS: Final = ("add", "drop", "up", "down")
_DEEPEST: Final = 24


def node(hint: Hint, tree: Any, path: str) -> tuple[Hint, Any]:
    """What stands at a path and its type. Raises NotFound where there is nothing of the kind."""
    for piece, _ in _steps(path):
        hint, tree = _into(hint, tree, piece)
    return hint, tree


def _steps(path: str) -> list[tuple[str, bool]]:
    pieces = path.split(".") if path else []
    if len(pieces) > _DEEPEST:
        raise NotFound
    return [(one, at == len(pieces) - 1) for at, one in enumerate(pieces)]


def _into(hint: Hint, tree: Any, piece: str) -> tuple[Hint, Any]:
    sort = sort_of(hint)
    if sort in ("struct", "money"):
        part = next((one for one in parts(hint.kind) if one.name == piece), None)
        if part is None or not isinstance(tree, Mapping):
            raise NotFound
        return part.hint, tree.get(part.name)
    at = int(piece) if piece.isdecimal() and piece.isascii() and len(piece) < 6 else -1
    if not isinstance(tree, list) or not 0 <= at < len(tree):
        raise NotFound
    inner = element(hint.kind)
    if sort == "rows" and inner is not None:
        return inner, tree[at]
    raise NotFound


def put(hint: Hint, tree: Any, path: str, value: Any) -> Any:
    """The tree with `value` at the path; the tree itself is changed."""
    if not path:
        return value
    above, _, last = path.rpartition(".")
    _, held = node(hint, tree, above)
    if isinstance(held, dict):
        held[last] = value
    elif isinstance(held, list):
        held[int(last)] = value
    return tree


def add(hint: Hint, tree: Any, path: str) -> str:
    """One more at the end of a list or of pairs, or what is optional set; answers its path."""
    kind, held = node(hint, tree, path)
    sort = sort_of(kind)
    if sort == "struct" and kind.optional:
        put(hint, tree, path, plant(replace(kind, optional=False), {}))
        return path
    if sort not in ("rows", "pairs"):
        raise NotFound
    rows = held if isinstance(held, list) else []
    if len(rows) >= ROWS_AT_MOST:
        raise Invalid("This list is longer than we can take.", field=path)
    inner = element(kind.kind)
    pair = mapping(kind.kind)
    if inner is not None:
        rows.append(plant(inner, {}))
    elif pair is not None:
        rows.append({"key": "", "value": _blank(pair[1])})
    put(hint, tree, path, rows)
    return f"{path}.{len(rows) - 1}"


def _blank(hint: Hint) -> Any:
    return plant(hint, {} if sort_of(hint) in ("struct", "money", "free") else None)


def drop(hint: Hint, tree: Any, path: str) -> str:
    """One less; of what is optional, none. Answers where it stood."""
    above, _, last = path.rpartition(".")
    _, held = node(hint, tree, above)
    if isinstance(held, list) and last.isdecimal() and int(last) < len(held):
        del held[int(last)]
        return above
    kind, _ = node(hint, tree, path)
    if sort_of(kind) == "struct" and kind.optional:
        put(hint, tree, path, None)
        return path
    raise NotFound


def move(hint: Hint, tree: Any, path: str, by: int) -> str:
    """One up (-1) or down (1) in its list; at the end it stays."""
    above, _, last = path.rpartition(".")
    _, held = node(hint, tree, above)
    at = int(last) if last.isdecimal() else -1
    if not isinstance(held, list) or not 0 <= at < len(held):
        raise NotFound
    to = at + by
    if 0 <= to < len(held):
        held[at], held[to] = held[to], held[at]
    return above


def step(hint: Hint, tree: Any, act: str, path: str) -> str:
    """One of `STEPS`; answers where what was added stands, or what is left of where it stood."""
    if act == "add":
        return add(hint, tree, path)
    if act == "drop":
        return drop(hint, tree, path)
    return move(hint, tree, path, -1 if act == "up" else 1)


def crumbs(hint: Hint, tree: Any, path: str) -> list[dict[str, Any]]:
    """The way to a path: labels of fields (message ids) and the names of rows."""
    found: list[dict[str, Any]] = []
    here = ""
    for piece, _ in _steps(path):
        above = hint
        hint, tree = _into(hint, tree, piece)
        here = f"{here}.{piece}" if here else piece
        if sort_of(above) in ("struct", "money"):
            part = next(one for one in parts(above.kind) if one.name == piece)
            found.append({"label": labels.label(part), "said": True, "path": here})
        else:
            found.append({"label": title_of(tree, int(piece)), "said": False, "path": here})
    return found
