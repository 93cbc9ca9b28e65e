"""What a session remembers, what one step of it changes, and what goes out because of it."""

from dataclasses import dataclass, field
from typing import Final

from brokerage.trading.connectors.fix.codec import Message

ADMIN: Final = frozenset("0A12345")
"""MsgTypes of the session itself; all others are the application's."""
AGAIN: Final = frozenset({"3", "j"})
"""What we send that is sent again when asked for; all else is filled over."""


@dataclass(slots=True)
class Numbers:
    """The next numbers in each direction; `epoch` counts how often they began anew."""

    next_in: int = 1
    next_out: int = 1
    epoch: int = 0

    def anew(self) -> None:
        self.next_in = self.next_out = 1
        self.epoch += 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A message with its place, to be stored before its number counts."""

    epoch: int
    outward: bool
    seq: int
    kind: str
    raw: bytes
    again: bool = False
    message: Message | None = None


@dataclass(slots=True)
class Step:
    """What follows from what came: stored in one transaction, and only then written to the wire."""

    kept: list[Kept] = field(default_factory=list["Kept"])
    out: bytearray = field(default_factory=bytearray)
    resend: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    incidents: list[str] = field(default_factory=list[str])
    over: str = ""
    heard: bool = False
    garbled: int = 0

    @property
    def matters(self) -> bool:
        """Whether anything of it must be stored."""
        return bool(self.kept or self.out or self.incidents or self.resend or self.garbled)
