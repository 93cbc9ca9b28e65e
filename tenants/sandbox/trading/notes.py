"""What a platform keeps beside the engine's book: its users, its keys; an append-only file.

A line is written before anything is answered. What the book knows better (an account, a deal) is not
kept here a second time.
"""

import os
from pathlib import Path
from typing import Any

import msgspec

_LINE = msgspec.json.Decoder(tuple[str, str, Any])


class Notes:
    """Tables of rows by key, rebuilt from their file; a torn last line never happened."""

    def __init__(self, path: Path) -> None:
        self._tables: dict[str, dict[str, Any]] = {}
        end = 0
        if path.exists():
            with path.open("rb") as file:
                for line in file:
                    if not self._read(line):
                        break
                    end += len(line)
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._handle, end)

    def table(self, name: str) -> dict[str, Any]:
        return self._tables.setdefault(name, {})

    def get(self, table: str, key: str) -> Any:
        return self.table(table).get(key)

    def put(self, table: str, key: str, row: Any) -> None:
        os.write(self._handle, msgspec.json.encode((table, key, row)) + b"\n")
        self.table(table)[key] = row

    def _read(self, line: bytes) -> bool:
        if not line.endswith(b"\n"):
            return False
        try:
            table, key, row = _LINE.decode(line)
        except msgspec.MsgspecError:
            return False
        self.table(table)[key] = row
        return True
