"""Verify an exported audit log with nothing but Python: python3 verify.py audit.jsonl

Each line is {"link": n, "hash": hex, "entry": {...}}. A link's hash is
sha256(previous hash + entry as JSON with sorted keys and no spaces, UTF-8); the first follows
32 zero bytes. Changing, removing, adding or re-ordering a line breaks the chain at that line.
"""

import hashlib
import json
import sys
from collections.abc import Iterable

GENESIS = b"\0" * 32


def check(lines: Iterable[str]) -> tuple[int, str | None, str]:
    """How many links hold, the first fault or None, and the last good hash."""
    previous, number = GENESIS, 0
    for at, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            entry, told, link = record["entry"], record["hash"], record["link"]
        except (ValueError, KeyError, TypeError):
            return number, f"line {at} is not a record", previous.hex()
        if link != number + 1:
            return (
                number,
                f"line {at}: link {number + 1} is missing or out of order",
                previous.hex(),
            )
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        found = hashlib.sha256(previous + text.encode()).digest()
        if found.hex() != told:
            return number, f"line {at}: entry {entry.get('id')} was changed", previous.hex()
        previous, number = found, link
    return number, None, previous.hex()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__)  # noqa: T201 - it is a program
        return 2
    with open(arguments[0], encoding="utf-8") as file:  # noqa: PTH123 - needs nothing but Python
        links, fault, last = check(file)
    print(f"{links} links hold; last hash {last}")  # noqa: T201
    if fault:
        print(f"BROKEN: {fault}")  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
