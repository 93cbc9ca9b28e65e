"""What was sent, into the tree it was drawn from: only what was drawn open is read, the rest stays.

Names are dotted (`packs.0.steps.1.code`). `….N._kept` says that row N was folded and which row of
the tree it is; `…_on` that something optional is there. A name nobody drew is refused.
"""

from collections.abc import Mapping
from typing import Any, Final

from stoa.drawn import labels
from stoa.drawn.hints import Hint, Part, element, fixed, join, mapping, parts, sort_of
from stoa.drawn.trees import split
from stoa.kernel.refusals import Invalid

ROWS_AT_MOST: Final = 500
FIELDS_AT_MOST: Final = 4_000
LONGEST: Final = 100_000
Sent = Mapping[str, Any]


def gather(
    hint: Hint,
    sent: Sent,
    path: str,
    tree: Any,
    only: frozenset[str] = frozenset(),
    still: frozenset[str] = frozenset(),
) -> Any:
    """The tree as the form says it below `path`; `only` limits the outermost struct to these fields,
    and those of `still` stay as they are.

    Raises Invalid for names that no form of this type has, and for lists without end.
    """
    if len(sent) > FIELDS_AT_MOST:
        raise Invalid("This form is longer than we can take. Nothing was changed.")
    reader = _Reader(sent, still)
    found = reader.read(hint, path, tree, None, only)
    strange = next((name for name in sent if name not in reader.used), None)
    if strange is not None:
        raise Invalid("This field is not known.", field=strange)
    return found


class _Reader:
    def __init__(self, sent: Sent, still: frozenset[str]) -> None:
        self.sent = sent
        self.still = still
        self.used: set[str] = set()
        self.stems: dict[str, set[int]] = {}
        for name in sent:
            pieces = name.split(".")
            for at, one in enumerate(pieces):
                if one.isdecimal() and one.isascii() and len(one) < 6:
                    self.stems.setdefault(".".join(pieces[:at]), set()).add(int(one))

    def read(
        self,
        hint: Hint,
        path: str,
        tree: Any,
        part: Part | None,
        only: frozenset[str] = frozenset(),
    ) -> Any:
        if self._has(join(path, "_kept")):
            return tree
        sort = sort_of(hint)
        if sort in ("struct", "money"):
            return self._struct(hint, path, tree, only)
        if sort == "rows":
            inner = element(hint.kind)
            assert inner is not None  # noqa: S101 - what the sort says
            rows = tree if isinstance(tree, list) else []
            return [
                self._row(inner, join(path, at), rows, order)
                for order, at in enumerate(self._rows(path))
            ]
        if sort == "pairs":
            return self._pairs(hint, path, tree)
        if sort == "duo":
            return [self._text(join(path, at)) for at in range(len(fixed(hint.kind)))]
        if sort == "several":
            return self._several(path, part)
        if sort == "free":
            return self._area(path)
        if sort == "flag":
            return self._text(path) in {"true", "on", "1", "yes"}
        return self._area(path) if "\n" in str(self.sent.get(path, "")) else self._text(path)

    def _struct(self, hint: Hint, path: str, tree: Any, only: frozenset[str]) -> Any:
        if sort_of(hint) == "struct" and hint.optional and not self._has(join(path, "_on")):
            return None
        held = tree if isinstance(tree, Mapping) else {}
        found: dict[str, Any] = {}
        for one in parts(hint.kind):
            before = held.get(one.name)
            if (
                one.hint.meta.get("hidden")
                or join(path, one.name) in self.still
                or (only and one.name not in only)
            ):
                if one.name in held:
                    found[one.name] = before
                continue
            found[one.name] = self.read(one.hint, join(path, one.name), before, one)
        return found

    def _row(self, inner: Hint, path: str, rows: list[Any], order: int) -> Any:
        name = join(path, "_kept")
        if name in self.sent:
            told = self._text(name)
            self.used.add(name)
            if not (told.isdecimal() and told.isascii() and int(told[:6]) < len(rows)):
                raise Invalid("This field is not known.", field=name)
            return rows[int(told)]
        return self.read(inner, path, rows[order] if order < len(rows) else None, None)

    def _pairs(self, hint: Hint, path: str, tree: Any) -> Any:
        pair = mapping(hint.kind)
        assert pair is not None  # noqa: S101 - what the sort says
        if path in self.sent:
            lines = self._area(path).splitlines()
            split_up = [one.partition("=") for one in lines if one.strip()]
            return [{"key": key.strip(), "value": value.strip()} for key, _, value in split_up]
        rows = tree if isinstance(tree, list) else []
        found: list[Any] = []
        for order, at in enumerate(self._rows(path)):
            where = join(path, at)
            if f"{where}._kept" in self.sent:
                found.append(self._row(pair[1], where, rows, order))
                continue
            key = self._text(f"{where}.key")
            held = rows[order] if order < len(rows) and isinstance(rows[order], Mapping) else {}
            value = self.read(pair[1], f"{where}.value", held.get("value"), None)
            found.append({"key": key, "value": value})
        return found

    def _several(self, path: str, part: Part | None) -> Any:
        self.used.add(path)
        told = self.sent.get(path)
        if part is not None and labels.options(part.hint, part):
            return [one for one in (told if isinstance(told, list) else [told]) if one is not None]
        if isinstance(told, list):
            return split(told)
        return str(told or "").replace("\r\n", "\n")

    def _rows(self, path: str) -> list[int]:
        found = sorted(self.stems.get(path, ()))
        if len(found) > ROWS_AT_MOST:
            raise Invalid("This list is longer than we can take.", field=path)
        return found

    def _has(self, name: str) -> bool:
        self.used.add(name)
        return name in self.sent

    def _text(self, name: str) -> str:
        self.used.add(name)
        return self._area(name).strip()

    def _area(self, name: str) -> str:
        """A text of several lines, its ends as they were typed."""
        self.used.add(name)
        value = self.sent.get(name, "")
        if isinstance(value, list):
            value = value[-1] if value else ""
        if not isinstance(value, str):
            raise Invalid("This does not look right.", field=name)
        if len(value) > LONGEST:
            raise Invalid("This is too long.", field=name)
        return value.replace("\r\n", "\n").replace("\r", "\n")
