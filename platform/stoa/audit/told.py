"""What an audit entry's changes say to a person who reads them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

SEALED: Final = "•••"
_NOTHING: Final = "–"
_LONGEST: Final = 60
_PREFIX: Final = "sealed:"
_SEALED: Final = re.compile(_PREFIX + "[0-9a-f]+")

How = Literal["added", "changed", "removed", "did"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a row, or one fact of a deed; of what is sealed only its commitment is known."""

    key: str
    was: Any
    now: Any

    @property
    def sealed(self) -> str:
        """The commitment to what is sealed, to compare by; empty where the value is told."""
        for value in (self.now, self.was):
            if isinstance(value, str) and value.startswith(_PREFIX):
                return value.removeprefix(_PREFIX)
        return ""


@dataclass(frozen=True, slots=True)
class Change:
    """One row that was added, changed or removed, or one thing that set-based SQL did."""

    how: How
    name: str
    id: str
    fields: Sequence[Field]


def changes(found: Sequence[dict[str, Any]]) -> list[Change]:
    return [_change(one) for one in found]


def _change(told: dict[str, Any]) -> Change:
    if "did" in told:
        facts = [Field(key, None, value) for key, value in told.items() if key != "did"]
        return Change("did", str(told["did"]), "", facts)
    was, now = told.get("was", {}), told.get("now", {})
    how: How = "removed" if told.get("deleted") else "changed" if was else "added"
    keys = dict.fromkeys([*was, *now])
    fields = [Field(key, was.get(key), now.get(key)) for key in keys]
    row_id = " ".join(str(part) for part in told.get("id", ()))
    return Change(how, str(told.get("row", "")), row_id, fields)


def brief(found: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each thing that changed, short enough for a cell."""
    return [line for change in changes(found) for line in _lines(change)]


def _lines(change: Change) -> list[str]:
    match change.how:
        case "did":
            facts = ", ".join(f"{one.key} {one.now}" for one in change.fields)
            return [f"{change.name}: {facts}" if facts else change.name]
        case "removed" | "added":
            return [f"{change.name} {change.how}"]
        case "changed":
            return [
                f"{change.name}.{one.key}: {said(one.was)} → {said(one.now)}"
                for one in change.fields
            ]


def said(value: Any, longest: int = _LONGEST) -> str:
    """A value short enough for its place; what is sealed says so and nothing else."""
    if value is None:
        return _NOTHING
    text = _SEALED.sub(SEALED, str(value))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
