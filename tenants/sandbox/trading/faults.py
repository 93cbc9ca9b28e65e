"""Bad days on order: what may go wrong on the wire, each with a chance or a number of times."""

import random
import time
from collections import Counter

import msgspec


class Switch(msgspec.Struct):
    """One fault. It fires by ``chance``, and no more than ``times`` when that is given."""

    chance: float = 1.0
    times: int | None = None


class Forced(msgspec.Struct):
    """Answer a command with this code; with ``applied`` it was carried out all the same."""

    command: str
    code: int
    applied: bool = False
    chance: float = 1.0
    times: int | None = None


NAMES = frozenset(
    {
        "down",
        "disconnect",
        "torn",
        "balance_drop_before",
        "balance_drop_after",
        "duplicate_deals",
        "split_bytes",
        "noise",
        "bad_ticks",
        "wrong_auth",
        "stream_drop",
        "stream_noise",
    }
)
"""The switches there are:

- ``down``: the port is closed, nobody can connect, and who was connected is cut off.
- ``disconnect``: the line breaks before a command is looked at.
- ``torn``: it breaks in the middle of an answer, once the command was carried out.
- ``balance_drop_before`` / ``balance_drop_after``: it breaks before or after money has moved.
- ``duplicate_deals``: a page of deals tells one of them twice.
- ``split_bytes``: answers come one byte at a time.
- ``noise``: pings and packets with foreign numbers come before the answer.
- ``bad_ticks``: a price is zero, negative, of the wrong digits, or from the past.
- ``wrong_auth``: the server proves itself wrongly at login.
- ``stream_drop``: a push connection breaks instead of telling something.
- ``stream_noise``: before a message of a push come one it never had, a bent one and a double.
"""


class DroppedError(Exception):
    """The line breaks here, by order."""


class Faults:
    """All switches, seeded, with a count of how often each has fired."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}:faults")
        self.switches: dict[str, Switch] = {}
        self.forced: list[Forced] = []
        self.delay_ms = 0
        self.delay_commands: frozenset[str] = frozenset()
        self.late_s = 0.0
        self.fired: Counter[str] = Counter()
        self._hidden: dict[int, float] = {}

    def fires(self, name: str) -> bool:
        switch = self.switches.get(name)
        return switch is not None and self._rolls(switch, name)

    def force(self, command: str) -> Forced | None:
        """The code that this command is to be answered with, if one is ordered."""
        for forced in self.forced:
            if forced.command == command and self._rolls(forced, f"code {forced.code}"):
                return forced
        return None

    def delay_s(self, command: str) -> float:
        slowed = not self.delay_commands or command in self.delay_commands
        return self.delay_ms / 1000 if slowed else 0.0

    def pick(self, below: int) -> int:
        return self._random.randrange(below)

    def made(self, deal: int) -> None:
        """A deal was made; while deals come late, it is not to be seen for a time."""
        if self.late_s:
            self._hidden[deal] = time.monotonic() + self.late_s
            self.fired["late"] += 1

    def hidden(self, deal: int) -> bool:
        if not self._hidden:
            return False
        until = self._hidden.get(deal)
        if until is not None and time.monotonic() >= until:
            del self._hidden[deal]
            return False
        return until is not None

    def clear(self) -> None:
        self.switches.clear()
        self.forced.clear()
        self.delay_ms, self.late_s, self.delay_commands = 0, 0.0, frozenset()
        self._hidden.clear()

    def _rolls(self, switch: Switch | Forced, name: str) -> bool:
        if switch.times is not None and switch.times <= 0:
            return False
        if switch.chance < 1 and self._random.random() >= switch.chance:
            return False
        if switch.times is not None:
            switch.times -= 1
        self.fired[name] += 1
        return True


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What a person sends to change faults. A switch is true, false, a chance, or a Switch."""

    down: bool | float | Switch | None = None
    disconnect: bool | float | Switch | None = None
    torn: bool | float | Switch | None = None
    balance_drop_before: bool | float | Switch | None = None
    balance_drop_after: bool | float | Switch | None = None
    duplicate_deals: bool | float | Switch | None = None
    split_bytes: bool | float | Switch | None = None
    noise: bool | float | Switch | None = None
    bad_ticks: bool | float | Switch | None = None
    wrong_auth: bool | float | Switch | None = None
    stream_drop: bool | float | Switch | None = None
    stream_noise: bool | float | Switch | None = None
    delay_ms: int | None = None
    delay_commands: list[str] | None = None
    late_s: float | None = None
    answers: list[Forced] | None = None


def obey(faults: Faults, order: Order) -> None:
    """Change what is named and leave the rest."""
    for name in NAMES:
        wanted: bool | float | Switch | None = getattr(order, name)
        if wanted is None:
            continue
        switch = wanted if isinstance(wanted, Switch) else Switch(chance=float(wanted))
        if switch.chance <= 0:
            faults.switches.pop(name, None)
        else:
            faults.switches[name] = switch
    if order.delay_ms is not None:
        faults.delay_ms = max(0, order.delay_ms)
    if order.delay_commands is not None:
        faults.delay_commands = frozenset(word.upper() for word in order.delay_commands)
    if order.late_s is not None:
        faults.late_s = max(0.0, order.late_s)
    if order.answers is not None:
        faults.forced = [
            msgspec.structs.replace(each, command=each.command.upper()) for each in order.answers
        ]
