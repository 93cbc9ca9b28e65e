"""The fields of a form as a page draws them: from a type, a tree and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from stoa.drawn import labels
from stoa.drawn.given import NOTHING, Given
from stoa.drawn.hints import Hint, Part, element, fixed, is_number, join, mapping, parts, sort_of
from stoa.drawn.rownames import title_of
from stoa.drawn.trees import split
from stoa.theming.texts import N_

Said = Mapping[str, str]
LINES_FROM: Final = 40
"""Pairs of plain values beyond this are one text with a line each."""
_CURRENCY: Final = ("currency", "currencies", "base_currency", "in")
_COUNTRY: Final = ("country", "countries")
_LONG: Final = 300
_MANY: Final = ("group", "maybe", "rows", "pairs")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One field. `fields` makes it a part; `kind` says of what sort, or how the field is typed in."""

    name: str
    label: str
    said: bool = True
    """Whether the label is a message id; names of rows are a person's own."""
    note: str = ""
    """What a row without a name is, a message id; `sum` is its amount."""
    sum: str = ""
    kind: str = "text"
    help: str = ""
    value: Any = None
    error: str = ""
    locked: str = ""
    """Who fixed it, as a sentence; then it cannot be typed in."""
    options: Sequence[tuple[str, str]] = ()
    known: str = ""
    """The list of suggestions to type from: currency, country, zone."""
    required: bool = False
    optional: bool = False
    hint: str = ""
    """What holds where it is left empty."""
    min: str = ""
    max: str = ""
    pattern: str = ""
    unit: str = ""
    count: int = 0
    at: int = 0
    faulty: bool = False
    fields: "Sequence[View]" = ()


def views(
    hint: Hint,
    tree: Any,
    *,
    path: str = "",
    errors: Said | None = None,
    only: frozenset[str] = frozenset(),
    given: Given = NOTHING,
) -> tuple[View, ...]:
    """The fields below `path`, which is a struct, a list or pairs."""
    drawer = _Drawer(errors or {}, given)
    if sort_of(hint) in ("struct", "money"):
        return drawer.struct(hint, tree, path, only)
    return (drawer.view(hint, tree, path, None),)


