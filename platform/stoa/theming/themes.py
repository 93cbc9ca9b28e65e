"""The themes that ship: one folder each, falling back to `default`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from stoa.kernel import where
from stoa.theming.brand import Brand

DEFAULT: Final = "default"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme: its own folder, its words about itself, the brand it starts from."""

    name: str
    label: str
    about: str
    folder: Path
    brand: Mapping[str, Any]
    styles: tuple[str, ...]

    @property
    def templates(self) -> Path:
        return self.folder / "templates"

    def starting_brand(self, name: str, **chosen: Any) -> Brand:
        """A brand of this theme with the theme's own tokens where nothing is chosen."""
        tokens: dict[str, Any] = {**self.brand, "name": name, "theme": self.name, **chosen}
        return Brand(**tokens)


@lru_cache(maxsize=64)
def named(name: str) -> Theme:
    """The theme of that name; the default one for a name that is not installed."""
    folder = where.themes() / name
    if not _NAME.fullmatch(name) or not (folder / "theme.toml").is_file():
        if name == DEFAULT:
            raise where.NotFoundHere("the default theme is missing from this installation")
        return named(DEFAULT)
    told = tomllib.loads((folder / "theme.toml").read_text(encoding="utf-8"))
    return Theme(
        name=name,
        label=str(told["label"]),
        about=str(told["about"]),
        folder=folder,
        brand=MappingProxyType(dict(told.get("brand", {}))),
        styles=tuple(told.get("styles", ())),
    )


def installed() -> tuple[Theme, ...]:
    """Every theme of this installation, the default one first."""
    names = sorted(path.parent.name for path in where.themes().glob("*/theme.toml"))
    return tuple(named(name) for name in sorted(names, key=lambda name: (name != DEFAULT, name)))
