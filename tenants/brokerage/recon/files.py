"""Files of banks and providers: brought once, read by a job, taken whole or not at all."""

import asyncio
import hashlib
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.payments.settings import PaymentsSettings
from brokerage.recon import banks, outside_lines
from brokerage.recon.events import FileBrought
from brokerage.recon.model import FileState, OutsideFile, OutsideStatement
from brokerage.recon.permissions import Recon
from brokerage.recon.reading import camt, mt940, settlement
from brokerage.recon.settings import ReconSettings, Settlement
from brokerage.recon.values import Fault, Read, Statement, Unreadable
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

MOST_BYTES: Final = 15 * 1_048_576
MOST_UNPACKED: Final = 96 * 1_048_576
_PACKED: Final = b"\x1f\x8b"
_REPORTED: Final = 500
_CONTENT: Final = "outside_file.content"


class _Contrary(Exception):
    """Leaves the transaction, so that nothing of a file is kept that contradicts an earlier one."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("a line was told before with another amount")
        self.faults = faults


async def bring(
    work: Work,
    content: bytes,
    *,
    name: str,
    psp: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> OutsideFile:
    """Take a file in to be read. The same bytes again are the file they were before.

    `since` and `until` are the time a provider's file speaks of; else its first and last line.

    A file that was refused is looked at again: accounts and mappings may be right by now.
    """
    work.require(Recon.BRING)
    content = unpacked(content)
    if since is not None and until is not None and until <= since:
        raise Invalid("The end comes before the beginning.", field="until")
    digest = hashlib.sha256((psp or "").encode() + b"|" + content).digest()
    known = await work.first(select(OutsideFile).where(OutsideFile.hash == digest))
    if known is not None:
        if known.state == FileState.REFUSED:
            await again(work, known.id)
        return known
    kind = kind_of(content, psp)
    if kind == "settlement" and work.settings(ReconSettings).settlement(psp or "") is None:
        raise Invalid(
            "There is no mapping for this provider's file yet. Add one in Settings, Proof.",
            field="psp",
        )
    row_id = work.new_id()
    row = OutsideFile(
        id=row_id,
        hash=digest,
        name=name[:120] or kind,
        kind=kind,
        psp=psp if kind == "settlement" else None,
        state=FileState.READING,
        size=len(content),
        content_sealed=work.keys.seal(_CONTENT, row_id, zlib.compress(content, 3)),
        lines=0,
        done=0,
        fresh=0,
        known=0,
        matched=0,
        covers_since=since,
        covers_until=until,
        report=[],
        brought_at=work.now,
        brought_by=work.actor.id,
    )
    work.add(row)
    await work.flush()
    work.record("recon.file", file=str(row_id), kind=kind, bytes=len(content))
    work.tell(FileBrought(file=row_id))
    work.announce("desk|recon")
    return row


async def again(work: Work, file: UUID) -> OutsideFile:
    """Look at a refused file once more. Raises Conflict for one that was taken in."""
    work.require(Recon.BRING)
    row = await work.lock(OutsideFile, file)
    row.move(FileState.READING)
    row.why, row.report, row.done_at = None, [], None
    work.tell(FileBrought(file=row.id))
    work.announce(f"desk|recon-file-{file}", "desk|recon")
    return row


def unpacked(content: bytes) -> bytes:
    """The plain bytes, also of a gzip file. Raises Invalid for too much or nothing."""
    if content[:2] == _PACKED:
        content = _unzipped(content)
    elif len(content) > MOST_BYTES:
        raise Invalid(
            "This file is larger than 15 MB. Compress it with gzip or split it.", field="file"
        )
    if len(content) > MOST_UNPACKED:
        raise Invalid("This file is larger than 96 MB unpacked. Split it.", field="file")
    if not content.strip():
        raise Invalid("This file is empty.", field="file")
    return content


def _unzipped(content: bytes) -> bytes:
    """All members of a gzip file, one after another; raises Invalid for half of one."""
    found = b""
    while content[:2] == _PACKED and len(found) <= MOST_UNPACKED:
        reader = zlib.decompressobj(wbits=31)
        try:
            found += reader.decompress(content, MOST_UNPACKED + 1 - len(found))
        except zlib.error as why:
            raise Invalid("This compressed file is damaged.", field="file") from why
        if len(found) <= MOST_UNPACKED and not reader.eof:
            raise Invalid("This compressed file is cut off.", field="file")
        content = reader.unused_data
    if len(found) <= MOST_UNPACKED and content.strip(b"\x00"):
        raise Invalid("This compressed file is damaged.", field="file")
    return found


def kind_of(content: bytes, psp: str | None) -> str:
    """What a file seems to be by its first bytes. Raises Invalid for what is nothing of ours."""
    head = content[:400].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
    if content[:2] == b"PK" or content[:4] == b"%PDF":
        raise Invalid(
            "This is no statement: bring camt.053, camt.054, MT940 or a provider's CSV.",
            field="file",
        )
    if head[:1] == b"<" or head[:2] == b"\x00<":
        return "camt"
    if mt940.looks_like(_glimpse(content[:200_000])):
        return "mt940"
    if psp:
        return "settlement"
    raise Invalid(
        "This is no statement: bring camt.053, camt.054, MT940, or choose whose CSV it is.",
        field="file",
    )


def _glimpse(head: bytes) -> str:
    """Enough of a text to know it by, whatever its letters: marks of encodings are no letters."""
    wide = head[:2] in {b"\xff\xfe", b"\xfe\xff"}
    return head.decode("utf-16" if wide else "utf-8-sig", errors="replace")


def parse(content: bytes, kind: str, mapping: Settlement | None, zone: str) -> Read:
    """The whole file as values; off the event loop, for it takes seconds. Raises Unreadable."""
    if kind.startswith(("camt", "pain")):
        return camt.read(content, zone)
    if kind == "mt940":
        return mt940.read(decoded(content), zone)
    if mapping is None:
        raise Unreadable(N_("There is no mapping for this provider's file."))
    return settlement.read(decoded(content), mapping)


def decoded(content: bytes) -> str:
    """Text in UTF-8 or UTF-16 by their marks, else UTF-8, else Windows' letters."""
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    named = next((name for mark, name in marks if content.startswith(mark)), "utf-8")
    for encoding in (named, "cp1252"):
        try:
            found = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in found:
            return found
        break
    raise Unreadable(N_("The letters of this file cannot be read. Save it as UTF-8."))


