"""What one request asks of the database, statement by statement."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from support.fixtures import House

NOW_AND_THEN = re.compile(
    r"FROM platform\.host\b|platform\.tenant\.wrapped_key|SET (last_)?seen_at=\$1"
)


@contextmanager
def recorded(house: House) -> Iterator[list[tuple[str, Any]]]:
    """Every statement run while the block runs, as the driver gets it, with its parameters."""
    said: list[tuple[str, Any]] = []
    engines = [house.door._app.sync_engine, house.door.control.sync_engine]

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        said.append((statement, parameters))

    for one in engines:
        event.listen(one, "before_cursor_execute", note)
    try:
        yield said
    finally:
        for one in engines:
            event.remove(one, "before_cursor_execute", note)


@contextmanager
def counted(house: House) -> Iterator[list[str]]:
    """The statements run while the block runs, in order; begin and commit not among them.

    Nor is what is done now and then, for whoever asks next: reading the registry of hosts and
    tenants, and noting that a session was seen. The list is filled when the block ends.
    """
    usual: list[str] = []
    with recorded(house) as said:
        yield usual
    usual += [
        " ".join(statement.split()) for statement, _ in said if not NOW_AND_THEN.search(statement)
    ]
