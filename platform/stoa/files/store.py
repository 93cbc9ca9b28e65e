"""Files at rest: sealed with the tenant's keys, one file on disk for each row, never a name in a path.

Two phases: written whole under `tmp`, renamed into place, then the row commits. What a crash
leaves is a file without a row, and the janitor takes those; a row without its file cannot be.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import func, select

from stoa.files.inspection import Inspected, display_name
from stoa.files.model import StoredFile
from stoa.files.prepared import Prepared
from stoa.files.settings import FileSettings
from stoa.kernel import process
from stoa.kernel.refusals import NotFound, TooLarge
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

ORPHAN_S: Final = 3600
"""Younger files may belong to a transaction that is still open."""
_NAME: Final = "stored_file.name"
_SWEPT: Final = 2_000

log = structlog.get_logger("stoa.files")


class Sheet(msgspec.Struct, frozen=True, array_like=True):
    content: bytes
    media_type: str


class Bundle(msgspec.Struct, frozen=True, array_like=True):
    """A document made anew; `document` is empty where it is the one picture itself."""

    document: bytes
    sheets: tuple[Sheet, ...]
    thumbnail: bytes


async def store(
    work: Work, owner: UUID | None, kind: str, content: bytes, name: str, media_type: str
) -> StoredFile:
    """Keep bytes as they are; whoever calls has checked them. Raises TooLarge without room."""
    return await _keep(work, owner, kind, content, name=name, media_type=media_type, pages=0)


async def store_prepared(
    work: Work, owner: UUID | None, kind: str, seen: Inspected, made: Prepared
) -> StoredFile:
    """Keep an upload that was made anew, its pages beside it for those who look at it."""
    sheets = tuple(Sheet(page.content, page.media_type) for page in made.pages)
    single = len(sheets) == 1 and sheets[0].content == made.document
    bundle = Bundle(b"" if single else made.document, sheets, made.thumbnail)
    content = msgspec.msgpack.encode(bundle)
    return await _keep(
        work,
        owner,
        kind,
        content,
        name=seen.name,
        media_type=made.media_type,
        pages=len(sheets),
    )


async def _keep(
    work: Work,
    owner: UUID | None,
    kind: str,
    content: bytes,
    *,
    name: str,
    media_type: str,
    pages: int,
) -> StoredFile:
    await _must_fit(work, len(content))
    row = work.new_id()
    sealed = await asyncio.to_thread(_write, work, kind, row, content)
    name_sealed = work.seal(row, _NAME, display_name(name))
    assert name_sealed is not None  # noqa: S101 - only None seals to None
    file = StoredFile(
        id=row,
        owner=owner,
        kind=kind,
        media_type=media_type,
        pages=pages,
        size=len(sealed),
        digest=hashlib.sha256(sealed).digest(),
        name_sealed=name_sealed,
        stored_at=work.now,
        stored_by=work.actor.id,
    )
    work.add(file)
    await work.flush()
    return file


async def _must_fit(work: Work, more: int) -> None:
    used = await work.value(
        select(func.coalesce(func.sum(StoredFile.size), 0)).where(StoredFile.gone_at.is_(None))
    )
    if int(used) + more > work.settings(FileSettings).room_mb * 1_048_576:
        raise TooLarge(
            "We cannot take more files at the moment. Please tell support; nothing was changed.",
            code="no-room",
            field="file",
        )


def folder(tenant: UUID) -> Path:
    return process.config().state / "files" / str(tenant)


def _path(tenant: UUID, file: UUID) -> Path:
    return folder(tenant) / str(file)[-2:] / str(file)


def _write(work: Work, kind: str, row: UUID, content: bytes) -> bytes:
    sealed = work.keys.seal(kind, row, content)
    path = _path(work.tenant.id, row)
    draft = folder(work.tenant.id) / "tmp" / str(row)
    for parent in (path.parent, draft.parent):
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(sealed)
        out.flush()
        os.fsync(out.fileno())
    draft.rename(path)
    return sealed


async def find(work: Work, file: UUID) -> StoredFile:
    """The row of a file that is still there. Raises NotFound."""
    row = await work.get(StoredFile, file)
    if row.gone_at is not None:
        raise NotFound
    return row


async def read(work: Work, file: StoredFile) -> bytes:
    """The document itself. Raises NotFound when it is gone, KeyProblem when it was changed."""
    content = await asyncio.to_thread(_read, work, file)
    if not file.pages:
        return content
    bundle = _bundle(content)
    return bundle.document or bundle.sheets[0].content


async def sheet(work: Work, file: StoredFile, number: int) -> Sheet:
    """One page as a picture, counted from 1."""
    bundle = _bundle(await asyncio.to_thread(_read, work, file))
    if not 1 <= number <= len(bundle.sheets):
        raise NotFound
    return bundle.sheets[number - 1]


async def thumbnail(work: Work, file: StoredFile) -> Sheet:
    content = await asyncio.to_thread(_read, work, file)
    return Sheet(_bundle(content).thumbnail, "image/jpeg")


def name(work: Work, file: StoredFile) -> str:
    return work.unseal(file.id, _NAME, file.name_sealed) or "document"


def _read(work: Work, file: StoredFile) -> bytes:
    if file.gone_at is not None:
        raise NotFound
    try:
        sealed = _path(work.tenant.id, file.id).read_bytes()
    except FileNotFoundError as why:
        log.exception("stored file missing", tenant=str(work.tenant.id), file=str(file.id))
        raise NotFound from why
    return work.keys.unseal(file.kind, file.id, sealed)


def _bundle(content: bytes) -> Bundle:
    return msgspec.msgpack.decode(content, type=Bundle)


async def forget(work: Work, file: UUID) -> None:
    """Take a file away for good, once this commits; the row stays and says when."""
    row = await work.lock(StoredFile, file)
    if row.gone_at is not None:
        return
    row.gone_at = work.now
    path = _path(work.tenant.id, row.id)

    async def remove() -> None:
        await asyncio.to_thread(path.unlink, missing_ok=True)

    work.after.append(remove)


async def sweep(open_work: OpenWork) -> None:
    """The janitor: takes files that no row names, and drafts that were never finished."""
    async with open_work() as work:
        tenant = work.tenant.id
    old = await asyncio.to_thread(_old, folder(tenant))
    for start in range(0, len(old), _SWEPT):
        part = old[start : start + _SWEPT]
        async with open_work() as work:
            kept = await work.rows(
                select(StoredFile.id).where(
                    StoredFile.id.in_([file for file, _ in part if file]),
                    StoredFile.gone_at.is_(None),
                )
            )
        gone = [path for file, path in part if file not in set(kept) or path.parent.name == "tmp"]
        await asyncio.to_thread(_remove, gone)


def _old(root: Path) -> list[tuple[UUID | None, Path]]:
    before = time.time() - ORPHAN_S
    found: list[tuple[UUID | None, Path]] = []
    for path in root.glob("*/*"):
        try:
            if path.stat().st_mtime < before:
                found.append((_id(path), path))
        except FileNotFoundError:
            continue
    return found


def _id(path: Path) -> UUID | None:
    try:
        return UUID(path.name)
    except ValueError:
        return None


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