def zone_of(work: Work) -> str:
    return work.settings(ReconSettings).time_zone or work.settings(TenantFacts).time_zone


async def read(open_work: OpenWork, file: UUID) -> bool:
    """Read a brought file and keep its lines; whether matches are to be sought. Safe to repeat."""
    async with open_work() as work:
        row = await work.get(OutsideFile, file)
        if row.state != FileState.READING:
            return row.state == FileState.MATCHING
        content = original(work, row)
        mapping = work.settings(ReconSettings).settlement(row.psp or "")
        kind, zone = row.kind, zone_of(work)
    try:
        made = await asyncio.to_thread(parse, content, kind, mapping, zone)
    except Unreadable as why:
        await _refuse(open_work, file, [Fault(why.line, why.sentence, dict(why.places))])
        return False
    async with open_work() as work:
        row = await work.lock(OutsideFile, file)
        row.kind, row.lines = made.kind, made.lines
        work.announce(f"desk|recon-file-{file}")
    if made.sound:
        try:
            made.faults += await _keep(open_work, file, made)
        except _Contrary as why:
            made.faults += why.faults
    if not made.sound:
        await _refuse(open_work, file, made.faults)
        return False
    return True


def original(work: Work, row: OutsideFile) -> bytes:
    if row.content_sealed is None:
        raise Conflict("The content of this file is not kept any more.")
    return zlib.decompress(work.keys.unseal(_CONTENT, row.id, row.content_sealed))


