"""The stand-in's idea of now, which a demo may set forward or back."""

import time
from datetime import UTC, datetime

from sandbox.common.book import Book, Row


class Clock:
    def __init__(self, book: Book) -> None:
        self._book = book

    @property
    def setting(self) -> Row:
        known = self._book.get("settings", "clock")
        return known or {"id": "clock", "offset_s": 0.0, "sign": False}

    def set(self, offset_s: float, *, sign: bool) -> Row:
        """Shift the time in objects; with `sign` also the time in signatures."""
        row: Row = {"id": "clock", "offset_s": offset_s, "sign": sign}
        return self._book.put("clock.set", "settings", row)

    def now(self) -> float:
        return time.time() + float(self.setting["offset_s"])

    def unix(self) -> int:
        return int(self.now())

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def iso(self) -> str:
        return self.iso_at(self.now())

    def iso_at(self, seconds: float) -> str:
        moment = datetime.fromtimestamp(seconds, UTC)
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

    def signing(self) -> int:
        """Seconds for a signature: real time unless asked otherwise."""
        return self.unix() if self.setting["sign"] else int(time.time())
