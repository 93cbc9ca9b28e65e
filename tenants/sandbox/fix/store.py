"""What this side has sent, by number, and what really was executed: one append-only file."""

import os
from pathlib import Path

import msgspec

from sandbox.fix.wire import Fields


class Sent(msgspec.Struct, tag="sent", array_like=True):
    """A message by its number. `deal` is the market's deal it copies, 0 for none."""

    seq: int
    kind: str
    body: Fields
    at: str
    deal: int = 0


class Heard(msgspec.Struct, tag="heard", array_like=True):
    next_in: int


class Anew(msgspec.Struct, tag="anew", array_like=True):
    """All numbers began at one again, or went on at another."""

    next_in: int
    next_out: int
    forget: bool


class Executed(msgspec.Struct, tag="exec", array_like=True):
    """A fill as it stands: the truth that a drop copy is held against."""

    exec_id: str
    account: str
    symbol: str
    side: str
    quantity: str
    price: str
    commission: str
    at: str
    state: str
    root: str


Line = Sent | Heard | Anew | Executed


class Store:
    """Rebuilt from its file when the process starts; a torn last line never happened."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "fix.jsonl"
        self._encode = msgspec.json.Encoder().encode
        self._handle = -1
        self.next_in = 1
        self.next_out = 1
        self.sent: dict[int, Sent] = {}
        self.truth: dict[str, Executed] = {}
        self.copied: set[int] = set()
        self.last_exec = 0

    def open(self) -> None:
        end = 0
        if self._path.exists():
            decode = msgspec.json.Decoder(Line).decode
            with self._path.open("rb") as file:
                for raw in file:
                    if not raw.endswith(b"\n"):
                        break
                    self._apply(decode(raw))
                    end += len(raw)
        self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._handle, end)

    def close(self) -> None:
        os.close(self._handle)

    def put(self, line: Line) -> None:
        os.write(self._handle, self._encode(line) + b"\n")
        self._apply(line)

    def _apply(self, line: Line) -> None:
        match line:
            case Sent():
                self.sent[line.seq] = line
                self.next_out = line.seq + 1
                if line.deal:
                    self.copied.add(line.deal)
            case Heard():
                self.next_in = line.next_in
            case Anew():
                self.next_in, self.next_out = line.next_in, line.next_out
                if line.forget:
                    self.sent.clear()
            case Executed():
                self.truth[line.root] = line
                self.last_exec += 1