class _Drawer:
    def __init__(self, errors: Said, given: Given) -> None:
        self.errors = errors
        self.given = given

    def struct(
        self, hint: Hint, tree: Any, path: str, only: frozenset[str] = frozenset()
    ) -> tuple[View, ...]:
        held = tree if isinstance(tree, Mapping) else {}
        drawn = (
            self.view(one.hint, held.get(one.name), join(path, one.name), one)
            for one in parts(hint.kind)
            if not one.hint.meta.get("hidden") and not (only and one.name not in only)
        )
        # What is one field comes before what is many, else in the order of the type.
        return tuple(sorted(drawn, key=lambda one: one.kind in _MANY))

    def view(self, hint: Hint, tree: Any, path: str, part: Part | None) -> View:
        common: dict[str, Any] = {
            "name": path,
            "label": labels.label(part) if part is not None else "",
            "help": labels.help_of(part) if part is not None else "",
            "error": self.errors.get(path, ""),
            "locked": self.given.lock(path),
            "optional": hint.optional,
            "faulty": any(one == path or one.startswith(f"{path}.") for one in self.errors),
        }
        sort = sort_of(hint)
        if sort == "money":
            return self._money(hint, tree, path, common)
        if sort == "struct":
            kind = "maybe" if hint.optional else "group"
            inner = () if tree is None and hint.optional else self.struct(hint, tree, path)
            return View(**common, kind=kind, fields=inner, count=int(tree is not None))
        if sort == "rows":
            return self._rows(hint, tree, path, common)
        if sort == "pairs":
            return self._pairs(hint, tree, path, common)
        if sort == "duo":
            return self._duo(hint, tree, path, common)
        if sort == "free":
            return View(**common, kind="toml", value=str(tree or ""))
        if sort == "flag":
            return View(**common, kind="switch", value="true" if tree is True else "")
        return self._leaf(hint, tree, part, common)

    def _money(self, hint: Hint, tree: Any, path: str, common: dict[str, Any]) -> View:
        amount, currency = self.struct(hint, tree, path)
        amount = replace(amount, label=common["label"] or amount.label, help="")
        return View(**common, kind="money", fields=(amount, replace(currency, known="currency")))

    def _rows(self, hint: Hint, tree: Any, path: str, common: dict[str, Any]) -> View:
        inner = element(hint.kind)
        assert inner is not None  # noqa: S101 - what the sort says
        rows = tree if isinstance(tree, list) else []
        drawn: list[View] = []
        for at, one in enumerate(rows):
            fields = self.struct(inner, one, join(path, at))
            named = title_of(one, at)
            note, money = ("", "") if named != str(at + 1) else _told_by(fields)
            drawn.append(
                View(
                    name=join(path, at),
                    label=named,
                    note=note,
                    sum=money,
                    said=False,
                    kind="row",
                    at=at,
                    faulty=self._faulty(join(path, at)),
                    fields=fields,
                )
            )
        return View(**common, kind="rows", fields=tuple(drawn), count=len(drawn))

    def _pairs(self, hint: Hint, tree: Any, path: str, common: dict[str, Any]) -> View:
        pair = mapping(hint.kind)
        assert pair is not None  # noqa: S101 - what the sort says
        rows = [one for one in (tree if isinstance(tree, list) else []) if isinstance(one, Mapping)]
        plain = sort_of(pair[1]) == "leaf"
        if plain and len(rows) > LINES_FROM:
            text = "\n".join(f"{one.get('key')}={one.get('value')}" for one in rows)
            wrong = next((v for k, v in self.errors.items() if k.startswith(f"{path}.")), "")
            common |= {
                "help": N_("One on each line, as NAME=value."),
                "error": common["error"] or wrong,
            }
            return View(**common, kind="lines", value=text, count=len(rows))
        drawn: list[View] = []
        for at, one in enumerate(rows):
            where = join(path, at)
            named = {"name": f"{where}.key", "label": N_("Name")}
            key = self._leaf(pair[0], one.get("key"), None, named)
            value = self.view(pair[1], one.get("value"), f"{where}.value", None)
            inner = (replace(value, label=N_("Value")),) if not value.fields else value.fields
            key = replace(key, error=self.errors.get(key.name, ""), required=True)
            drawn.append(
                View(
                    name=where,
                    label=str(one.get("key") or at + 1),
                    said=False,
                    kind="pair" if plain or sort_of(pair[1]) == "duo" else "row",
                    at=at,
                    faulty=self._faulty(where),
                    fields=(key, *inner),
                )
            )
        return View(**common, kind="pairs", fields=tuple(drawn), count=len(drawn))

    def _duo(self, hint: Hint, tree: Any, path: str, common: dict[str, Any]) -> View:
        held = tree if isinstance(tree, list) else []
        names = (N_("From"), N_("To"))
        inner = tuple(
            self._leaf(
                one,
                held[at] if at < len(held) else "",
                None,
                {
                    "name": join(path, at),
                    "label": names[at] if at < len(names) else str(at + 1),
                    "error": self.errors.get(join(path, at), ""),
                },
            )
            for at, one in enumerate(fixed(hint.kind))
        )
        return View(**common, kind="duo", fields=inner)

    def _leaf(self, hint: Hint, tree: Any, part: Part | None, common: dict[str, Any]) -> View:
        if (stored := self.given.secret(common["name"])) is not None:
            return _secret(stored, common)
        offered = self.given.choices(common["name"])
        options = offered or labels.options(hint, part)
        inner = element(hint.kind)
        many = inner is not None
        meta = (inner if inner is not None else hint).meta
        told: Any = tree if isinstance(tree, list) else str(tree or "")
        if many and offered:
            told = split(told)
        if options:
            options = _with_what_stands(options, told if many else [told] if told else [])
        least, most = _bounds(meta)
        usual = _usual(part) if part is not None and not many else ""
        return View(
            **common,
            kind=_kind(hint, part, options, told),
            value=told,
            options=options,
            known=_known(part) or _known_by(meta),
            required=_must(hint, part),
            hint=usual,
            min=least,
            max=most,
            pattern="" if many else str(meta.get("pattern", "")),
            unit=labels.unit(part) if part is not None else "",
        )

    def _faulty(self, path: str) -> bool:
        return any(one == path or one.startswith(f"{path}.") for one in self.errors)


