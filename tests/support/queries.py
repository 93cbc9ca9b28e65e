"""What one request asks of the database, statement by statement."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from support.fixtures import House

NOW_AND_THEN = re.compile(
    r"FROM platform\.host\b|platform\.tenant\.wrapped_key|SET (last_)?seen_at=\$1"
)


@contextmanager
def counted(house: House) -> Iterator[list[str]]:
    """The statements run while the block runs, in order; begin and commit not among them.

    Nor is what is done now and then, for whoever asks next: reading the registry of hosts and
    tenants, and noting that a session was seen.
    """
    said: list[str] = []
    engines = [house.door._app.sync_engine, house.door.control.sync_engine]

    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        if not NOW_AND_THEN.search(statement):
            said.append(" ".join(statement.split()))

    for one in engines:
        event.listen(one, "before_cursor_execute", note)
    try:
        yield said
    finally:
        for one in engines:
            event.remove(one, "before_cursor_execute", note)