async def _refuse(open_work: OpenWork, file: UUID, faults: Sequence[Fault]) -> None:
    async with open_work() as work:
        row = await work.lock(OutsideFile, file)
        if row.state != FileState.READING:
            return
        row.move(FileState.REFUSED)
        report(row, faults)
        stop = next((one for one in faults if one.stops), faults[0])
        row.why = stop.sentence[:400]
        row.done_at = work.now
        work.announce(f"desk|recon-file-{file}", "desk|recon")


def report(row: OutsideFile, faults: Sequence[Fault]) -> None:
    """What was wrong with a file, what stopped it first; the first five hundred."""
    ranked = sorted(faults, key=lambda one: (not one.stops, one.line))
    row.report = [
        [
            one.line,
            one.sentence,
            {name: str(value) for name, value in one.places.items()},
            one.stops,
        ]
        for one in ranked[:_REPORTED]
    ]


async def _keep(open_work: OpenWork, file: UUID, made: Read) -> list[Fault]:
    """Write all lines in one transaction; what speaks against it writes none."""
    async with open_work() as work:
        row = await work.lock(OutsideFile, file)
        if row.state != FileState.READING:
            return []
        faults, named = await _sources(work, row, made)
        if faults:
            return faults
        fresh = 0
        for statement, source in named:
            new, contrary = await outside_lines.new(work, source, statement.lines)
            if contrary:
                raise _Contrary(contrary)
            await outside_lines.write(work, row, source, new)
            fresh += len(new)
            work.add(_statement(work, row, source, statement, made.kind))
        row.fresh, row.known = fresh, made.lines - fresh
        report(row, made.faults)
        row.move(FileState.MATCHING)
        work.record("recon.lines", file=str(file), fresh=fresh, known=row.known)
        work.announce(f"desk|recon-file-{file}", "desk|recon")
    return []


async def _sources(
    work: Work, row: OutsideFile, made: Read
) -> tuple[list[Fault], list[tuple[Statement, str]]]:
    """Whose account in the books each statement is about; unknown accounts are faults."""
    if row.psp is not None:
        if work.settings(PaymentsSettings).psp(row.psp) is None:
            return [Fault(0, N_("The provider {psp} is not among yours."), {"psp": row.psp})], []
        return [], [(one, f"psp:{row.psp}") for one in made.statements]
    known = await banks.of_numbers(work, [one.account for one in made.statements])
    faults: list[Fault] = []
    named: list[tuple[Statement, str]] = []
    for one in made.statements:
        account = known.get((one.account, one.currency))
        if account is None:
            text = N_(
                "The account {account} in {currency} is not in your register of bank accounts."
            )
            places = {"account": one.account, "currency": one.currency}
            line = one.lines[0].line if one.lines else 1
            faults.append(Fault(line, text, places))
        else:
            named.append((one, account.source))
    return faults, named


def _statement(
    work: Work, row: OutsideFile, source: str, one: Statement, kind: str
) -> OutsideStatement:
    return OutsideStatement(
        id=work.new_id(),
        file=row.id,
        source=source,
        currency=one.currency,
        number=one.number,
        kind=kind,
        since=min(one.since, row.covers_since or one.since),
        until=max(one.until, row.covers_until or one.until),
        opening=one.opening,
        closing=one.closing,
        lines=len(one.lines),
    )


async def concluded(open_work: OpenWork, file: UUID, matched: int) -> None:
    """The last step: matches were sought."""
    async with open_work() as work:
        row = await work.lock(OutsideFile, file)
        row.matched = matched
        if row.state == FileState.MATCHING:
            row.move(FileState.DONE)
            row.done_at = work.now
        work.announce(f"desk|recon-file-{file}", "desk|recon")
