"""A list as a page shows it and as its file says it, side by side."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

SHELL = re.compile(r'<div class="table-shell" id="table-([\w-]+)".*?</table>', re.DOTALL)
ROW = re.compile(r"<tr[^>]*data-key=.*?</tr>", re.DOTALL)
HIDDEN = re.compile(r"<(script|style|code|pre|svg|kbd|template)\b.*?</\1>", re.DOTALL)
CELL = re.compile(
    r'<td class="col-([\w-]+)" data-column="([\w-]+)" data-label="([^"]*)"[^>]*>(.*?)</td>',
    re.DOTALL,
)
FILE = re.compile(r'href="([^"]*format=csv[^"]*)"')
MARKS = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069\u200e\u200f\ufeff"))


def text(html: str) -> str:
    """What a reader sees of a piece of a page; a dash is nothing."""
    found = " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split()).translate(MARKS)
    return "" if found == "–" else found


def said(html: str) -> set[str]:
    """Every piece of text that a page says, codes that are marked as such aside."""
    plain = re.sub(r"<[^>]+>", "\n", HIDDEN.sub("", html.partition("<body")[2]))
    lines = (" ".join(unescape(line).split()).translate(MARKS) for line in plain.split("\n"))
    return {line for line in lines if line}


@dataclass
class Cell:
    kind: str
    key: str
    label: str
    shown: str
    html: str = field(repr=False)


def shown(html: str) -> tuple[str, list[list[Cell]]] | None:
    """The name of the page's list and its rows; None where the page has no list with rows."""
    found = SHELL.search(html)
    if found is None:
        return None
    rows = [
        [
            Cell(kind, key, unescape(label), text(inner), inner)
            for kind, key, label, inner in CELL.findall(row)
        ]
        for row in ROW.findall(found[0])
    ]
    return found[1], rows


def file_of(html: str) -> str | None:
    """The address of the list's CSV."""
    found = FILE.search(html)
    return unescape(found[1]) if found else None


def filed(content: str) -> list[dict[str, str]]:
    """The lines of a file by their heads, which must be unlike one another."""
    lines = list(csv.reader(io.StringIO(content.lstrip("\ufeff"))))
    heads = lines[0]
    assert len(set(heads)) == len(heads), heads
    return [dict(zip(heads, line, strict=True)) for line in lines[1:]]


def pairs(html: str, content: str) -> Iterator[tuple[Cell, str]]:
    """Each cell of the page, and what the file says there."""
    found = shown(html)
    assert found is not None
    for cells, line in zip(found[1], filed(content), strict=False):
        heads = iter(line)
        for cell in cells:
            # The one currency of a column stands in its head; what is beside a column comes after it.
            named = re.compile(re.escape(cell.label) + r"( \([A-Z]{3,5}\))?( \d+)?")
            head = next(h for h in heads if named.fullmatch(h))
            yield cell, line[head]
