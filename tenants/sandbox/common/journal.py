"""The append-only record of what a stand-in really did.

One line of JSON per step that must be true as a whole. A line counts once it is on disk; answers and
callbacks wait for that. Many callers share one fsync.
"""

import asyncio
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

Line = dict[str, Any]


class Journal:
    def __init__(self, path: Path) -> None:
        """Open, or make, the record. One process at a time.

        Raises:
            SystemExit: another process has it, or a line in its middle is damaged.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"{path} is in use by another process")
        self._waiting: list[bytes] = []
        self._noted = 0
        self._durable = 0
        self._flushing: asyncio.Task[None] | None = None

    def replay(self) -> Iterator[Line]:
        """Every whole line, oldest first; cuts off a tail that a crash left half written."""
        sound = 0
        with self.path.open("rb") as lines:
            for raw in lines:
                try:
                    line = msgspec.json.decode(raw) if raw.endswith(b"\n") else None
                except msgspec.DecodeError:
                    line = None
                if line is None:
                    break
                sound += len(raw)
                yield line
            if lines.read(1):
                sys.exit(f"{self.path} is damaged after byte {sound}")
        os.ftruncate(self._file, sound)

    def note(self, line: Line) -> None:
        """Put a line in the queue to disk; `settled` tells when it is there."""
        self._waiting.append(msgspec.json.encode(line) + b"\n")
        self._noted += 1
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def settled(self) -> None:
        """Return when all that was noted before this call is on disk."""
        mark = self._noted
        while self._durable < mark:
            if self._flushing is not None:
                await asyncio.shield(self._flushing)

    async def close(self) -> None:
        await self.settled()
        os.close(self._file)

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await asyncio.to_thread(self._write, b"".join(batch))
            self._durable += len(batch)
        self._flushing = None

    def _write(self, batch: bytes) -> None:
        try:
            left = memoryview(batch)
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError as why:
            # What cannot be written down must not be said; nothing after this would be the truth.
            print(f"{self.path}: {why}", file=sys.stderr, flush=True)
            os._exit(74)
