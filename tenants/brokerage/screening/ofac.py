"""The list of the US Treasury: sdn.csv, alt.csv and add.csv as OFAC publishes them.

The files have no header, `-0-` for null, one record a line and a lone Ctrl-Z at the end. Each line
is read by itself, so that one broken line costs one record and its number is told.
Source: OFAC, "SDN list data formats, specification", delimited files.
"""

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from brokerage.screening import countries, remarks
from brokerage.screening.entries import Entry, Kind, ListedName, Listing, Problem, Quality
from stoa.kernel.refusals import Invalid, TooLarge

CODE: Final = "ofac-sdn"
AUTHORITY: Final = "US Treasury, OFAC: Specially Designated Nationals"
LARGEST_FILE: Final = 64 * 1024 * 1024
LONGEST_LINE: Final = 20_000
MOST_PROBLEMS: Final = 500
# More broken lines than this and the file is not the list, or only half of it.
MOST_BROKEN: Final = 0.02
NULL: Final = "-0-"
KINDS: Final = {
    "individual": Kind.PERSON,
    "vessel": Kind.VESSEL,
    "aircraft": Kind.AIRCRAFT,
    "": Kind.ENTITY,
}
QUALITIES: Final = {"aka": Quality.STRONG, "fka": Quality.FORMER, "nka": Quality.STRONG}
COLUMNS: Final = {"sdn.csv": 12, "alt.csv": 5, "add.csv": 6}
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff]")


class Record(msgspec.Struct, frozen=True):
    line: int
    fields: tuple[str, ...]


class _File:
    """One file's lines, and what was wrong with some of them."""

    def __init__(self, name: str, content: bytes) -> None:
        if len(content) > LARGEST_FILE:
            raise TooLarge("{file} is larger than a sanctions list can be.", file=name)
        self.name = name
        self.content = content
        self.problems: list[Problem] = []
        self.read = 0
        self.broken = 0

    def tell(self, line: int, what: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.name, line, what))

    def drop(self, line: int, what: str) -> None:
        self.broken += 1
        self.tell(line, what)

    def records(self) -> Iterator[Record]:
        for number, raw in enumerate(_lines(self.content), 1):
            text = self._text(number, raw)
            if not text.strip():
                continue
            self.read += 1
            if record := self._record(number, text):
                yield record

    def _text(self, number: int, raw: bytes) -> str:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("cp1252", "replace")
            self.tell(number, "not UTF-8: read as Windows-1252")
        return _UNSEEN.sub("", text)

    def _record(self, number: int, text: str) -> Record | None:
        if len(text) > LONGEST_LINE:
            self.drop(number, "longer than a record can be: left out")
            return None
        try:
            fields = next(csv.reader([text], strict=True))
        except (csv.Error, StopIteration):
            self.drop(number, "a quotation mark is not closed: left out")
            return None
        if len(fields) != COLUMNS[self.name]:
            self.drop(number, f"{len(fields)} fields where {COLUMNS[self.name]} belong: left out")
            return None
        clean = tuple("" if f.strip() == NULL else " ".join(f.split()) for f in fields)
        if not clean[0].isascii() or not clean[0].isdigit():
            self.drop(number, "does not start with an entry number: left out")
            return None
        return Record(number, clean)


def parse(*, sdn: bytes, alt: bytes = b"", add: bytes = b"", published: date) -> Listing:
    """Read the three files into one version of the list, with its problems line by line.

    Raises Invalid when the main file holds no entries, or when so many lines are broken that it
    cannot be the list: half a list would clear people whom the whole list names.
    """
    files = [_File("sdn.csv", sdn), _File("alt.csv", alt), _File("add.csv", add)]
    main = {}
    for record in files[0].records():
        if record.fields[0] in main:
            files[0].drop(record.line, f"entry {record.fields[0]} is there twice: left out")
        elif not record.fields[1]:
            files[0].drop(record.line, "no name: left out")
        else:
            main[record.fields[0]] = record
    _must_be_whole(files)

    aliases = _by_entry(files[1], set(main))
    addresses = _by_entry(files[2], set(main))
    _must_be_whole(files)
    entries = tuple(
        _entry(record.fields, aliases[ref], addresses[ref]) for ref, record in main.items()
    )
    return Listing(
        code=CODE,
        authority=AUTHORITY,
        sha256=_hash(files),
        published=published,
        entries=entries,
        problems=tuple(problem for file in files for problem in file.problems),
    )


def _must_be_whole(files: list[_File]) -> None:
    if not files[0].read:
        raise Invalid("{file} holds no entries.", field="file", file=files[0].name)
    for file in files:
        if file.broken > max(3, file.read * MOST_BROKEN):
            raise Invalid(
                "{broken} of {read} lines of {file} are broken, the first is line {line}: {what}. "
                "Fetch the file again; the list in use stays as it is.",
                field="file",
                broken=file.broken,
                read=file.read,
                file=file.name,
                line=file.problems[0].line,
                what=file.problems[0].what,
            )


def _by_entry(file: _File, known: set[str]) -> defaultdict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for record in file.records():
        if record.fields[0] in known:
            found[record.fields[0]].append(record)
        else:
            file.drop(record.line, f"belongs to entry {record.fields[0]}, which is not on the list")
    return found


def _entry(fields: tuple[str, ...], aliases: list[Record], addresses: list[Record]) -> Entry:
    said = remarks.read(fields[11])
    names = [ListedName(fields[1])]
    names += [
        ListedName(alias.fields[3], QUALITIES.get(alias.fields[2].lower(), Quality.STRONG))
        for alias in aliases
        if alias.fields[3]
    ]
    names += [ListedName(name, Quality.WEAK) for name in said.weak_names]
    once: dict[str, ListedName] = {}
    for name in names:
        once.setdefault(name.text, name)
    lived_in = [countries.code(address.fields[4]) for address in addresses]
    flag = countries.code(fields[9])
    return Entry(
        listing=CODE,
        ref=fields[0],
        kind=KINDS.get(fields[2].lower(), Kind.ENTITY),
        names=tuple(once.values()),
        births=said.births,
        nationalities=said.nationalities,
        countries=tuple(dict.fromkeys(c for c in [*said.birth_countries, *lived_in, flag] if c)),
        programmes=tuple(part.strip() for part in fields[3].split("] [") if part.strip()),
        documents=said.documents,
        title=fields[4],
        birth_places=said.birth_places,
        gender=said.gender,
        links=said.links,
        remarks=fields[11],
    )


def _hash(files: list[_File]) -> str:
    """One hash over the three files, each with its length, so that none can run into the next."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.name}:{len(file.content)}\n".encode())
        whole.update(file.content)
    return whole.hexdigest()


def _lines(content: bytes) -> Iterator[bytes]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = content.decode("utf-16", "replace").encode()
    yield from content.splitlines()
