"""What an upload is, by its bytes and never by its name, before anything opens it.

Reads headers only: cheap enough for the web process, whatever was sent. Decoding happens in a
process of its own (`workshop`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final
from urllib.parse import quote

import msgspec

from stoa.kernel.refusals import Invalid, TooLarge
from stoa.kernel.saying import N_

MOST_BYTES: Final = 15 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000
MOST_SIDE: Final = 30_000
MOST_PARTS: Final = 20_000
LONGEST_NAME: Final = 120


class Kind(StrEnum):
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    PDF = "pdf"


MEDIA_TYPES: Final = {
    Kind.JPEG: "image/jpeg",
    Kind.PNG: "image/png",
    Kind.WEBP: "image/webp",
    Kind.PDF: "application/pdf",
}
IMAGES: Final = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP})
ANY: Final = frozenset(Kind)

_BREAK: Final = N_("We could not read this file to its end. Save it again and upload the new copy.")
_HEIC: Final = N_(
    "This is an HEIC photo. On the iPhone choose Settings, Camera, Formats, Most Compatible and "
    "take it again, or send a screenshot of it."
)
_ARCHIVE: Final = N_("Archives are not opened. Upload each page as a photo or as a PDF.")
_OFFICE: Final = N_("Office files are not opened. Save the document as PDF and upload that.")
_MARKUP: Final = N_("Web pages and drawings are not opened. Upload a photo or a PDF.")
_PICTURE: Final = N_("This kind of picture is not opened. Save it as JPEG or PNG and upload that.")
_UNKNOWN: Final = N_("We do not know this kind of file. Upload a photo (JPEG, PNG) or a PDF.")
# What people send instead, and the words that help each of them.
_OTHERS: Final = (
    (b"PK\x03\x04", _ARCHIVE),
    (b"PK\x05\x06", _ARCHIVE),
    (b"Rar!\x1a", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"\xfd7zXZ", _ARCHIVE),
    (b"BZh", _ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE),
    (b"{\\rtf", _OFFICE),
    (b"GIF8", _PICTURE),
    (b"BM", _PICTURE),
    (b"II*\x00", _PICTURE),
    (b"MM\x00*", _PICTURE),
)
_OFFICE_PARTS: Final = (b"[Content_Types].xml", b"word/", b"xl/", b"mimetypeapplication/vnd.oasis")
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"})
# A picture that is also a web page, a program page or an archive has been made so on purpose.
_PAGES: Final = (b"<script", b"<html", b"<!doctype", b"<iframe", b"<?php")
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_REACH: Final = 22 + 65_535
_JPEG_MARK: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class Inspected(msgspec.Struct, frozen=True):
    """A file that may be opened; width and height are pixels, and 0 for a PDF."""

    kind: Kind
    size: int
    name: str
    width: int = 0
    height: int = 0

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.kind]


def inspect(
    content: bytes,
    name: str = "",
    *,
    accept: frozenset[Kind] = ANY,
    most_bytes: int = MOST_BYTES,
) -> Inspected:
    """Tell what was uploaded; raises Invalid or TooLarge with a sentence that helps."""
    if not content:
        raise Invalid("The file is empty. Choose it again.", code="file-empty", field="file")
    if len(content) > most_bytes:
        raise TooLarge(
            "The file has {size} MB, at most {most} MB are taken. Send a smaller photo or fewer "
            "pages.",
            code="file-too-large",
            field="file",
            size=-(-len(content) // 1_048_576),
            most=most_bytes // 1_048_576,
        )
    kind = _kind(content, accept)
    if kind not in accept:
        raise _one_of(accept)
    _refuse_two_in_one(content, kind)
    width, height = _SIZES[kind](content)
    if kind is not Kind.PDF:
        _refuse_bombs(width, height)
    return Inspected(kind, len(content), display_name(name), width, height)


def _one_of(accept: frozenset[Kind]) -> Invalid:
    return Invalid(
        "Upload one of these: {kinds}.",
        code="file-kind",
        field="file",
        kinds=", ".join(sorted(each.upper() for each in accept)),
    )


def _kind(content: bytes, accept: frozenset[Kind]) -> Kind:
    if content.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Kind.WEBP
    start = content[:64].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x00")
    if start.startswith(b"%PDF-"):
        return Kind.PDF
    said = _sentence(content, start)
    if Kind.PDF not in accept and said not in (_HEIC, _PICTURE):
        raise _one_of(accept)  # The other sentences lead to a PDF, which is not taken here either.
    raise Invalid(said, code="file-kind", field="file")


def _sentence(content: bytes, start: bytes) -> str:
    if start.startswith(b"<"):
        return _MARKUP
    if content[4:8] == b"ftyp":
        return _HEIC if content[8:12] in _HEIC_BRANDS else _PICTURE
    if content.startswith(b"PK") and any(part in content[:2000] for part in _OFFICE_PARTS):
        return _OFFICE
    return next((words for magic, words in _OTHERS if content.startswith(magic)), _UNKNOWN)


def _refuse_two_in_one(content: bytes, kind: Kind) -> None:
    """Refuse a file that another program would take for something else (GIFAR and kin)."""
    hidden = _is_zip_too(content)
    if kind is not Kind.PDF:
        low = content.lower()
        hidden = hidden or any(page in low for page in _PAGES) or b"%pdf-" in low[:1024]
    if hidden:
        raise Invalid(
            "This file holds something besides the document. Open it, save it as a new photo or "
            "PDF, and upload that.",
            code="file-two-in-one",
            field="file",
        )


def _is_zip_too(content: bytes) -> bool:
    """Whether a ZIP directory ends this file; its comment's length must fit, so chance does not."""
    tail = content[-_ZIP_END_REACH:]
    at = tail.rfind(_ZIP_END)
    while at >= 0:
        comment = int.from_bytes(tail[at + 20 : at + 22], "little")
        if at + 22 <= len(tail) and at + 22 + comment <= len(tail):
            entries = int.from_bytes(tail[at + 10 : at + 12], "little")
            if entries and b"PK\x01\x02" in content:
                return True
        at = tail.rfind(_ZIP_END, 0, at)
    return False


