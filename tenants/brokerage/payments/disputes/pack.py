"""The evidence as one ZIP: a document to read, its tables as CSV, and a list of digests."""

import asyncio
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from stoa.theming import papers

_AGES_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""Of every file: the same evidence gives the same bytes."""


async def zipped(told: Mapping[str, Any]) -> bytes:
    document = await papers.pdf("evidence", told)
    return await asyncio.to_thread(_zip, told, document)


def _zip(told: Mapping[str, Any], document: bytes) -> bytes:
    files = {"evidence.pdf": document, "evidence.json": _json(told)}
    for at, section in enumerate(told["sections"], start=1):
        files[f"{at:02d}-{section['name']}.csv"] = _csv(section)
    sums = "".join(
        f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in sorted(files.items())
    )
    files["SHA256SUMS"] = sums.encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as into:
        for name, body in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _AGES_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            into.writestr(entry, body)
    return made.getvalue()


def _json(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


def _csv(section: Mapping[str, Any]) -> bytes:
    made = io.StringIO()
    into = csv.writer(made)
    into.writerow(section["columns"])
    into.writerows([_plain(cell) for cell in row] for row in section["rows"])
    return ("\ufeff" + made.getvalue()).encode()


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
