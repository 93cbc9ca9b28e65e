"""Differences of settings in words: fields by their labels, in the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from stoa.drawn import labels
from stoa.drawn.hints import (
    Hint,
    Part,
    element,
    hint_of,
    is_struct,
    mapping,
    parts,
    sort_of,
)
from stoa.tenancy.settings import Change
from stoa.theming.texts import N_


class Way(str):
    """A path of a settings file that a sentence says by the labels of its fields."""

    __slots__ = ("pieces",)
    pieces: Sequence[tuple[str, str]]

    def spoken(self, translate: Callable[[str], str]) -> str:
        return " › ".join(
            translate(text) if sort == "label" else text for sort, text in self.pieces
        )


def way(kind: Any, path: str) -> Way:
    """A path below a section's type; what is no field (a code, a name) stands as it is."""
    found = Way(path)
    found.pieces = labels.on_path(kind, path) if kind is not None else [("name", path)]
    return found


class Value(str):
    """A value of a settings file that a sentence says as its form does: labels, choices, yes and no."""

    __slots__ = ("data", "hint", "part")
    data: Any
    hint: Hint
    part: Part | None

    def spoken(self, translate: Callable[[str], str]) -> str:
        return _said(self.hint, self.part, self.data, translate)


def _said(hint: Hint, part: Part | None, data: Any, translate: Callable[[str], str]) -> str:
    if data is None:
        return translate(N_("none"))
    if isinstance(data, bool):
        return translate(N_("yes") if data else N_("no"))
    if isinstance(data, list):
        inner = element(hint.kind) or hint
        said = [_said(inner, part, one, translate) for one in data]
        return ", ".join(said) or translate(N_("none"))
    if not isinstance(data, Mapping):
        words = dict(labels.options(hint, part))
        return translate(words[str(data)]) if str(data) in words else str(data)
    if sort_of(hint) == "money":
        return f"{data.get('amount')} {data.get('currency')}"
    found: list[str] = []
    fields = {one.name: one for one in parts(hint.kind)} if is_struct(hint.kind) else {}
    pair = mapping(hint.kind)
    for name, one in data.items():
        if one in (None, [], {}):
            continue
        field = fields.get(name)
        label = translate(labels.label(field)) if field is not None else str(name)
        inner = field.hint if field is not None else pair[1] if pair is not None else PLAIN
        found.append(f"{label} {_said(inner, field, one, translate)}")
    return ", ".join(found)


PLAIN: Final = hint_of(str)


def value(kind: Any, path: str, text: str, data: Any) -> str:
    """What stands at a path: said by its form where its type knows it, else as the file has it."""
    part, inside = labels.part_at(kind, path) if kind is not None else (None, False)
    if part is None or data is None or not text:
        return text
    hint = part.hint
    if inside:
        pair = mapping(hint.kind)
        hint = element(hint.kind) or (pair[1] if pair is not None else PLAIN)
    found = Value(text)
    found.data, found.hint, found.part = data, hint, None if inside else part
    return found


def told(kind: Any, changes: Sequence[Change]) -> list[tuple[str, dict[str, Any]]]:
    """Each change as a message id with its places."""
    found: list[tuple[str, dict[str, Any]]] = []
    for change in changes:
        text, places = change.said
        values = {"was": change.before, "now": change.after}
        said = {
            name: value(kind, change.path, places[name], values[name])
            for name in values
            if name in places
        }
        found.append((text, {**places, **said, "path": way(kind, change.path)}))
    return found
