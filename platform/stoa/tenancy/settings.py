"""Settings as versions: put, read back, compared, carried as one TOML file."""

import tomllib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

import msgspec
import tomli_w
from sqlalchemy import func, select

from stoa.kernel.refusals import Invalid, Unfit
from stoa.tenancy.actor import Kind
from stoa.tenancy.model import Setting
from stoa.tenancy.slices import current
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

Slices = Mapping[str, type[msgspec.Struct]]
Gate = Callable[["Work", str, msgspec.Struct, int, str], Awaitable[bool]]

gates: Final[list[Gate]] = []
"""Asked before a changed version is stored: True when it was written down to wait instead."""


finishes: Final[dict[str, Callable[[Any, Any], Any]]] = {}
"""By section, what is set by itself when a person changed it: from what is in force and the change."""


def finished(work: Work, name: str, value: Any) -> Any:
    """A changed section with what it sets by itself; twice is the same as once."""
    finish = finishes.get(name)
    return value if finish is None else finish(work.settings(type(value)), value)


def parse(name: str, slice_type: type[msgspec.Struct], body: Mapping[str, Any]) -> msgspec.Struct:
    """Raises Invalid naming the path, the value's fault and what is allowed."""
    try:
        return msgspec.convert(current(slice_type, body), slice_type, strict=False)
    except msgspec.ValidationError as why:
        own = why.__cause__
        plain = not isinstance(own, Unfit)
        path = str(why).partition(" - at `$")[2].rstrip("`").lstrip(".")
        raise Invalid(
            "These settings were not taken: {problem} (in {section}). Nothing was changed.",
            code="settings",
            problem=str(why) if plain else own,
            section=name if plain or not path else f"{name}.{path}",
        ) from why


async def put(work: Work, name: str, value: msgspec.Struct, *, why: str) -> int | None:
    """Store a new version of one slice; returns its version. Equal settings store nothing.

    None when a person changed what a second person must agree to: then it waits, as a whole.
    """
    version = await version_of(work, name)
    if version:
        if work.actor.kind is not Kind.SYSTEM:
            value = finished(work, name, value)
        for waits in gates:
            if await waits(work, name, value, version, why):
                return None
    return await store(work, name, value, why=why)


async def version_of(work: Work, name: str) -> int:
    """The version in force; 0 where nothing was ever stored."""
    return int(
        await work.value(
            select(func.coalesce(func.max(Setting.version), 0)).where(Setting.slice == name)
        )
    )


async def store(work: Work, name: str, value: msgspec.Struct, *, why: str) -> int:
    """Put it in force without asking whether it must wait: `put` and who agreed to it call this."""
    body = as_data(value)
    current = await work.first(
        select(Setting).where(Setting.slice == name).order_by(Setting.id.desc())
    )
    if current is not None and current.body == body:
        return current.version
    newest = (await work.value(select(func.coalesce(func.max(Setting.id), 0)))) or 0
    version = 1 if current is None else current.version + 1
    work.add(
        Setting(
            id=newest + 1,
            slice=name,
            version=version,
            body=body,
            why=why,
            set_at=work.now,
            set_by=work.actor.id,
        )
    )
    await work.flush()
    return version


async def versions(work: Work, name: str, limit: int = 50) -> list[Setting]:
    """Newest first."""
    statement = (
        select(Setting).where(Setting.slice == name).order_by(Setting.id.desc()).limit(limit)
    )
    return list(await work.rows(statement))


async def restore(work: Work, name: str, version: int, slices: Slices, *, why: str) -> int | None:
    """Make an earlier version the newest again."""
    earlier = await work.first(
        select(Setting).where(Setting.slice == name, Setting.version == version)
    )
    if earlier is None:
        raise Invalid("There is no such version of these settings.")
    return await put(work, name, parse(name, slices[name], earlier.body), why=why)