def _secret(stored: str, common: dict[str, Any]) -> View:
    """Written and never shown: what may be said of the stored one is its value."""
    return View(**common, kind="secret", value=stored)


def _kind(hint: Hint, part: Part | None, options: Sequence[Any], told: Any) -> str:
    if told_kind := hint.meta.get("kind"):
        return str(told_kind)
    if element(hint.kind) is not None:
        return "multi" if options else "list"
    if options:
        return "select"
    if is_number(hint.kind):
        return "number"
    longest = hint.meta.get("max_length") or 0
    if hint.kind is str and ("\n" in told or longest > _LONG or (part and part.name in _LONG_ONES)):
        return "textarea"
    if "datetime" in str(hint.kind):
        return (
            "datetime"
            if len(told) == len("2026-01-01T00:00:00Z") and told.endswith("Z")
            else "text"
        )
    return "text"


_LONG_ONES: Final = ("about", "warning", "body", "source")


def _must(hint: Hint, part: Part | None) -> bool:
    """Whether a field may not be left empty."""
    if hint.optional or element(hint.kind) is not None:
        return False
    least = hint.meta.get("min_length") or 0
    return bool((part is not None and part.required) or (hint.kind is str and least))


def _usual(part: Part) -> str:
    if part.usual is None or part.hint.optional or not is_number(part.hint.kind):
        return ""
    return str(part.usual())


def _bounds(meta: Mapping[str, Any]) -> tuple[str, str]:
    least = meta.get("ge", meta.get("gt", ""))
    most = meta.get("le", meta.get("lt", meta.get("max_length", "")))
    return str(least), str(most)


def _known(part: Part | None) -> str:
    if part is None:
        return ""
    if part.name in _CURRENCY or part.name.endswith(("_currency", "_currencies")):
        return "currency"
    if part.name in _COUNTRY or part.name.endswith(("_country", "_countries")):
        return "country"
    return "zone" if part.name == "time_zone" else ""


def _known_by(meta: Mapping[str, Any]) -> str:
    return "country" if meta.get("pattern") == "^[A-Z]{2}$" else ""


def _with_what_stands(
    options: Sequence[tuple[str, str]], told: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """The choices, with what is chosen beside them; in the order chosen where that differs."""
    known = dict(options)
    own = [(one, one) for one in told if one not in known]
    order = [code for code in known if code in told]
    if own or [one for one in told if one in known] == order:
        return (*options, *own) if not own else _as_told(options, told)
    return _as_told(options, told)


def _as_told(
    options: Sequence[tuple[str, str]], told: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    known = dict(options)
    first = [(one, known.get(one, one)) for one in dict.fromkeys(told)]
    return (*first, *((code, label) for code, label in options if code not in told))


def _told_by(fields: Sequence[View]) -> tuple[str, str]:
    """What a row without a name is told by: its first choice, and its first sum or share."""
    chosen = next(
        (
            word
            for one in fields
            if one.kind == "select"
            for code, word in one.options
            if code == one.value
        ),
        "",
    )
    for one in fields:
        if one.kind == "money" and one.fields[0].value:
            return chosen, f"{one.fields[0].value} {one.fields[1].value}"
        if one.unit == "%" and one.value:
            return chosen, f"{one.value} %"
    return chosen, ""
