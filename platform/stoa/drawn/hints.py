"""What the types of a form say: each field with its wrappings taken off, and how it is to be drawn."""

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

Sort = Literal["struct", "money", "rows", "pairs", "several", "duo", "free", "flag", "leaf"]
"""`several`: many plain values; `duo`: a fixed number of them; `free`: whatever TOML can say."""

_LISTS: Final = (list, tuple, set, frozenset, Sequence)
_MONEY: Final = ("amount", "currency")
_TOLD: Final = (
    "title",
    "description",
    "ge",
    "gt",
    "le",
    "lt",
    "max_length",
    "min_length",
    "pattern",
)


@dataclass(frozen=True, slots=True)
class Hint:
    """A type without its wrappings. `whole` is the type as it was written, to convert to."""

    kind: Any
    meta: Mapping[str, Any]
    optional: bool
    whole: Any


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a struct: `usual` gives its default, None where it is required."""

    name: str
    owner: Any
    hint: Hint
    required: bool
    usual: Callable[[], Any] | None


def hint_of(written: Any) -> Hint:
    meta: dict[str, Any] = {}
    optional = False
    hint = written
    while True:
        if get_origin(hint) is Annotated:
            hint, *notes = get_args(hint)
            for note in notes:
                if isinstance(note, msgspec.Meta):
                    meta |= {key: value for key, value in _told(note).items() if key not in meta}
        elif get_origin(hint) in (Union, types.UnionType):
            left = [one for one in get_args(hint) if one is not type(None)]
            optional = optional or len(left) < len(get_args(hint))
            if len(left) != 1:
                return Hint(str, meta, optional, written)
            hint = left[0]
        else:
            return Hint(hint, meta, optional, written)


def _told(note: msgspec.Meta) -> dict[str, Any]:
    found = {name: value for name in _TOLD if (value := getattr(note, name)) is not None}
    return found | dict(note.extra or {})


def is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and (
        issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind)
    )


@lru_cache(maxsize=512)
def parts(kind: Any) -> tuple[Part, ...]:
    """The fields of a struct in their order, each under the name it is stored by."""
    hints = get_type_hints(kind, include_extras=True)
    if issubclass(kind, msgspec.Struct):
        return tuple(
            Part(one.encode_name, kind, hint_of(hints[one.name]), one.required, _usual(one))
            for one in msgspec.structs.fields(kind)
        )
    return tuple(
        Part(one.name, kind, hint_of(hints[one.name]), one.default is dataclasses.MISSING, None)
        for one in dataclasses.fields(kind)
    )


def _usual(field: msgspec.structs.FieldInfo) -> Callable[[], Any] | None:
    if field.default is not msgspec.NODEFAULT:
        return lambda: field.default
    if field.default_factory is not msgspec.NODEFAULT:
        made: Callable[[], Any] = field.default_factory
        return made
    return None


def element(kind: Any) -> Hint | None:
    """What a list holds; None for what is no list of any length."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is None or not isinstance(origin, type) or not inner:
        return None
    if not (origin in _LISTS or issubclass(origin, Sequence)):
        return None
    if origin is tuple and not (len(inner) == 2 and inner[1] is Ellipsis):
        return None
    return hint_of(inner[0])


def fixed(kind: Any) -> tuple[Hint, ...]:
    """The members of a tuple of fixed length; none for anything else."""
    inner = get_args(kind)
    if get_origin(kind) is not tuple or (len(inner) == 2 and inner[1] is Ellipsis):
        return ()
    return tuple(hint_of(one) for one in inner)


def mapping(kind: Any) -> tuple[Hint, Hint] | None:
    """The key and the value of a mapping."""
    if get_origin(kind) not in (dict, Mapping):
        return None
    key, value = get_args(kind)
    return hint_of(key), hint_of(value)


@lru_cache(maxsize=512)
def _sort(kind: Any) -> Sort:
    if is_struct(kind):
        return "money" if tuple(one.name for one in parts(kind)) == _MONEY else "struct"
    if (inner := element(kind)) is not None:
        return "rows" if is_struct(inner.kind) else "several"
    if (pair := mapping(kind)) is not None:
        return "free" if pair[1].kind is Any else "pairs"
    if fixed(kind):
        return "duo"
    if kind is Any:
        return "free"
    return "flag" if kind is bool else "leaf"


def sort_of(hint: Hint) -> Sort:
    return _sort(hint.kind)


def codes(kind: Any) -> tuple[str, ...]:
    """The values a choice offers, as they are stored."""
    if get_origin(kind) is Literal:
        return tuple(str(one) for one in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(one.value) for one in kind)
    return ()


def is_number(kind: Any) -> bool:
    return kind in (int, Decimal, float)


def join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)
