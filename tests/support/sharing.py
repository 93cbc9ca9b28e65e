"""How the processes of a run share the tests: a file stays whole, and the long ones begin first.

Files are taken by their number of tests otherwise, which leaves a walk of few and long tests to the
end, where one process waits for the other. The journeys are one piece of work: each begins where
another ended, and in two processes both would walk the first ones.
"""

from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER: Final = "tests/journeys/"
LONG: Final = "long"
"""The mark of files that take about a minute or more."""


def piece(nodeid: str) -> str:
    """What is given to one process as a whole."""
    return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]


def by_length(items: list[pytest.Item]) -> None:
    """Put pieces with a mark first and then those of many tests, in the order of collection."""
    counted: dict[str, int] = {}
    marked: set[str] = set()
    for item in items:
        name = piece(item.nodeid)
        counted[name] = counted.get(name, 0) + 1
        if item.get_closest_marker(LONG) is not None:
            marked.add(name)
    items.sort(key=lambda item: _place(piece(item.nodeid), counted, marked))


def _place(name: str, counted: dict[str, int], marked: set[str]) -> tuple[bool, bool, int, str]:
    return name != TOGETHER, name not in marked, -counted[name], name


class Sharing(LoadFileScheduling):
    """Loads by file, the journeys together, in the order of `by_length`."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid)
