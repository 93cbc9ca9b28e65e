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
_OFF: Final = tuple(
    text(f"set local {name} = off") for name in ("enable_nestloop", "enable_mergejoin")
)
_BACK: Final = tuple(
    text(f"set local {name} to default") for name in ("enable_nestloop", "enable_mergejoin")
)


@asynccontextmanager
async def over(work: Work, count: int) -> AsyncGenerator[None]:
    """Statements inside are over so many deals."""
    if count < MANY:
        yield
        return
    for statement in _OFF:
        await work.run(statement)
    yield
    for statement in _BACK:
        await work.run(statement)
