"""Forms drawn from settings types: a frozen struct becomes fields, and what was sent becomes it again.

A field may say more about itself with `Meta(title=…, description=…, extra={…})`; titles and
descriptions are message ids. `extra` knows: `secret` (bool), `rows` (int), `suffix` (text),
`options` (mapping of value to label), `kind` (any kind `ui.field` draws), `hidden` (bool).
Names of parts are dotted: `auto.limit`, `approvers.0.need`.
"""

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from stoa.kernel.refusals import Invalid, ManyInvalid
from stoa.theming import words
from stoa.theming.texts import N_

ROWS_AT_MOST: Final = 200
BLANK: Final = "__"
_LISTS: Final = (list, tuple, set, frozenset, Sequence)
_PLAIN_KINDS: Final[Mapping[Any, str]] = {
    bool: "switch",
    int: "number",
    Decimal: "number",
    str: "text",
    UUID: "text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field as `ui.form_for` draws it; `fields` makes it a group, `blank` a repeatable one."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"
    value: Any = None
    error: str = ""
    options: Sequence[tuple[str, str]] = ()
    required: bool = False
    optional: bool = False
    min: str = ""
    max: str = ""
    suffix: str = ""
    locked: str = ""
    fields: "Sequence[FieldView]" = ()
    blank: "Sequence[FieldView]" = ()


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a type hint says, with its wrappings taken off."""

    kind: Any
    meta: Mapping[str, Any]
    optional: bool


def describe(
    form: type[msgspec.Struct],
    values: msgspec.Struct | Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    locked: Mapping[str, str] | None = None,
    prefix: str = "",
    options: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> tuple[FieldView, ...]:
    """The fields of a struct type, filled with `values` and marked with `errors` by dotted name.

    `locked` names fields somebody above has fixed, with the sentence that says who; `options` are
    choices only known now, by the field's name. Secrets are never shown: only whether one is stored.
    """
    hints = get_type_hints(form, include_extras=True)
    views: list[FieldView] = []
    for field in msgspec.structs.fields(form):
        shape = _shape(hints[field.name])
        if shape.meta.get("hidden"):
            continue
        known = _value(values, field.encode_name)
        if known is None and not field.required:
            known = _default(field)
        view = _view(
            f"{prefix}{field.encode_name}",
            shape,
            known,
            required=field.required,
            errors=errors or {},
            locked=locked or {},
        )
        if offered := (options or {}).get(field.encode_name):
            view = replace(view, kind="select", options=offered)
        views.append(view)
    return tuple(views)


def gather(form: type[msgspec.Struct], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What a posted form means, as plain values for `msgspec.convert(…, strict=False)`.

    An empty field is left out, so that the default holds; an empty secret too, so that the stored
    one stays. Raises Invalid when a list has more rows than any form draws.
    """
    return _gathered(form, sent, "")


def convert(form: type[msgspec.Struct], sent: Mapping[str, Any]) -> Any:
    """The struct a posted form means.

    Raises:
        ManyInvalid: with the dotted name of the field at fault, as far as it is known.
    """
    try:
        return msgspec.convert(gather(form, sent), form, strict=False)
    except msgspec.ValidationError as fault:
        text = str(fault)
        said, _, at = text.partition(" - at `$")
        name = at.rstrip("`").lstrip(".").replace("[", ".").replace("]", "")
        raise ManyInvalid([Invalid(_worded(said), field=name or None)]) from fault


def _view(
    name: str,
    shape: _Shape,
    value: Any,
    *,
    required: bool,
    errors: Mapping[str, str],
    locked: Mapping[str, str],
) -> FieldView:
    meta = shape.meta
    label = str(meta.get("title") or _spoken(name.rpartition(".")[2]))
    common: dict[str, Any] = {
        "name": name,
        "label": label,
        "help": str(meta.get("description", "")),
        "error": errors.get(name, ""),
        "locked": locked.get(name, ""),
        "required": required and not shape.optional,
        "optional": shape.optional,
    }
    if _is_struct(shape.kind):
        inner = describe(shape.kind, value, errors, locked, f"{name}.")
        return FieldView(**common, kind="group", fields=inner)
    element = _element(shape.kind)
    if element is not None and _is_struct(element.kind):
        rows = [
            FieldView(
                name=f"{name}.{at}",
                label="",
                fields=describe(element.kind, row, errors, locked, f"{name}.{at}."),
            )
            for at, row in enumerate(value or ())
        ]
        blank = describe(element.kind, None, {}, {}, f"{name}.{BLANK}.")
        return FieldView(**common, kind="rows", fields=rows, blank=blank)
    if _is_mapping(shape.kind):
        text = "\n".join(f"{key}={one}" for key, one in (value or {}).items())
        common["help"] = common["help"] or N_("One on each line, as NAME=value.")
        return FieldView(**common, kind="textarea", value=text)
    options = _options(shape.kind if element is None else element.kind, meta)
    kind = str(meta.get("kind") or _kind(shape, element, options))
    return FieldView(
        **common,
        kind=kind,
        value=_shown(value, kind, secret=bool(meta.get("secret"))),
        options=options,
        min=_bound(meta, "ge", "gt"),
        max=_bound(meta, "le", "lt", "max_length"),
        suffix=str(meta.get("suffix", "")),
    )


def _gathered(form: type[msgspec.Struct], sent: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    hints = get_type_hints(form, include_extras=True)
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(form):
        shape = _shape(hints[field.name])
        name = f"{prefix}{field.encode_name}"
        element = _element(shape.kind)
        if _is_struct(shape.kind):
            if not shape.optional or any(key.startswith(f"{name}.") for key in sent):
                found[field.encode_name] = _gathered(shape.kind, sent, f"{name}.")
        elif element is not None and _is_struct(element.kind):
            found[field.encode_name] = [
                _gathered(element.kind, sent, f"{name}.{at}.") for at in _rows(sent, name)
            ]
        elif element is not None:
            found[field.encode_name] = _many(sent, name)
        elif _is_mapping(shape.kind):
            found[field.encode_name] = _pairs(sent, name)
        elif shape.kind is bool:
            found[field.encode_name] = _last(sent, name) in {"true", "on", "1", "yes"}
        elif (text := _last(sent, name)) not in (None, ""):
            found[field.encode_name] = text
        elif shape.optional and name in sent:
            found[field.encode_name] = None
    return found


def _rows(sent: Mapping[str, Any], name: str) -> list[int]:
    stem = f"{name}."
    numbers = {
        int(part)
        for key in sent
        if key.startswith(stem)
        and (part := key.removeprefix(stem).partition(".")[0]).isdecimal()
        and len(part) < 6
    }
    if len(numbers) > ROWS_AT_MOST:
        raise Invalid("This list is longer than we can take.", field=name)
    return sorted(numbers)


def _last(sent: Mapping[str, Any], name: str) -> Any:
    value = sent.get(name)
    if isinstance(value, list):
        value = value[-1] if value else None
    return value.strip() if isinstance(value, str) else value


def _many(sent: Mapping[str, Any], name: str) -> list[Any]:
    """A repeated field, or one text with a value per line or between commas."""
    value = sent.get(name)
    if value is None:
        return []
    parts = value if isinstance(value, list) else str(value).replace("\n", ",").split(",")
    return [part.strip() for part in parts if str(part).strip()]


def _pairs(sent: Mapping[str, Any], name: str) -> dict[str, str]:
    """A text with a `NAME=value` on each line. Raises Invalid for a line without the sign."""
    found: dict[str, str] = {}
    for line in str(_last(sent, name) or "").splitlines():
        if not line.strip():
            continue
        key, sign, value = line.partition("=")
        if not sign or not key.strip():
            raise Invalid("Write one on each line, as NAME=value.", field=name)
        found[key.strip()] = value.strip()
    return found


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) in (dict, Mapping)


def _shape(hint: Any) -> _Shape:
    meta: dict[str, Any] = {}
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            hint, *notes = get_args(hint)
            for note in notes:
                if isinstance(note, msgspec.Meta):
                    meta |= {key: value for key, value in _told(note).items() if key not in meta}
        elif get_origin(hint) in (Union, types.UnionType):
            parts = [part for part in get_args(hint) if part is not type(None)]
            optional = optional or len(parts) < len(get_args(hint))
            if len(parts) != 1:
                return _Shape(str, meta, optional)
            hint = parts[0]
        else:
            return _Shape(hint, meta, optional)


def _told(note: msgspec.Meta) -> dict[str, Any]:
    names = ("title", "description", "ge", "gt", "le", "lt", "max_length", "min_length")
    found = {name: value for name in names if (value := getattr(note, name)) is not None}
    return found | dict(note.extra or {})


def _element(kind: Any) -> _Shape | None:
    origin = get_origin(kind)
    if origin is None or not (
        origin in _LISTS or (isinstance(origin, type) and issubclass(origin, Sequence))
    ):
        return None
    return _shape(get_args(kind)[0])


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _options(kind: Any, meta: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    told: Mapping[str, str] = meta.get("options", {})
    codes: Sequence[str] = ()
    if get_origin(kind) is Literal:
        codes = [str(one) for one in get_args(kind)]
    elif isinstance(kind, type) and issubclass(kind, Enum):
        codes = [str(one.value) for one in kind]
    if not codes:
        return tuple(told.items())
    return tuple((one, told.get(one) or _named(one)) for one in codes)


def _named(code: str) -> str:
    """A choice as it is called elsewhere, else by its own code."""
    known = words.label(code)
    return _spoken(code) if known == code else known


def _kind(shape: _Shape, element: _Shape | None, options: Sequence[Any]) -> str:
    if shape.meta.get("secret"):
        return "secret"
    if options:
        return "multi" if element is not None else "select"
    if element is not None or shape.meta.get("rows"):
        return "textarea"
    return _PLAIN_KINDS.get(shape.kind, "text")


def _shown(value: Any, kind: str, *, secret: bool) -> Any:
    if secret or kind == "secret":
        return "stored" if value else None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, (list, tuple, set, frozenset)):
        texts = [str(part.value if isinstance(part, Enum) else part) for part in value]
        return texts if kind == "multi" else "\n".join(texts)
    return value


def _value(values: msgspec.Struct | Mapping[str, Any] | None, name: str) -> Any:
    if values is None:
        return None
    if isinstance(values, Mapping):
        return values.get(name)
    for field in msgspec.structs.fields(values):
        if field.encode_name == name:
            return getattr(values, field.name)
    return None


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None


def _bound(meta: Mapping[str, Any], *names: str) -> str:
    for name in names:
        if name in meta:
            return str(meta[name])
    return ""


def _spoken(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").strip().capitalize()


def _worded(fault: str) -> str:
    if "missing required" in fault:
        return "Please fill this in."
    if "length <=" in fault:
        return "This is too long."
    if "length >=" in fault:
        return "This is too short."
    if "enum" in fault:
        return "Choose one of the offered values."
    if "`int`" in fault or "`decimal`" in fault or "`float`" in fault:
        return "Write a number in digits."
    return "This does not look right."
