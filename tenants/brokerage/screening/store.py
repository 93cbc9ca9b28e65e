"""Lists of the installation: one copy in the platform's schema, an index of each in memory.

Versions are numbered as they come and share what they say alike, so that any of them can be read
back for a replay. The index of a version is built once in each process that screens.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Text, cast, func, insert, select, update

from brokerage.screening.entries import Entry, Listing, changes, must_not_shrink
from brokerage.screening.index import Index
from brokerage.screening.model import ScreeningEntry, ScreeningList
from brokerage.screening.screen import Version
from stoa.kernel import process
from stoa.kernel.config import Role
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.door import Door
from stoa.tenancy.work import PlatformWork
from stoa.vault.keys import MasterKey

KEPT: Final = 4
"""Indexes in memory: the lists in force."""
_BATCH: Final = 1_000
_ENTRY: Final = msgspec.json.Decoder(Entry)

_DOOR: Final[list[Door]] = []
_SHELF: Final[dict[tuple[str, int], Index]] = {}
_BUILDING: Final[dict[tuple[str, int], asyncio.Task[Index]]] = {}


def use(door: Door) -> None:
    """Whose platform schema holds the lists; a process that names none opens its own."""
    _DOOR[:] = [door]
    _SHELF.clear()


def _door() -> Door:
    if not _DOOR:
        config = process.config()
        _DOOR.append(
            Door(
                app_dsn=config.dsn(Role.APP),
                control_dsn=config.dsn(Role.CONTROL),
                master=MasterKey.load(config.kek_file),
                pool=1,
                application="screening",
            )
        )
    return _DOOR[0]


async def newest(work: PlatformWork, code: str) -> ScreeningList | None:
    return await work.first(
        select(ScreeningList)
        .where(ScreeningList.code == code)
        .order_by(ScreeningList.number.desc())
    )


async def in_force(work: PlatformWork) -> Sequence[ScreeningList]:
    """The newest version of every list."""
    last = (
        select(ScreeningList.code, func.max(ScreeningList.number).label("number"))
        .group_by(ScreeningList.code)
        .subquery()
    )
    return await work.rows(
        select(ScreeningList)
        .join(
            last,
            (ScreeningList.code == last.c.code) & (ScreeningList.number == last.c.number),
        )
        .order_by(ScreeningList.code)
    )


async def entries(work: PlatformWork, code: str, number: int) -> tuple[Entry, ...]:
    """All that a version says, in the order of its references; read in steps, to stay small."""
    found: list[Entry] = []
    after = ""
    while True:  # ends with the list: each turn takes the next references
        bodies = await work.rows(
            select(cast(ScreeningEntry.body, Text))
            .where(
                ScreeningEntry.code == code,
                ScreeningEntry.since <= number,
                (ScreeningEntry.until.is_(None)) | (ScreeningEntry.until > number),
                ScreeningEntry.ref > after,
            )
            .order_by(ScreeningEntry.ref)
            .limit(_BATCH)
        )
        found += await asyncio.to_thread(_opened, bodies)
        if len(bodies) < _BATCH:
            return tuple(found)
        after = found[-1].ref


def _opened(bodies: Sequence[str]) -> tuple[Entry, ...]:
    return tuple(_ENTRY.decode(body) for body in bodies)


async def take(work: PlatformWork, listing: Listing) -> ScreeningList | None:
    """Keep a list as its newest version; None when it is the one in force already.

    Raises Invalid when it is older, or lost more than any authority takes off at once.
    """
    before = await newest(work, listing.code)
    if before is not None and before.version == listing.version:
        return None
    if before is not None and listing.published < before.published:
        raise Invalid(
            "This version is of {published}, the one in use of {before}. The list in use stays as "
            "it is.",
            field="file",
            published=listing.published,
            before=before.published,
        )
    old = await _listing(work, before) if before is not None else None
    must_not_shrink(old, listing)
    number = before.number + 1 if before is not None else 1
    told = changes(old, listing)
    gone = [entry.ref for entry in (*told.altered, *told.removed)]
    row = ScreeningList(
        code=listing.code,
        number=number,
        authority=listing.authority[:160],
        version=listing.version,
        sha256=listing.sha256,
        published=listing.published,
        entries=len(listing.entries),
        added=len(told.added),
        altered=len(told.altered),
        removed=len(told.removed),
        problems=msgspec.to_builtins(listing.problems),
        imported_at=work.now,
    )
    work.add(row)
    for start in range(0, len(gone), _BATCH):
        await work.run(
            update(ScreeningEntry)
            .where(
                ScreeningEntry.code == listing.code,
                ScreeningEntry.until.is_(None),
                ScreeningEntry.ref.in_(gone[start : start + _BATCH]),
            )
            .values(until=number)
        )
    for start in range(0, len(told.to_screen), _BATCH):
        rows = [
            {
                "code": listing.code,
                "ref": entry.ref,
                "since": number,
                "until": None,
                "digest": entry.digest,
                "body": msgspec.to_builtins(entry),
            }
            for entry in told.to_screen[start : start + _BATCH]
        ]
        await work.run(insert(ScreeningEntry), rows)
    await work.flush()
    return row


async def _listing(work: PlatformWork, row: ScreeningList) -> Listing:
    return Listing(
        code=row.code,
        authority=row.authority,
        sha256=row.sha256,
        published=row.published,
        entries=await entries(work, row.code, row.number),
    )


async def current(codes: Sequence[str]) -> tuple[list[Index], list[str]]:
    """Indexes of the lists in force, and the codes of those that are not loaded."""
    async with _door().platform(purpose="screening.lists") as work:
        known = {row.code: row for row in await in_force(work)}
    found = [await _index(known[code]) for code in codes if code in known]
    return found, [code for code in codes if code not in known]


async def versions(wanted: Sequence[Version]) -> list[Index]:
    """Indexes of past versions, for a replay; those that were never here are left out."""
    found: list[Index] = []
    for one in wanted:
        async with _door().platform(purpose="screening.replay") as work:
            row = await work.first(
                select(ScreeningList).where(
                    ScreeningList.code == one.listing, ScreeningList.version == one.version
                )
            )
        if row is not None:
            # Not kept: a replay is rare, and an index is large.
            found.append(_SHELF.get((row.code, row.number)) or await _build(row))
    return found


async def _index(row: ScreeningList) -> Index:
    key = (row.code, row.number)
    if key not in _SHELF:
        task = _BUILDING.get(key)
        if task is None or task.done():
            task = _BUILDING[key] = asyncio.create_task(_build(row))
        _SHELF[key] = await task
        _BUILDING.pop(key, None)
        while len(_SHELF) > KEPT:
            _SHELF.pop(next(iter(_SHELF)))
    return _SHELF[key]


async def _build(row: ScreeningList) -> Index:
    async with _door().platform(purpose="screening.index") as work:
        said = await entries(work, row.code, row.number)
    return await asyncio.to_thread(Index, row.code, row.version, said)


async def altered(code: str, number: int) -> tuple[Index, list[str]]:
    """What one version says differently from the one before, and the references it touched."""
    async with _door().platform(purpose="screening.changes") as work:
        row = await work.session.get(ScreeningList, (code, number))
        if row is None:
            raise NotFound
        bodies = await work.rows(
            select(cast(ScreeningEntry.body, Text))
            .where(ScreeningEntry.code == code, ScreeningEntry.since == number)
            .order_by(ScreeningEntry.ref)
        )
        ended = await work.rows(
            select(ScreeningEntry.ref).where(
                ScreeningEntry.code == code, ScreeningEntry.until == number
            )
        )
    said = await asyncio.to_thread(_opened, bodies)
    return await asyncio.to_thread(Index, code, row.version, said), list(ended)
