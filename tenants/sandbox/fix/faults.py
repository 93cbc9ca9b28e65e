"""Bad days of a drop copy on order: each switch is a chance, or a number of times."""

import random
from collections import Counter

import msgspec

NAMES = ("drop", "duplicate", "reorder", "garble", "possdup", "split", "cut", "late", "refuse")
"""The switches there are:

- ``drop``: a message takes its number and never leaves.
- ``duplicate``: a message is sent twice, the second time as a possible duplicate.
- ``reorder``: a message is held back until the next one has gone.
- ``garble``: a message leaves with a wrong checksum, a wrong length or a torn middle.
- ``possdup``: an older message is sent again, unasked, as a possible duplicate.
- ``split``: the message leaves byte by byte.
- ``cut``: the connection is torn in the middle of a message.
- ``late``: a resend is answered from its end only, so that the gap stays open once.
- ``refuse``: a logon is answered with a logout.
"""


class Switch(msgspec.Struct):
    chance: float = 1.0
    times: int | None = None


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What a person sends: a switch is a chance, or a Switch; false takes it away."""

    drop: bool | float | Switch | None = None
    duplicate: bool | float | Switch | None = None
    reorder: bool | float | Switch | None = None
    garble: bool | float | Switch | None = None
    possdup: bool | float | Switch | None = None
    split: bool | float | Switch | None = None
    cut: bool | float | Switch | None = None
    late: bool | float | Switch | None = None
    refuse: bool | float | Switch | None = None


class Faults:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"{seed}:fix")
        self.switches: dict[str, Switch] = {}
        self.fired: Counter[str] = Counter()

    def obey(self, order: Order) -> None:
        for name in NAMES:
            wanted: bool | float | Switch | None = getattr(order, name)
            if wanted is None:
                continue
            switch = wanted if isinstance(wanted, Switch) else Switch(chance=float(wanted))
            if switch.chance <= 0:
                self.switches.pop(name, None)
            else:
                self.switches[name] = switch

    def fires(self, name: str) -> bool:
        switch = self.switches.get(name)
        if switch is None or (switch.times is not None and switch.times <= 0):
            return False
        if switch.chance < 1 and self.random.random() >= switch.chance:
            return False
        if switch.times is not None:
            switch.times -= 1
        self.fired[name] += 1
        return True

    def bent(self, data: bytes) -> bytes:
        """A message that arrives broken, in one of the ways that lines break them."""
        match self.random.randrange(3):
            case 0:
                return data[:-4] + b"%03d\x01" % ((int(data[-4:-1]) + 1) % 256)
            case 1:
                at = self.random.randrange(12, len(data) - 8)
                return data[:at] + bytes([data[at] ^ 1 or 1]) + data[at + 1 :]
            case _:
                start = self.random.randrange(12, len(data) - 10)
                return data[:start] + data[start + 3 :]
