"""What the fields of a form are called: beside each module's settings, by the name of the field.

    LABELS = Labels("brokerage.payments", {"hot": N_("Hot wallets"), "Retries.balance": N_("…")},
                    help={"need": N_("…")}, choices={"Retries.balance": {"wait": N_("Wait")}})

A name with its struct (`Retries.balance`) is nearer than the bare one, a module's own nearer than
the one above it, and what `Meta(title=…)` says is nearest. Every text is a message id.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stoa.drawn import commons
from stoa.drawn.hints import Hint, Part, codes, element, is_number, is_struct, mapping, parts
from stoa.theming import words
from stoa.theming.texts import N_


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of one package; a module of the product carries them."""

    package: str
    named: Mapping[str, str]
    help: Mapping[str, str] = field(default_factory=dict[str, str])
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    """What a number counts where its name does not say it, or says something else."""


_KNOWN: Final[dict[str, Labels]] = {"": Labels("", commons.NAMED, commons.HELP)}
_UNITS: Final[tuple[tuple[str, str], ...]] = (
    ("_s", N_("seconds")),
    ("_ms", N_("milliseconds")),
    ("_min", N_("minutes")),
    ("_minutes", N_("minutes")),
    ("_h", N_("hours")),
    ("_hours", N_("hours")),
    ("_days", N_("days")),
    ("_months", N_("months")),
    ("_years", N_("years")),
    ("_mb", N_("MB")),
    ("_bps", N_("hundredths of a percent")),
    ("percent", "%"),
    ("_percent", "%"),
)


def learn(all_of_them: Iterable[Labels | None]) -> None:
    """Add what the fields of packages are called: done where a product is put together."""
    _KNOWN.update({one.package: one for one in all_of_them if one is not None})


def _nearest(part: Part, store: Callable[[Labels], Mapping[str, Any]]) -> Any:
    package = str(part.owner.__module__)
    if ".connectors" in package or ".analysts" in package:
        return None  # A connector's form says its own words.
    names = (f"{part.owner.__name__}.{part.name}", part.name)
    while True:
        if (labels := _KNOWN.get(package)) is not None:
            for name in names:
                if (found := store(labels).get(name)) is not None:
                    return found
        if not package:
            return None
        package = package.rpartition(".")[0]


def known(part: Part) -> str:
    """The message id a field is called by, nothing where nobody named it."""
    return str(part.hint.meta.get("title") or _nearest(part, lambda one: one.named) or "")


def label(part: Part) -> str:
    return known(part) or spoken(part.name)


def help_of(part: Part) -> str:
    return str(part.hint.meta.get("description") or _nearest(part, lambda one: one.help) or "")


def choices(part: Part) -> Mapping[str, str]:
    """What the choices of a field are called where its module says so."""
    told = part.hint.meta.get("options") or _nearest(part, lambda one: one.choices)
    return told if isinstance(told, Mapping) else {}


def options(hint: Hint, part: Part | None) -> tuple[tuple[str, str], ...]:
    """The choices of a field with their message ids; none where anything may be typed."""
    told: Mapping[str, str] = choices(part) if part is not None else hint.meta.get("options", {})
    inner = element(hint.kind)
    offered = codes(hint.kind if inner is None else inner.kind)
    if not offered:
        return tuple(told.items())
    return tuple((one, told.get(one) or _word(one)) for one in offered)


def _word(code: str) -> str:
    """A choice as it is called elsewhere, else by its own code."""
    found = words.label(code)
    return spoken(code) if found == code else found


def unit(part: Part) -> str:
    """What a number counts, told by the end of its name; nothing where it does not say."""
    if said := part.hint.meta.get("suffix"):
        return str(said)
    if (said := _nearest(part, lambda one: one.units)) is not None:
        return str(said)
    if not is_number(part.hint.kind):
        pair = mapping(part.hint.kind)
        if pair is None or not is_number(pair[1].kind):
            return ""
    return next(
        (said for end, said in reversed(_UNITS) if part.name.endswith(end)),
        "",
    )


def spoken(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").strip().capitalize()


def every(
    kind: Any, path: str = "", seen: frozenset[Any] = frozenset()
) -> Iterator[tuple[str, Part]]:
    """Every field of a type and of the types in it, with the dotted path that leads there."""
    for part in parts(kind):
        here = f"{path}.{part.name}" if path else part.name
        yield here, part
        for inner in _inside(part.hint.kind):
            if inner not in seen:
                yield from every(inner, here, seen | {inner})


def _inside(kind: Any) -> Iterator[Any]:
    found: list[Any] = [kind]
    if (inner := element(kind)) is not None:
        found = [inner.kind]
    elif (pair := mapping(kind)) is not None:
        found = [pair[1].kind]
    yield from (one for one in found if is_struct(one))


def on_path(kind: Any, path: str) -> list[tuple[str, str]]:
    """A path of a settings file (`packs[eu-retail].review_hours`) as labels and as names that stand
    for themselves: pairs of ("label", message id) and ("name", text).
    """
    found: list[tuple[str, str]] = []
    for piece in _pieces(path):
        part = None
        if is_struct(kind):
            part = next((one for one in parts(kind) if one.name == piece), None)
        if part is None:
            found.append(("name", piece))
            continue
        found.append(("label", label(part)))
        kind = next(iter(_inside(part.hint.kind)), None)
    return found


def part_at(kind: Any, path: str) -> tuple[Part | None, bool]:
    """The field a path of a settings file ends in, and whether it ends inside of what that holds."""
    part: Part | None = None
    inside = False
    for piece in _pieces(path):
        found = (
            next((one for one in parts(kind) if one.name == piece), None)
            if is_struct(kind)
            else None
        )
        if found is None:
            inside = True
            continue
        part, inside = found, False
        kind = next(iter(_inside(found.hint.kind)), None)
    return part, inside


def _pieces(path: str) -> Iterator[str]:
    """Names between points, and what stands in brackets as it is."""
    left = path
    while left:
        name, bracket, rest = left.partition("[")
        before = name.strip(".")
        yield from (one for one in before.split(".") if one)
        if not bracket:
            return
        inside, _, left = rest.partition("]")
        yield inside
