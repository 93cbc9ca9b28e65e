"""Telling the database that a statement is over many rows, which it cannot know of rows just written.

Its guesses come from before the import: it would go through thousands of deals one by one for each
partner. Few are best looked up one by one, many are hashed.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import text

from stoa.tenancy.work import Work

MANY: Final = 300
ROOM: Final = 5_000
"""From so many on, what a statement keeps for itself is given the room not to go through files."""
_OFF: Final = ("set local enable_nestloop = off", "set local enable_mergejoin = off")
_ROOMY: Final = "set local work_mem = '64MB'"


@asynccontextmanager
async def over(work: Work, count: int) -> AsyncGenerator[None]:
    """Statements inside are over so many deals."""
    if count < MANY:
        yield
        return
    done = (*_OFF, _ROOMY) if count >= ROOM else _OFF
    for statement in done:
        await work.run(text(statement))
    yield
    for statement in done:
        await work.run(text(statement.split(" = ")[0] + " to default"))
