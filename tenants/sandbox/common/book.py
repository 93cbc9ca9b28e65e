"""Rows in memory, each change one line of the journal; a restart reads them back."""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sandbox.common.journal import Journal

Row = dict[str, Any]
Watcher = Callable[[Row], None]


def fresh(prefix: str, size: int = 24) -> str:
    """A new unguessable id of this many letters and digits after its prefix."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return prefix + "".join(secrets.choice(letters) for _ in range(size))


class Book:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.tables: dict[str, dict[str, Row]] = defaultdict(dict)
        self.lines = 0
        self._watchers: dict[str, list[Watcher]] = defaultdict(list)
        self._depth = 0
        self._did: list[str] = []
        self._puts: list[list[Any]] = []

    def watch(self, table: str, watcher: Watcher) -> None:
        """Tell `watcher` of each row put into `table`, now and while reading back."""
        self._watchers[table].append(watcher)

    def read_back(self) -> None:
        for line in self.journal.replay():
            self.lines = line["n"]
            for table, key, row in line["put"]:
                self._place(table, key, row)

    def table(self, name: str) -> dict[str, Row]:
        return self.tables[name]

    def get(self, table: str, key: object) -> Row | None:
        return self.tables[table].get(key) if isinstance(key, str) else None

    def put(self, did: str, table: str, row: Row) -> Row:
        """Write down a row, new or changed, under its `id`."""
        with self.together():
            self._did.append(did)
            # Copied, so that a later change in memory cannot creep into this line.
            self._puts.append([table, row["id"], dict(row)])
            self._place(table, row["id"], row)
        return row

    def change(self, did: str, table: str, key: str, **new: object) -> Row:
        return self.put(did, table, {**self.tables[table][key], **new})

    def drop(self, did: str, table: str, key: str) -> None:
        with self.together():
            self._did.append(did)
            self._puts.append([table, key, None])
            self._place(table, key, None)

    @contextmanager
    def together(self) -> Generator[None]:
        """What is written inside becomes one line: all of it survives a crash, or none."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0 and self._puts:
                self.lines += 1
                now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
                line = {"n": self.lines, "t": now, "did": self._did, "put": self._puts}
                self._did, self._puts = [], []
                self.journal.note(line)

    def _place(self, table: str, key: str, row: Row | None) -> None:
        if row is None:
            self.tables[table].pop(key, None)
            return
        self.tables[table][key] = row
        for watcher in self._watchers[table]:
            watcher(row)
