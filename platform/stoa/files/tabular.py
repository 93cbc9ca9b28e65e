"""Sheets people send, as rows of text: CSV as spreadsheets write it, and the first sheet of an XLSX.

Nothing is evaluated: of a workbook only shared texts and cell values are read, no formula, no link, no
declaration; what it unpacks to has a limit.
"""

import csv
import io
import re
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final
from xml.parsers import expat

from stoa.kernel.refusals import Invalid

MOST_BYTES: Final = 4 * 1_048_576
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 60
_UNPACKED: Final = 64 * 1_048_576
_LONGEST: Final = 2_000
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_COLUMN: Final = re.compile(r"[A-Z]{1,3}")


def rows(content: bytes) -> tuple[list[list[str]], str]:
    """All rows that say something, and what parts their cells ("" for a workbook).

    Raises Invalid for what is neither, and for too much of it.
    """
    if len(content) > MOST_BYTES:
        raise Invalid("This file is larger than {n} MB.", field="file", n=MOST_BYTES >> 20)
    if not content.strip():
        raise Invalid("This file is empty.", field="file")
    if content[:2] == b"PK":
        return _workbook(content), ""
    return _text(content)


def decode(content: bytes) -> str:
    """Text of a CSV file as spreadsheets write it. Raises Invalid for what is none."""
    if content[:2] in {b"PK", b"\x1f\x8b"} or content[:4] == b"%PDF":
        raise Invalid("This is not a CSV file. Save the sheet as CSV and try again.", field="file")
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _decoded(content, name)
    try:
        return _decoded(content, "utf-8")
    except Invalid:
        return _decoded(content, "cp1252")


def _decoded(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as why:
        raise Invalid(
            "The letters of this file cannot be read. Save it as UTF-8.", field="file"
        ) from why
    if "\x00" in text:
        raise Invalid("This is not a CSV file. Save the sheet as CSV and try again.", field="file")
    return text


def _text(content: bytes) -> tuple[list[list[str]], str]:
    text = decode(content).lstrip("\r\n")
    first = text.split("\n", 1)[0][:4000]
    separator = max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[list[str]] = []
    try:
        for cells in reader:
            _add(found, [cell.strip() for cell in cells])
    except csv.Error as why:
        raise Invalid(
            "Line {line} cannot be read. Is a quote missing?", field="file", line=reader.line_num
        ) from why
    return found, separator


def _add(found: list[list[str]], cells: list[str]) -> None:
    if not any(cells):
        return
    if len(found) >= MOST_ROWS:
        raise Invalid("This file has more than {n} rows.", field="file", n=MOST_ROWS)
    if len(cells) > MOST_COLUMNS:
        raise Invalid("This file has too many columns.", field="file")
    found.append([cell[:_LONGEST] for cell in cells])


def _workbook(content: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = set(book.namelist())
            sheets = sorted(
                (name for name in names if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)),
                key=lambda name: int(re.sub(r"\D", "", name)),
            )
            if not sheets:
                raise _bent()
            shared = _Texts()
            if "xl/sharedStrings.xml" in names:
                shared.read(_unpacked(book, "xl/sharedStrings.xml"))
            cells = _Cells(shared.found)
            cells.read(_unpacked(book, sheets[0]))
            return cells.rows
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as why:
        raise _bent() from why


def _unpacked(book: zipfile.ZipFile, name: str) -> bytes:
    with book.open(name) as opened:
        told = opened.read(_UNPACKED + 1)
    if len(told) > _UNPACKED:
        raise Invalid("This file unpacks to more than we read.", field="file")
    return told


def _bent() -> Invalid:
    return Invalid(
        "This workbook cannot be read. Save the sheet as CSV and try again.", field="file"
    )


class _Sax(ABC):
    """Elements as they come, without namespaces; every declaration is refused."""

    def read(self, content: bytes) -> None:
        parser: Any = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = lambda name, given: self.start(name.rpartition(" ")[2], given)
        parser.EndElementHandler = lambda name: self.end(name.rpartition(" ")[2])
        parser.CharacterDataHandler = self.text
        refuse: Callable[..., None] = self._refuse
        for name in ("StartDoctypeDeclHandler", "EntityDeclHandler", "ExternalEntityRefHandler"):
            setattr(parser, name, refuse)
        try:
            parser.Parse(content, True)
        except (expat.ExpatError, LookupError, UnicodeError, ValueError) as why:
            raise _bent() from why

    def _refuse(self, *_: object) -> None:
        raise _bent()

    @abstractmethod
    def start(self, tag: str, given: dict[str, str]) -> None: ...

    @abstractmethod
    def end(self, tag: str) -> None: ...

    @abstractmethod
    def text(self, more: str) -> None: ...


class _Texts(_Sax):
    """The shared texts of a workbook, in order."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._open = self._phonetic = False

    def start(self, tag: str, given: dict[str, str]) -> None:  # noqa: ARG002 - as the shape asks
        if tag == "si":
            self.found.append("")
        self._phonetic = tag == "rPh" or (self._phonetic and tag != "si")
        self._open = tag == "t" and not self._phonetic

    def end(self, tag: str) -> None:
        if tag == "rPh":
            self._phonetic = False
        self._open = False

    def text(self, more: str) -> None:
        if self._open and self.found and len(self.found[-1]) < _LONGEST:
            self.found[-1] += more


class _Cells(_Sax):
    """The values of a sheet's cells, each at its column."""

    def __init__(self, shared: list[str]) -> None:
        self.rows: list[list[str]] = []
        self._shared = shared
        self._row: list[str] = []
        self._at, self._kind, self._told = 0, "", ""
        self._open = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "row":
            self._row = []
        elif tag == "c":
            letters = _COLUMN.match(given.get("r", ""))
            self._at = _number(letters[0]) if letters else len(self._row)
            if self._at >= MOST_COLUMNS:
                raise Invalid("This file has too many columns.", field="file")
            self._kind, self._told = given.get("t", "n"), ""
        self._open = tag == "v" or (tag == "t" and self._kind == "inlineStr")

    def text(self, more: str) -> None:
        if self._open and len(self._told) < _LONGEST:
            self._told += more

    def end(self, tag: str) -> None:
        self._open = False
        if tag == "c":
            self._row += [""] * (self._at + 1 - len(self._row))
            self._row[self._at] = self._value().strip()
        elif tag == "row":
            _add(self.rows, self._row)

    def _value(self) -> str:
        if self._kind != "s":
            return self._told
        try:
            return self._shared[int(self._told)]
        except (ValueError, IndexError) as why:
            raise _bent() from why


def _number(letters: str) -> int:
    """0 for A, 26 for AA."""
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - 64
    return found - 1
