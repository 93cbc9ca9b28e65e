"""What really happened: an append-only file, one line a transaction, and a snapshot to start from.

A line is written before its records are applied. Lines that move balances are forced to disk
before anybody is told; several waiters share one ``fsync``. A torn last line, as ``kill -9`` may
leave it, never happened: nobody was told of it.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from sandbox.trading.records import Record

_LINE = msgspec.json.Decoder(list[Record])
_SNAPSHOT_LINES = 500


class Header(msgspec.Struct):
    """First line of a snapshot: how much of the journal it holds."""

    journal_bytes: int
    records: int


class Journal:
    """The file beside the state in memory; the file is right."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"
        self._snapshot = folder / "snapshot.jsonl"
        self._encoder = msgspec.json.Encoder()
        self._handle = -1
        self._written = 0
        self._safe = 0
        self._flushing: asyncio.Future[None] | None = None

    def recover(self, apply: Callable[[list[Record]], None]) -> int:
        """Rebuild the state, cut a torn last line off, and open the file for more.

        Returns the number of journal lines read after the snapshot.
        """
        start = self._read_snapshot(apply)
        end, lines = start, 0
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(start)
                for line in file:
                    records = _read(line)
                    if records is None:
                        break
                    apply(records)
                    end += len(line)
                    lines += 1
        self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._handle, end)
        self._written = self._safe = end
        return lines

    def write(self, records: Iterable[Record]) -> None:
        line = self._encoder.encode(list(records)) + b"\n"
        view = memoryview(line)
        while view:
            view = view[os.write(self._handle, view) :]
        self._written += len(line)

    async def settled(self) -> None:
        """Return once all that was written until now is on the disk."""
        goal = self._written
        while self._safe < goal:
            if self._flushing is None:
                self._flushing = asyncio.ensure_future(self._flush())
            await asyncio.shield(self._flushing)

    def sync(self) -> None:
        os.fdatasync(self._handle)
        self._safe = self._written

    def snapshot(self, records: Iterable[Record]) -> None:
        """Write the whole state beside the journal, so that the next start reads less."""
        self.sync()
        fresh = self._snapshot.with_suffix(".new")
        with fresh.open("wb") as file:
            kept = list(records)
            file.write(self._encoder.encode(Header(self._written, len(kept))) + b"\n")
            for start in range(0, len(kept), _SNAPSHOT_LINES):
                file.write(self._encoder.encode(kept[start : start + _SNAPSHOT_LINES]) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._snapshot)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def lines(self) -> Iterator[list[Record]]:
        """Read the whole journal again from its first line, as an auditor would."""
        with self.path.open("rb") as file:
            for line in file:
                records = _read(line)
                if records is not None:
                    yield records

    async def _flush(self) -> None:
        goal = self._written
        try:
            await asyncio.to_thread(os.fdatasync, self._handle)
            self._safe = max(self._safe, goal)
        finally:
            self._flushing = None

    def _read_snapshot(self, apply: Callable[[list[Record]], None]) -> int:
        """Apply the snapshot and tell where the journal goes on; 0 when there is none to trust."""
        if not self._snapshot.exists():
            return 0
        first, *rest = self._snapshot.read_bytes().splitlines()
        try:
            header = msgspec.json.decode(first, type=Header)
            pages = [_LINE.decode(line) for line in rest]
        except msgspec.MsgspecError:
            return 0
        length = self.path.stat().st_size if self.path.exists() else 0
        if sum(map(len, pages)) != header.records or length < header.journal_bytes:
            return 0
        for page in pages:
            apply(page)
        return header.journal_bytes


def _read(line: bytes) -> list[Record] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return _LINE.decode(line)
    except msgspec.MsgspecError:
        return None
