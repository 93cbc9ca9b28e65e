"""Differences of settings in words: fields by their labels, in the reader's language."""

from collections.abc import Callable, Sequence
from typing import Any

from stoa.drawn import labels
from stoa.tenancy.settings import Change


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


def told(kind: Any, changes: Sequence[Change]) -> list[tuple[str, dict[str, Any]]]:
    """Each change as a message id with its places."""
    said = [(change.said, way(kind, change.path)) for change in changes]
    return [(text, {**places, "path": path}) for (text, places), path in said]
