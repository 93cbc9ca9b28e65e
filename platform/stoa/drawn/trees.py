"""A typed value as the tree a form fills, and back: every leaf is the text that stands in a field.

A tree is made of dicts (structs), lists (rows; pairs of `key` and `value`) and texts, switches and
chosen codes, so that it holds whatever was typed, also what is wrong:

    tree = plant(hint_of(PaymentsSettings), value)
    value, faults = harvest(hint_of(PaymentsSettings), tree)     faults by dotted path
"""

import tomllib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import tomli_w

from stoa.drawn import labels
from stoa.drawn.faults import Problem, fault_of, worded
from stoa.drawn.hints import (
    Hint,
    Part,
    element,
    fixed,
    join,
    mapping,
    parts,
    sort_of,
)
from stoa.kernel.refusals import Invalid, Unfit

Faults = dict[str, Invalid]
_GONE: Final = object()
_SHORT: Final = 5


def as_data(value: Any) -> Any:
    """What JSON would carry of it: dicts, lists and texts, never tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def plant(hint: Hint, value: Any) -> Any:
    """The tree of a value, or of what JSON carries of it; what is not said there is as usual."""
    return _planted(hint, as_data(value), None)


def _planted(hint: Hint, data: Any, part: Part | None) -> Any:
    match sort_of(hint):
        case "struct" if data is None and hint.optional:
            return None
        case "struct" | "money":
            held = data if isinstance(data, Mapping) else {}
            return {
                one.name: _planted(one.hint, held.get(one.name, usual(one)), one)
                for one in parts(hint.kind)
            }
        case "rows":
            inner = element(hint.kind)
            assert inner is not None  # noqa: S101 - what the sort says
            return [_planted(inner, one, None) for one in data or ()]
        case "pairs":
            pair = mapping(hint.kind)
            assert pair is not None  # noqa: S101 - what the sort says
            said: Mapping[Any, Any] = data if isinstance(data, Mapping) else {}
            return [
                {"key": str(key), "value": _planted(pair[1], one, None)}
                for key, one in said.items()
            ]
        case "several":
            texts = [_text(one) for one in data or ()]
            return texts if labels.options(hint, part) else _lines(texts)
        case "duo":
            told = data if isinstance(data, list) else []
            return [
                _text(told[at] if at < len(told) else "") for at in range(len(fixed(hint.kind)))
            ]
        case "free":
            return tomli_w.dumps(_without_none(data or {}))
        case "flag":
            return bool(data)
        case _:
            return _text(data)


def usual(part: Part) -> Any:
    """What a field holds where nobody says anything."""
    return None if part.usual is None else as_data(part.usual())


def _text(data: Any) -> str:
    if data is None:
        return ""
    if isinstance(data, bool):
        return "true" if data else "false"
    return str(data)


def _lines(texts: list[str]) -> str:
    """One on each line, short codes on one. A comma parts values on a lone line, so what holds one
    never stands alone.
    """
    if all(len(one) <= _SHORT and "," not in one for one in texts):
        return ", ".join(texts)
    whole = "\n".join(texts)
    return f"{whole}\n" if "," in whole else whole


def _without_none(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_none(one) for key, one in data.items() if one is not None}
    if isinstance(data, list):
        return [_without_none(one) for one in data if one is not None]
    return data


def harvest(hint: Hint, tree: Any, *, exact: bool = True) -> tuple[Any, Faults]:
    """The value a tree means, None where it means none, and what is wrong with it by dotted path.

    `exact`: an emptied text is empty; else it is as usual, as in the forms of connectors.
    """
    faults: Faults = {}
    data = _Reader(faults, exact).read(hint, tree, "", None)
    if faults:
        return None, faults
    try:
        return msgspec.convert(data, hint.whole, strict=False), {}
    except msgspec.ValidationError as fault:
        said, _, at = str(fault).partition(" - at `$")
        path = at.rstrip("`").lstrip(".").replace("[", ".").replace("]", "")
        own = fault.__cause__
        if isinstance(own, Unfit):
            path = join(path, own.field) if own.field else path
            return None, {path: own.refusal()}
        if isinstance(own, ValueError | TypeError) and str(own):
            return None, {path: Invalid("{problem}", problem=str(own))}
        return None, {path: Invalid(worded(said))}


class _Reader:
    """One reading of a tree; what is wrong is noted and reading goes on."""

    def __init__(self, faults: Faults, exact: bool) -> None:
        self.faults = faults
        self.exact = exact

    def read(self, hint: Hint, tree: Any, path: str, part: Part | None) -> Any:
        match sort_of(hint):
            case "struct":
                return self._struct(hint, tree, path)
            case "money":
                held = tree if isinstance(tree, Mapping) else {}
                empty = not str(held.get("amount") or "").strip()
                return None if hint.optional and empty else self._struct(hint, tree, path)
            case "rows":
                inner = element(hint.kind)
                assert inner is not None  # noqa: S101 - what the sort says
                rows = tree if isinstance(tree, list) else []
                return [self.read(inner, one, join(path, at), None) for at, one in enumerate(rows)]
            case "pairs":
                return self._pairs(hint, tree, path)
            case "several":
                return self._several(hint, tree, path)
            case "duo":
                told = tree if isinstance(tree, list) else []
                return [
                    self._leaf(one, told[at] if at < len(told) else "", join(path, at), None)
                    for at, one in enumerate(fixed(hint.kind))
                ]
            case "free":
                return self._free(tree, path)
            case "flag":
                return tree is True or tree == "true"
            case _:
                return self._leaf(hint, tree, path, part)

    def _struct(self, hint: Hint, tree: Any, path: str) -> Any:
        if tree is None and hint.optional:
            return None
        held = tree if isinstance(tree, Mapping) else {}
        found: dict[str, Any] = {}
        for one in parts(hint.kind):
            if one.name not in held and not one.required:
                continue
            value = self.read(one.hint, held.get(one.name), join(path, one.name), one)
            if value is not _GONE:
                found[one.name] = value
        return found

    def _pairs(self, hint: Hint, tree: Any, path: str) -> dict[str, Any]:
        pair = mapping(hint.kind)
        assert pair is not None  # noqa: S101 - what the sort says
        found: dict[str, Any] = {}
        for at, one in enumerate(tree if isinstance(tree, list) else []):
            held = one if isinstance(one, Mapping) else {}
            where = join(path, at)
            key = self._leaf(pair[0], held.get("key"), f"{where}.key", None)
            value = self.read(pair[1], held.get("value"), f"{where}.value", None)
            if not str(held.get("key") or "").strip():
                self.faults[f"{where}.key"] = Invalid("Please fill this in.")
            elif str(key) in found:
                self.faults[f"{where}.key"] = Invalid("This stands here twice.")
            else:
                found[str(key)] = value
        return found

    def _several(self, hint: Hint, tree: Any, path: str) -> list[Any]:
        inner = element(hint.kind)
        assert inner is not None  # noqa: S101 - what the sort says
        found: list[Any] = []
        for one in split(tree):
            if fault := fault_of(inner, one):
                said = fault.sentence
                self.faults[path] = Invalid("{value}: {problem}", value=one, problem=Problem(said))
            found.append(one)
        return found

    def _free(self, tree: Any, path: str) -> Any:
        try:
            return tomllib.loads(str(tree or ""))
        except (tomllib.TOMLDecodeError, RecursionError) as why:
            self.faults[path] = Invalid("This cannot be read: {problem}", problem=str(why))
            return {}

    def _leaf(self, hint: Hint, tree: Any, path: str, part: Part | None) -> Any:
        text = tree if isinstance(tree, str) else ""
        if not text:
            if hint.optional:
                return None
            if hint.kind is not str or not self.exact:
                if part is not None and not part.required:
                    return _GONE
                self.faults[path] = Invalid("Please fill this in.")
                return _GONE
        if fault := fault_of(hint, text):
            self.faults[path] = fault
        return text


def split(tree: Any) -> list[str]:
    """The plain values of one text: a line each, or apart by commas where it is one line."""
    if isinstance(tree, list):
        return [str(one) for one in tree]
    text = str(tree or "").replace("\r\n", "\n").replace("\r", "\n")
    found = text.split("\n" if "\n" in text else ",")
    return [one.strip() for one in found if one.strip()]
