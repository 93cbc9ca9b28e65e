"""Every text the product says, found where it is written, and what a language still lacks of it.

Templates: `_()`, `_n()`, `{% trans %}`. Python: `N_()`, `_()`, the first text of refusals and of
`Label`, `label=` and `title=`/`description=` of what a page draws from a type.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from stoa.kernel import where
from stoa.theming import texts, themes

REFUSALS: Final = frozenset(
    {
        "Refusal",
        "Invalid",
        "Unauthenticated",
        "Denied",
        "NotFound",
        "Conflict",
        "Gone",
        "TooLarge",
        "TooMany",
        "Unavailable",
        "Unfit",
    }
)
MARKS: Final = frozenset({"N_", "_", "gettext", "say", "Label"})
PLURALS: Final = frozenset({"_n", "ngettext", "count", "Counted"})
# Arguments that carry a message id, by the call that takes them.
NAMED: Final = {
    "NavItem": ("label", "group"),
    "Banner": ("text", "action"),
    "Meta": ("title", "description"),
    "Status": ("label",),
    "go": ("notice",),
}
_TEMPLATE_MARKS: Final = ("_", "gettext", "_n", "ngettext")


@dataclass(frozen=True, slots=True)
class Said:
    """One text: `many` when it counts, and where it was first found."""

    one: str
    many: str = ""
    place: str = ""


@lru_cache(maxsize=1)
def said() -> Mapping[str, Said]:
    """Every text of the product by its message id; read once per process."""
    found: dict[str, Said] = {}
    for one in (*in_templates(), *in_python()):
        kept = found.get(one.one)
        if kept is None or (one.many and not kept.many):
            found[one.one] = one
    return MappingProxyType(found)


def missing(language: str) -> list[str]:
    """Message ids a language has no translation of; none for the language they are written in."""
    if language == texts.SOURCE:
        return []
    known = texts.catalog(language).forms
    return sorted(text for text in said() if text not in known)


def unused(language: str) -> list[str]:
    """Translations of texts nobody says any more."""
    spoken = said()
    return sorted(text for text in texts.catalog(language).forms if text not in spoken)


def write_missing(language: str, name: str = "missing") -> int:
    """Put what is missing into `<name>.po` of the language, empty; answers how many.

    A file of that name keeps what it has; other files are not touched.
    """
    path = texts.folder(language) / f"{name}.po"
    catalog = Catalog(locale=language, fuzzy=False, creation_date=datetime(2026, 1, 1, tzinfo=UTC))
    if path.is_file():
        with path.open("rb") as opened:
            catalog = read_po(opened, locale=language)
    everything = said()
    lacking = [text for text in missing(language) if text not in catalog]
    for text in lacking:
        one = everything[text]
        catalog.add((one.one, one.many) if one.many else one.one, auto_comments=[one.place])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as opened:
        write_po(opened, catalog, omit_header=False, sort_output=True, width=100)
    texts.catalog.cache_clear()
    return len(lacking)


def in_templates() -> Iterator[Said]:
    for theme in themes.installed():
        for path in sorted(theme.templates.rglob("*.html")) + sorted(
            theme.templates.rglob("*.txt")
        ):
            place = path.relative_to(theme.folder.parent).as_posix()
            with path.open("rb") as opened:
                options: dict[str, Any] = {
                    "trimmed": "true",
                    "silent": "false",
                    "extensions": _EXTENSIONS,
                }
                for _, function, message, _ in babel_extract(
                    opened, tuple(_TEMPLATE_MARKS), [], options
                ):
                    if function in _TEMPLATE_MARKS or function == "ngettext":
                        yield from _told(message, place)


_EXTENSIONS: Final = "jinja2.ext.do,jinja2.ext.loopcontrols"


def in_python() -> Iterator[Said]:
    root = where.checkout()
    if root is None:
        return
    sources = [
        (path, ast.parse(path.read_text(encoding="utf-8")))
        for folder in (root / "platform" / "stoa", root / "tenants" / "brokerage")
        for path in sorted(folder.rglob("*.py"))
    ]
    refusals = _refusals(tree for _, tree in sources)
    for path, tree in sources:
        place = path.relative_to(root).as_posix()
        yield from _in_module(tree, refusals, place)


def _refusals(trees: Iterable[ast.Module]) -> frozenset[str]:
    """The refusal classes, with those that later modules derive from them."""
    bases: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {_name(base) for base in node.bases}
    known = set(REFUSALS)
    while grown := {name for name, above in bases.items() if above & known} - known:
        known |= grown
    return frozenset(known)


def _in_module(tree: ast.Module, refusals: frozenset[str], place: str) -> Iterator[Said]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(node, refusals, place)
        elif isinstance(node, ast.ClassDef) and (node.name in refusals):
            yield from _in_refusal(node, place)


def _in_call(node: ast.Call, refusals: frozenset[str], place: str) -> Iterator[Said]:
    name = _name(node.func)
    first = _text(node.args[0]) if node.args else None
    if name in PLURALS and len(node.args) > 1:
        many = _text(node.args[1])
        if first and many:
            yield Said(first, many, place)
    elif (name in MARKS or name in refusals) and first:
        yield Said(first, "", place)
    for keyword in node.keywords:
        if (keyword.arg in NAMED.get(name, ()) or keyword.arg == "notice") and (
            text := _text(keyword.value)
        ):
            yield Said(text, "", place)

    if name == "Meta":
        yield from _options(node, place)


def _options(node: ast.Call, place: str) -> Iterator[Said]:
    """The labels of `Meta(extra={"options": {value: label}})`."""
    for keyword in node.keywords:
        if keyword.arg != "extra" or not isinstance(keyword.value, ast.Dict):
            continue
        for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
            if key is not None and _text(key) == "options" and isinstance(value, ast.Dict):
                yield from (Said(text, "", place) for one in value.values if (text := _text(one)))


def _in_refusal(node: ast.ClassDef, place: str) -> Iterator[Said]:
    """A refusal's own sentence: a default of `sentence`, or what it hands to its base."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef):
            named = inner.args.args[len(inner.args.args) - len(inner.args.defaults) :]
            for argument, default in zip(named, inner.args.defaults, strict=True):
                if argument.arg == "sentence" and (text := _text(default)):
                    yield Said(text, "", place)
        elif (
            isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Attribute)
            and inner.func.attr == "__init__"
            and inner.args
            and (text := _text(inner.args[0]))
        ):
            yield Said(text, "", place)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
        return node.value
    return None


def _told(message: Any, place: str) -> Iterator[Said]:
    if isinstance(message, str):
        if message.strip():
            yield Said(message, "", place)
    elif message and isinstance(message[0], str):
        many = message[1] if len(message) > 1 and isinstance(message[1], str) else ""
        yield Said(message[0], many, place)
