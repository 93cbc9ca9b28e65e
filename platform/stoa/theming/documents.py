"""Fonts for documents: the browser's compressed subsets merged into plain TTF files."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from fontTools.merge import Merger, Options
from fontTools.ttLib import TTFont

from stoa.theming import fonts

_SUBSETS: Final = ("latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "arabic")


def make(node_modules: Path, target: Path) -> list[Path]:
    """One TTF per family and weight, holding every subset the product's languages need."""
    target.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for package, family, weights in fonts.STATIC:
        for weight in weights:
            files = node_modules / package / "files"
            short = package.rpartition("/")[2]
            parts = [
                path
                for subset in _SUBSETS
                if (path := files / f"{short}-{subset}-{weight}-normal.woff2").is_file()
            ]
            if not parts:
                raise FileNotFoundError(2, "no font files", str(files))
            path = target / f"{family.replace(' ', '')}-{weight}.ttf"
            _merged(parts, path)
            made.append(path)
    return made


def _merged(parts: list[Path], target: Path) -> None:
    with TemporaryDirectory() as folder:
        plain: list[str] = []
        for number, part in enumerate(parts):
            font = TTFont(part)
            font.flavor = None
            path = f"{folder}/{number}.ttf"
            font.save(path)
            font.close()
            plain.append(path)
        if len(plain) == 1:
            Path(plain[0]).rename(target)
            return
        # Hints belong to one subset's programs and do not survive a merge.
        whole = cast(
            "Any", Merger(Options(drop_tables=["fpgm", "prep", "cvt ", "gasp", "vhea", "vmtx"]))
        )
        whole.merge(plain).save(target)