def _refuse_bombs(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise Invalid(_BREAK, code="file-broken", field="file")
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise TooLarge(
            "The picture has {width} x {height} points, at most {most} million are taken. Send a "
            "smaller one.",
            code="file-too-large",
            field="file",
            width=width,
            height=height,
            most=MOST_PIXELS // 1_000_000,
        )


def _broken() -> Invalid:
    return Invalid(_BREAK, code="file-broken", field="file")


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """The largest frame that any header announces."""
    sizes = [
        (int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big"))
        for mark, body in _jpeg_segments(content)
        if mark in _JPEG_FRAMES and len(body) >= 6
    ]
    if not sizes:
        raise _broken()
    return max(sizes, key=lambda size: size[0] * size[1])


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    for _ in range(MOST_PARTS):
        found = _JPEG_MARK.search(content, at)
        if found is None or (mark := content[found.start() + 1]) == 0xD9:
            return
        start = found.end()
        length = int.from_bytes(content[start : start + 2], "big")
        if mark == 0x01:
            at = start
            continue
        if length < 2 or start + length > len(content):
            raise _broken()
        yield mark, content[start + 2 : start + length]
        at = start + length
    raise _broken()


def _png_size(content: bytes) -> tuple[int, int]:
    if content[12:16] != b"IHDR" or len(content) < 33:
        raise _broken()
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _webp_size(content: bytes) -> tuple[int, int]:
    chunk, body = content[12:16], content[20:30]
    if len(body) < 10:
        raise _broken()
    if chunk == b"VP8X":
        return (
            int.from_bytes(body[4:7], "little") + 1,
            int.from_bytes(body[7:10], "little") + 1,
        )
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return (
            int.from_bytes(body[6:8], "little") & 0x3FFF,
            int.from_bytes(body[8:10], "little") & 0x3FFF,
        )
    raise _broken()


def _pdf_size(content: bytes) -> tuple[int, int]:
    if b"%%EOF" not in content[-2048:] and b"startxref" not in content[-2048:]:
        raise _broken()
    return 0, 0


_SIZES: Final[dict[Kind, Callable[[bytes], tuple[int, int]]]] = {
    Kind.JPEG: _jpeg_size,
    Kind.PNG: _png_size,
    Kind.WEBP: _webp_size,
    Kind.PDF: _pdf_size,
}


def display_name(name: str) -> str:
    """An upload's name, fit to be shown: never a path, never a control or direction mark."""
    last = re.split(r"[\\/]", name[-2000:])[-1]
    seen = "".join(
        letter if letter.isprintable() else " "
        for letter in unicodedata.normalize("NFC", last)
        if unicodedata.category(letter) not in {"Cf", "Cs", "Co", "Cn"}
    )
    words = " ".join(seen.split()).strip(". ")
    if len(words) > LONGEST_NAME:
        stem, dot, ending = words.rpartition(".")
        tail = f"{dot}{ending}" if stem and len(ending) <= 8 else ""
        words = words[: LONGEST_NAME - len(tail) - 1].rstrip() + "…" + tail
    return words or "document"


def disposition(name: str, *, inline: bool = False) -> str:
    """The Content-Disposition header for a stored name (RFC 6266, RFC 5987)."""
    shown = display_name(name)
    plain = unicodedata.normalize("NFKD", shown).encode("ascii", "ignore").decode()
    plain = re.sub(r'["\\;%]', "_", plain).strip() or "document"
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"
