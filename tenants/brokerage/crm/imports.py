"""Files of leads: looked at first, taken over after, the same file never twice."""

import asyncio
import csv
import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from brokerage.clients.settings import ClientSettings
from brokerage.crm import leads
from brokerage.crm.events import ImportAsked
from brokerage.crm.leads import Wish
from brokerage.crm.model import EMAIL, ImportState, Lead, LeadImport, LeadNote
from brokerage.crm.permissions import Crm
from stoa.files import tabular
from stoa.identity.model import Person
from stoa.kernel.refusals import Conflict, Invalid, Refusal
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

MOST_ROWS: Final = 50_000
MOST_BYTES: Final = 12 * 1_048_576
BATCH: Final = 1000
_LONGEST_CELL: Final = 400
_MOST_COLUMNS: Final = 60
_CONTENT: Final = "lead_import.content"
_NAMES: Final = {
    "name": ("name", "full name", "fullname", "nombre", "contact"),
    "first": ("first name", "firstname", "first", "given name"),
    "last": ("last name", "lastname", "last", "surname", "family name"),
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "correo"),
    "phone": ("phone", "telephone", "mobile", "phone number", "tel", "telefono", "teléfono"),
    "country": ("country", "country code", "pais", "país"),
    "language": ("language", "lang", "idioma"),
    "source": ("source", "lead source"),
    "campaign": ("campaign", "utm_campaign"),
}


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A line that could be read."""

    line: int
    wish: Wish


class Looked(msgspec.Struct):
    """A file after it was read: good rows, and [line, outcome, reason] for each."""

    rows: list[Row]
    results: list[list[Any]]


def look(content: bytes, *, source: str, campaign: str, limits: ClientSettings) -> Looked:
    """Read a whole file. Raises Invalid when it is none, or too much of one."""
    text = tabular.decode(content)
    first = text.lstrip("\r\n").split("\n", 1)[0][:4000]
    separator = max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=separator)
    try:
        places = _places(next(reader, []))
        return _read(reader, places, source, campaign, limits)
    except csv.Error as why:
        raise Invalid(
            "Line {line} cannot be read. Is a quote missing?", field="file", line=reader.line_num
        ) from why


def _places(header: Sequence[str]) -> dict[str, int]:
    if len(header) > _MOST_COLUMNS:
        raise Invalid("This file has too many columns.", field="file")
    named = [cell.strip().strip('"').casefold().replace("_", " ") for cell in header]
    found: dict[str, int] = {}
    for field, words in _NAMES.items():
        for word in words:
            if word.replace("_", " ") in named:
                found[field] = named.index(word.replace("_", " "))
                break
    if "email" not in found or not {"name", "first", "last"} & set(found):
        raise Invalid(
            "The first line must name the columns: at least name and email.", field="file"
        )
    return found


def _read(
    reader: Any, places: dict[str, int], source: str, campaign: str, limits: ClientSettings
) -> Looked:
    looked, seen = Looked([], []), set[str]()
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(looked.results) >= MOST_ROWS:
            raise Invalid(
                "This file has more than 50,000 rows. Split it. Nothing was taken over.",
                field="file",
            )
        line = reader.line_num
        try:
            wish = leads.checked(_wish(cells, places, source, campaign), limits)
        except Refusal as why:
            looked.results.append([line, "refused", f"{why.field or ''}: {why.sentence}"])
            continue
        key = wish.email.casefold()
        if key in seen:
            looked.results.append([line, "twice", ""])
            continue
        seen.add(key)
        looked.rows.append(Row(line, wish))
        looked.results.append([line, "new", ""])
    if not looked.results:
        raise Invalid("This file has no rows.", field="file")
    return looked


def _wish(cells: Sequence[str], places: dict[str, int], source: str, campaign: str) -> Wish:
    def cell(field: str) -> str:
        at = places.get(field)
        text = cells[at].strip() if at is not None and at < len(cells) else ""
        if len(text) > _LONGEST_CELL:
            raise Invalid("This is too long.", field=field)
        return text

    name = cell("name") or f"{cell('first')} {cell('last')}".strip()
    return Wish(
        name=name,
        email=cell("email"),
        phone=cell("phone"),
        country=cell("country").upper(),
        language=cell("language").lower()[:2] or "en",
        source=cell("source") or source,
        campaign=cell("campaign") or campaign,
    )


async def upload(
    work: Work, content: bytes, *, name: str, source: str, campaign: str = ""
) -> LeadImport:
    """Take a file in to be looked at. The same bytes again answer what was found before."""
    work.require(Crm.LEADS_IMPORT)
    if len(content) > MOST_BYTES:
        raise Invalid("This file is larger than 12 MB. Split it.", field="file")
    if not content.strip():
        raise Invalid("This file is empty.", field="file")
    digest = hashlib.sha256(content).digest()
    known = await work.first(select(LeadImport).where(LeadImport.file_hash == digest))
    if known is not None:
        return known
    tabular.decode(content)
    row_id = work.new_id()
    row = LeadImport(
        id=row_id,
        file_hash=digest,
        name=name[:120],
        state=ImportState.CHECKING,
        source=source[:60],
        campaign=campaign[:120] or None,
        content_sealed=work.keys.seal(_CONTENT, row_id, zlib.compress(content, 3)),
        results=[],
        counts={},
        rows=0,
        taken=0,
        made_at=work.now,
        made_by=work.actor.id,
    )
    work.add(row)
    await work.flush()
    work.record("leads.file", batch=str(row_id), bytes=len(content))
    work.tell(ImportAsked(batch=row_id))
    return row


async def _looked(work: Work, row: LeadImport) -> Looked:
    """The file read afresh, off the event loop: it takes seconds."""
    if row.content_sealed is None:
        raise Conflict("This file was taken over already.")
    packed = work.keys.unseal(_CONTENT, row.id, row.content_sealed)
    return await asyncio.to_thread(
        look,
        zlib.decompress(packed),
        source=row.source,
        campaign=row.campaign or "",
        limits=work.settings(ClientSettings),
    )


async def check(open_work: OpenWork, batch: UUID) -> None:
    """The dry run: what each row would become."""
    async with open_work() as work:
        row = await work.lock(LeadImport, batch)
        if row.state != ImportState.CHECKING:
            return
        try:
            looked = await _looked(work, row)
        except Invalid as why:
            row.move(ImportState.REFUSED)
            row.why, row.content_sealed = str(why)[:300], None
            work.announce(f"desk|import-{batch}")
            return
        known = await _known(work, [one.wish.email for one in looked.rows])
        fate = {
            one.line: known.get(work.blind(EMAIL, one.wish.email), "new") for one in looked.rows
        }
        row.results = [
            [line, fate.get(line, outcome) if outcome == "new" else outcome, why]
            for line, outcome, why in looked.results
        ]
        row.counts = dict(Counter(outcome for _, outcome, _ in row.results))
        row.rows = len(row.results)
        row.move(ImportState.CHECKED)
        work.announce(f"desk|import-{batch}")


async def _known(work: Work, emails: Sequence[str]) -> dict[bytes, str]:
    """Which addresses are leads or clients already, in one query per thousand."""
    found: dict[bytes, str] = {}
    blinds = [work.blind(EMAIL, email) for email in emails]
    for at in range(0, len(blinds), BATCH):
        part = blinds[at : at + BATCH]
        for blind in await work.rows(select(Lead.email_blind).where(Lead.email_blind.in_(part))):
            found[blind] = "lead"
        people = select(Person.email_blind).where(
            Person.kind == "client", Person.email_blind.in_(part)
        )
        for blind in await work.rows(people):
            found[blind] = "client"
    return found


async def apply(work: Work, batch: UUID) -> LeadImport:
    """Take the good rows over; they arrive in the background."""
    work.require(Crm.LEADS_IMPORT)
    row = await work.lock(LeadImport, batch)
    if row.state in {ImportState.APPLYING, ImportState.APPLIED}:
        return row
    row.move(ImportState.APPLYING)
    work.record("leads.file.apply", batch=str(batch), rows=row.rows)
    work.tell(ImportAsked(batch=batch, apply=True))
    work.announce(f"desk|import-{batch}")
    return row


async def take_over(open_work: OpenWork, batch: UUID) -> None:
    """Row after row in sets of a thousand, each its own transaction; goes on where it stopped."""
    async with open_work() as work:
        row = await work.get(LeadImport, batch)
        if row.state != ImportState.APPLYING:
            return
        looked = await _looked(work, row)
    for _ in range(MOST_ROWS // BATCH + 1):
        async with open_work() as work:
            row = await work.lock(LeadImport, batch)
            if row.state != ImportState.APPLYING:
                return
            part = looked.rows[row.taken : row.taken + BATCH]
            await _insert(work, row, part)
            row.taken += len(part)
            if row.taken >= len(looked.rows):
                row.move(ImportState.APPLIED)
                row.done_at, row.content_sealed = work.now, None
            work.announce(f"desk|import-{batch}", "desk|leads")


async def _insert(work: Work, batch: LeadImport, part: Sequence[Row]) -> None:
    """One INSERT for the leads and one for their first line; what is known by now is passed by."""
    if not part:
        return
    known = await _known(work, [one.wish.email for one in part])
    fate = {one.line: known.get(work.blind(EMAIL, one.wish.email), "new") for one in part}
    fresh = [one for one in part if fate[one.line] == "new"]
    owners = await leads.turns(work, len(fresh))
    made = [
        leads.values(work, one.wish, owner=owners[n] if owners else None) | {"batch": batch.id}
        for n, one in enumerate(fresh)
    ]
    kept: set[UUID] = set()
    if made:
        inserted = await work.run(insert(Lead).on_conflict_do_nothing().returning(Lead.id), made)
        kept = set(inserted.scalars())
    for one, row in zip(fresh, made, strict=True):
        if row["id"] not in kept:
            fate[one.line] = "lead"
    if kept:
        await work.run(insert(LeadNote), [_arrived(work, row) for row in made if row["id"] in kept])
    batch.results = [
        [line, fate.get(line, outcome) if outcome != "twice" else outcome, why]
        for line, outcome, why in batch.results
    ]
    batch.counts = dict(Counter(outcome for _, outcome, _ in batch.results))
    work.record("leads.imported", batch=str(batch.id), count=len(kept))


def _arrived(work: Work, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": work.new_id(),
        "lead": row["id"],
        "kind": "arrived",
        "about": {"source": row["source"]},
        "author_name": work.actor.name[:120],
        "at": work.now,
    }
