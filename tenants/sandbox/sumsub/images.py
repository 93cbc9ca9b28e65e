"""What the provider sees in an uploaded file: its kind, and whether a photograph is blurred."""

import io
from dataclasses import dataclass

KINDS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"%PDF-": "application/pdf",
    b"RIFF": "image/webp",
}
# Below this size, or without contrast, there is nothing to judge sharpness by.
SMALLEST_SIDE = 200
FLAT = 8.0
# A sharp photograph of print has steps of more grey levels than this between neighbouring points.
STEEP = 30
STEEPEST_SHARE = 0.001
JUDGED_SIDE = 1_000


class Unreadable(ValueError):
    """The file is none of the accepted kinds, or is broken."""


@dataclass(frozen=True, slots=True)
class Seen:
    kind: str
    blurred: bool


def look(content: bytes) -> Seen:
    """Raises `Unreadable` for what is not a whole JPEG, PNG, WebP or PDF."""
    kind = next((name for magic, name in KINDS.items() if content.startswith(magic)), "")
    if not kind:
        raise Unreadable("unsupported-file-format")
    return Seen(kind, blurred=kind.startswith("image/") and _blurred(content))


def _blurred(content: bytes) -> bool:
    # Loaded on the first picture: a process that sees none keeps the memory.
    from PIL import Image, ImageChops, ImageStat

    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.draft("L", (JUDGED_SIDE, JUDGED_SIDE))
            if picture.width * picture.height > 60_000_000:
                raise Unreadable("file-too-big")
            grey = picture.convert("L")
    except (OSError, SyntaxError, Image.DecompressionBombError):
        raise Unreadable("corrupted-file") from None
    grey.thumbnail((JUDGED_SIDE, JUDGED_SIDE))
    if min(grey.size) < SMALLEST_SIDE:
        return False
    if ImageStat.Stat(grey).stddev[0] < FLAT:
        return False
    wide, high = grey.size
    beside = ImageChops.difference(grey.crop((1, 0, wide, high)), grey.crop((0, 0, wide - 1, high)))
    below = ImageChops.difference(grey.crop((0, 1, wide, high)), grey.crop((0, 0, wide, high - 1)))
    return max(_steepest(beside.histogram()), _steepest(below.histogram())) < STEEP


def _steepest(steps: list[int]) -> int:
    """The size of step that only the steepest thousandth of all points reach."""
    left = sum(steps) * STEEPEST_SHARE
    for size in range(len(steps) - 1, 0, -1):
        left -= steps[size]
        if left < 0:
            return size
    return 0
