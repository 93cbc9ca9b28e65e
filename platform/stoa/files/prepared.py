"""What goes to the process that opens uploads, and what comes back."""

from enum import StrEnum
from typing import Final

import msgspec

from stoa.files.inspection import Kind

LONGEST_SIDE: Final = 2600  # A4 at 220 dots an inch; enough to read the smallest print
MOST_PAGES: Final = 20


class Verdict(StrEnum):
    """Whether a person could read the page; anything but READABLE asks for a better picture."""

    READABLE = "readable"
    BLURRED = "blurred"
    DARK = "dark"
    BRIGHT = "bright"
    SMALL = "small"
    BLANK = "blank"


class Legibility(msgspec.Struct, frozen=True):
    """Measured on the page: blur 0 (sharp) to 100, brightness 0 to 255, contrast as deviation."""

    verdict: Verdict
    blur: int
    brightness: int
    contrast: int


class Page(msgspec.Struct, frozen=True):
    """One page as a picture of ours: no metadata, no script, nothing the uploader wrote."""

    content: bytes
    media_type: str
    width: int
    height: int
    legibility: Legibility


class Order(msgspec.Struct, frozen=True):
    kind: Kind
    content: bytes
    keep_alpha: bool = False
    longest_side: int = LONGEST_SIDE
    most_pages: int = MOST_PAGES


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """The document made anew. `document` is what to keep: one picture, or a flat PDF of pictures."""

    document: bytes
    media_type: str
    pages: tuple[Page, ...]
    thumbnail: bytes

    @property
    def verdict(self) -> Verdict:
        """The first complaint about a page that has something on it."""
        said = [page.legibility.verdict for page in self.pages]
        written = [verdict for verdict in said if verdict is not Verdict.BLANK]
        if not written:
            return Verdict.BLANK
        return next((v for v in written if v is not Verdict.READABLE), Verdict.READABLE)


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The file was opened and cannot be used; the sentence is for the person who sent it."""

    sentence: str
    code: str
    places: dict[str, int] = {}


Reply = Prepared | Refused