def export_toml(work: Work, slices: Slices) -> str:
    """All slices in force as one TOML text; secrets are never settings, so none are in it."""
    sections = {
        name: without_none(as_data(work.settings(slice_type)))
        for name, slice_type in slices.items()
    }
    return tomli_w.dumps(sections)


def read_toml(text: str, slices: Slices) -> dict[str, msgspec.Struct]:
    """Sections of a settings file, each checked whole; unknown sections are refused."""
    try:
        sections = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise Invalid("This is not a settings file: {problem}", problem=str(why)) from why
    sections.pop("blueprint", None)
    unknown = sorted(set(sections) - set(slices))
    if unknown:
        raise Invalid(
            "Unknown section {section}; known are {known}.",
            section=unknown[0],
            known=", ".join(sorted(slices)),
        )
    return {name: parse(name, slices[name], body) for name, body in sections.items()}


async def import_toml(work: Work, text: str, slices: Slices, *, why: str) -> list["Change"]:
    """Put every section that differs; returns the readable difference. All or nothing."""
    changes: list[Change] = []
    for name, value in read_toml(text, slices).items():
        changes += diff(work.settings(slices[name]), value, name)
        await put(work, name, value, why=why)
    return changes


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions: where, what it was, what it becomes.

    `before` and `after` are the same two as settings carry them, for who says them by their labels.
    """

    path: str
    was: str
    now: str
    before: Any = None
    after: Any = None

    def sentence(self) -> str:
        text, places = self.said
        return text.format_map(places)

    @property
    def said(self) -> tuple[str, dict[str, str]]:
        """The sentence as a message id with its places, for readers of every language."""
        if self.was == "":
            return N_("{path}: {now} is added"), {"path": self.path, "now": self.now}
        if self.now == "":
            return N_("{path}: {was} is removed"), {"path": self.path, "was": self.was}
        places = {"path": self.path, "was": self.was, "now": self.now}
        return N_("{path}: {was} becomes {now}"), places


def diff(was: Any, now: Any, path: str = "") -> list[Change]:
    """Differences in the order a person reads a settings file; lists are matched by name or code."""
    return list(_differences(as_data(was), as_data(now), path))


def _differences(was: Any, now: Any, path: str) -> Iterable[Change]:
    if was == now:
        return
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}, key=str):
            yield from _differences(was.get(key), now.get(key), f"{path}.{key}".lstrip("."))
        return
    if isinstance(was, list) and isinstance(now, list) and _named([*was, *now]):
        old, new = ({_name(item): item for item in items} for items in (was, now))
        for name in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(name), new.get(name), f"{path}[{name}]")
        return
    if isinstance(was, list) and isinstance(now, list) and _dicts([*was, *now]):
        yield from _by_place(was, now, path)
        return
    yield Change(path, _text(was), _text(now), was, now)


def _by_place(was: list[Any], now: list[Any], path: str) -> Iterable[Change]:
    """Lists whose items have no name: what stayed is passed over, the rest told by its number."""
    old_texts, new_texts = ([repr(one) for one in each] for each in (was, now))
    alike = SequenceMatcher(None, old_texts, new_texts, autojunk=False)
    for _, a, b, c, d in alike.get_opcodes():
        for at in range(max(b - a, d - c)):
            old = was[a + at] if a + at < b else None
            new = now[c + at] if c + at < d else None
            number = (a if new is None else c) + at + 1
            yield from _differences(old, new, f"{path}[{number}]")


def _dicts(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) for item in items)


def _named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) and _name(item) for item in items)


def _name(item: dict[str, Any]) -> str:
    return str(item.get("code") or item.get("name") or item.get("psp") or "")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        said = (pair for pair in value.items() if pair[1] is not None and pair[1] != [])
        told = {key: _text(inner) for key, inner in said}
        return ", ".join(f"{key} {inner}" for key, inner in told.items())
    if isinstance(value, list):
        return ", ".join(_text(inner) for inner in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def as_data(value: Any) -> Any:
    """What JSON would carry of it: dicts, lists and texts, never tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_none(inner) for inner in value]
    return value
