"""Which file a browser is sent for a logical name: `app.css` is `/static/app.1f0c….css`."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from stoa.kernel import where
from stoa.theming import themes

PREFIX: Final = "/static/"
FILE: Final = "manifest.json"


def built() -> Path:
    """Where the asset build writes; never committed, shipped in the wheel."""
    return where.themes() / themes.DEFAULT / "static" / "built"


@lru_cache(maxsize=1)
def names() -> Mapping[str, str]:
    """Logical name to file name; empty before the first build."""
    path = built() / FILE
    if not path.is_file():
        return MappingProxyType({})
    return MappingProxyType(dict(json.loads(path.read_text(encoding="utf-8"))["files"]))


def asset(name: str) -> str:
    """The address of an asset. Before the first build it is the plain name, which answers 404."""
    return PREFIX + names().get(name, name)


def has(name: str) -> bool:
    return name in names()


def reload() -> None:
    """Read the manifest again, after a build in this process."""
    names.cache_clear()
