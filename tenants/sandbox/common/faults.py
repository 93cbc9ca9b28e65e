"""Switches that make a stand-in misbehave: how often, for whom, on what, from a seed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.common.book import Book, Row

ALWAYS = 1.0
WORDS = {"off": 0.0, "": 0.0, "always": ALWAYS, "on": ALWAYS}


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to misbehave. `seconds` and `times` are given where the kind knows them."""

    code: str
    says: str
    seconds: float | None = None
    times: int | None = None


CALLS = (
    Kind("slow_s", "Each call takes this long", seconds=3),
    Kind("connection_reset", "The connection is cut; nothing was done"),
    Kind("connection_reset_after_apply", "The connection is cut; the thing was done"),
    Kind("timeout_before_apply", "No answer; nothing was done", seconds=60),
    Kind("timeout_after_apply", "No answer; the thing was done", seconds=60),
    Kind("error_500_before_apply", "Answer 500; nothing was done"),
    Kind("error_500_after_apply", "Answer 500; the thing was done"),
    Kind("wrong_json", "The answer is cut in half; the thing was done"),
)
CALLBACKS = (
    Kind("callback_duplicate", "The callback comes this many times more", times=1),
    Kind("callback_delay", "The callback comes this late", seconds=10),
    Kind("callback_out_of_order", "The callback comes after the one that follows it", seconds=5),
    Kind("callback_lost", "The callback never comes"),
    Kind("callback_before_answer", "The callback comes before the answer to the call"),
    Kind("callback_forged", "One more comes with a wrong signature"),
    Kind("callback_unsigned", "One more comes without a signature"),
    Kind("callback_other_merchant", "One more goes to another merchant's address"),
    Kind("callback_mutated_amount", "The callback tells another amount, well signed"),
    Kind("callback_mutated_currency", "The callback tells another currency, well signed"),
    Kind("callback_other_reference", "The callback names another order, well signed"),
)


class BadSetting(ValueError):
    """A fault is set to something that is neither a rate nor a count."""


@dataclass(frozen=True, slots=True)
class Strike:
    seconds: float
    times: int


class Faults:
    def __init__(self, book: Book, kinds: Iterable[Kind], seed: int) -> None:
        self._book = book
        self.kinds = {kind.code: kind for kind in kinds}
        self._seed = seed

    def settings(self) -> dict[str, Row]:
        return {code: row for code, row in self._book.table("faults").items() if code in self.kinds}

    def set(self, code: str, value: object) -> Row | None:
        """Switch one kind on or off.

        A whole number is a count of strikes, a fraction (or "25%", or "always") a rate; 0, null and
        "off" switch off. A table may hold `rate` or `count`, and `seconds`, `times`, `merchant` (only
        for its id) and `on` (only for operations whose name begins so).

        Raises:
            BadSetting: an unknown kind, or a value that is none of these.
        """
        kind = self.kinds.get(code)
        if kind is None:
            raise BadSetting(f"no fault is called {code}; known are {', '.join(self.kinds)}")
        row = _parse(kind, value)
        if row is None:
            if code in self._book.table("faults"):
                self._book.drop(f"fault.off {code}", "faults", code)
            return None
        return self._book.put(f"fault.set {code}", "faults", row)

    def clear(self) -> None:
        with self._book.together():
            for code in list(self._book.table("faults")):
                self._book.drop(f"fault.off {code}", "faults", code)

    def strike(self, code: str, *, on: str = "", merchant: str = "") -> Strike | None:
        """Whether this kind of fault happens now; writes it down when it does."""
        row = self._book.get("faults", code)
        if row is None or not _meant(row, on, merchant):
            return None
        if row["count"] is None:
            # The nth draw of a kind is the same for a seed, whatever other kinds draw in between.
            row["drawn"] += 1
            if _draw(self._seed, code, row["drawn"]) >= row["rate"]:
                return None
        struck = {**row, "struck": row["struck"] + 1}
        if row["count"] is not None:
            struck["count"] -= 1
        did = f"fault {code} {on}".strip()
        if struck["count"] == 0:
            self._book.drop(did, "faults", code)
        else:
            self._book.put(did, "faults", struck)
        return Strike(seconds=row["seconds"], times=row["times"])


def _meant(row: Row, on: str, merchant: str) -> bool:
    return on.startswith(row["on"]) and row["merchant"] in ("", merchant)


def _draw(seed: int, code: str, n: int) -> float:
    digest = hashlib.sha256(f"{seed}:{code}:{n}".encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56


def _parse(kind: Kind, value: object) -> Row | None:
    row: Row = {
        "id": kind.code,
        "rate": 0.0,
        "count": None,
        "seconds": kind.seconds or 0.0,
        "times": kind.times or 1,
        "merchant": "",
        "on": "",
        "drawn": 0,
        "struck": 0,
    }
    if isinstance(value, dict):
        for name, cast in (("seconds", float), ("times", int), ("merchant", str), ("on", str)):
            if value.get(name) not in (None, ""):
                row[name] = cast(value[name])
        value = value.get("count", value.get("rate", value.get("how", ALWAYS)))
    elif kind.code == "slow_s" and isinstance(value, int | float) and value:
        row["seconds"], value = float(value), ALWAYS
    row["rate"], row["count"] = _how_often(value)
    return row if row["rate"] or row["count"] else None


def _how_often(value: object) -> tuple[float, int | None]:
    """A rate or a count out of what a person or a test may write."""
    if isinstance(value, str):
        text = value.strip().lower()
        try:
            if text in WORDS:
                value = WORDS[text]
            elif text.endswith("%"):
                value = float(text[:-1]) / 100
            else:
                value = int(text) if text.isdigit() else float(text)
        except ValueError:
            raise BadSetting(f"{value!r} is neither a rate nor a count") from None
    if value is None or isinstance(value, bool):
        return (ALWAYS if value else 0.0), None
    if isinstance(value, int) and value >= 0:
        return 0.0, value
    if isinstance(value, float) and 0 <= value <= 1:
        return value, None
    raise BadSetting(f"{value!r} is neither a rate from 0.0 to 1.0 nor a count")
