"""Sheets a person can read: a page a row, a dozen pictures a sheet."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from brokerage.demo.sheet.shooting import Seen, Variant

ROWS: Final = 3
_WIDE: Final = {"desktop": 640, "phone": 250}
_TALL: Final = 760
_GAP: Final = 12
_SHOWN: Final = 4


def sheets(seen: Sequence[Seen], name: str, out: Path) -> list[Path]:
    """Three pages in four variants on each sheet; what is taller than the row is cut there."""
    written: list[Path] = []
    for at in range(0, len(seen), ROWS):
        target = out / f"sheet-{name}-{at // ROWS + 1:02d}.png"
        _sheet(seen[at : at + ROWS], target)
        written.append(target)
    return written


def _sheet(rows: Sequence[Seen], target: Path) -> None:
    large, small = ImageFont.load_default(20), ImageFont.load_default(14)
    width = 2 * _WIDE["desktop"] + 2 * _WIDE["phone"] + 5 * _GAP
    sheet = Image.new("RGB", (width, len(rows) * (_TALL + 62)), "#7d8590")
    pen = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        top = number * (_TALL + 62)
        pen.text((_GAP, top + 8), f"{row.path} {row.state}  {row.status}", fill="white", font=large)
        left = _GAP
        for variant in list(row.pictures)[:_SHOWN]:
            image = _small(row.pictures[variant], variant)
            pen.text((left, top + 36), str(variant), fill="white", font=small)
            sheet.paste(image, (left, top + 56))
            left += image.width + _GAP
    sheet.save(target)


def _small(path: Path, variant: Variant) -> Image.Image:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    wide = _WIDE[variant.size]
    image = image.resize(
        (wide, max(1, round(image.height * wide / image.width))), Image.Resampling.LANCZOS
    )
    return image.crop((0, 0, wide, min(image.height, _TALL)))
