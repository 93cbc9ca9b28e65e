"""What a unit of work in a tenant and one in the platform schema share."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Executable, Result, Select, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from stoa.audit.capture import watch
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import NotFound, Refusal
from stoa.tenancy.actor import Actor

R = TypeVar("R")
_ALL: Final = func.count().over()
_KEPT: Final = 512


@lru_cache(_KEPT)
def _only_first(statement: Select[Any]) -> Select[Any]:
    return statement.limit(1)


@lru_cache(_KEPT)
def _some_of_all(statement: Select[Any], limit: int) -> Select[Any]:
    return statement.add_columns(_ALL).limit(limit)


class WorkClosed(RuntimeError):
    """The transaction is over; what is asked of it now would run without a tenant."""


class Unit:
    """One transaction with an actor, a time and a record of what changed. Never commits itself."""

    def __init__(self, session: AsyncSession, *, actor: Actor, now: datetime, purpose: str) -> None:
        self._session: AsyncSession | None = session
        self.actor = actor
        self.now = now
        self.purpose = purpose
        self.request: str | None = None
        self.reason: str | None = None
        self.subject: Any = None
        self.changes: list[dict[str, Any]] = []
        self._known: dict[Hashable, Any] = {}
        self.after: list[Callable[[], Awaitable[None]]] = []
        """Called once the commit is through: bells and wake-ups only, whose loss does no harm."""
        watch(session.sync_session, self.changes)

    @property
    def session(self) -> AsyncSession:
        if self._session is None:
            raise WorkClosed("this unit of work is closed")
        return self._session

    def new_id(self) -> UUID:
        """An id of its own that sorts by this unit's time."""
        return uuid7(int(self.now.timestamp() * 1000))

    def require(self, permission: str) -> None:
        """Raises Denied when the actor lacks the permission."""
        self.actor.require(permission)

    @asynccontextmanager
    async def undone_if_refused(self) -> AsyncGenerator[None]:
        """What is written within stays only when it is not refused; the refusal goes on. For who
        answers a refusal with a page of this same unit, which is committed with the answer.
        """
        step = await self.session.begin_nested()
        before = [(one, len(one)) for one in self._noted()]
        try:
            yield
            await self.flush()
        except Refusal:
            await step.rollback()
            for one, length in before:
                del one[length:]
            for row in list(self.session.sync_session.identity_map.values()):
                if inspect(row).expired_attributes:
                    await self.session.refresh(row)
            raise
        await step.commit()

    def _noted(self) -> Sequence[list[Any]]:
        """What this unit has noted besides rows, and writes or does at its end."""
        return (self.changes, self.after)

    def add(self, row: Any) -> None:
        self.session.add(row)

    async def flush(self) -> None:
        await self.session.flush()

    async def get(self, model: type[R], *key: Any) -> R:
        """The row by primary key; raises NotFound."""
        row = await self.session.get(model, key[0] if len(key) == 1 else key)
        if row is None:
            raise NotFound
        return row

    async def lock(self, model: type[R], *key: Any) -> R:
        """The row, locked until the end and read afresh; raises NotFound."""
        row = await self.session.get(
            model, key[0] if len(key) == 1 else key, with_for_update=True, populate_existing=True
        )
        if row is None:
            raise NotFound
        return row

    async def run(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        return await self.session.execute(statement, parameters)

    async def rows(self, statement: Select[R], parameters: Any = None) -> Sequence[R]:
        """First column of every row: entities or values.

        A statement made once in a module's life, with `bindparam`s told here, costs the process a
        third of one that is made anew: pages that many look at are written so.
        """
        return (await self.session.scalars(statement, parameters)).all()

    async def table(self, statement: Executable, parameters: Any = None) -> Sequence[Any]:
        """Every row with all its columns."""
        return (await self.session.execute(statement, parameters)).all()

    async def first(self, statement: Select[R], parameters: Any = None) -> R | None:
        one = statement.limit(1) if parameters is None else _only_first(statement)
        return (await self.session.scalars(one, parameters)).first()

    async def once(self, key: Hashable, read: Callable[[], Awaitable[R]]) -> R:
        """What `read` told the first time it was asked in this unit: for pages, on which several
        modules show the same. Not for what this unit changes.
        """
        if key not in self._known:
            self._known[key] = await read()
        known: R = self._known[key]
        return known

    async def value(self, statement: Executable, parameters: Any = None) -> Any:
        return (await self.session.execute(statement, parameters)).scalar()

    async def count(self, statement: Select[Any]) -> int:
        counted = select(func.count()).select_from(statement.order_by(None).subquery())
        return int((await self.session.execute(counted)).scalar_one())

    async def counts(self, **statements: Select[Any]) -> dict[str, int]:
        """How many rows each of several selects has, in one round trip."""
        asked = [
            select(func.count())
            .select_from(one.order_by(None).subquery())
            .scalar_subquery()
            .label(name)
            for name, one in statements.items()
        ]
        row = (await self.session.execute(select(*asked))).one()
        return {name: int(row[at]) for at, name in enumerate(statements)}

    async def some_rows(
        self, statement: Select[Any], limit: int, parameters: Any = None
    ) -> tuple[Sequence[Any], int]:
        """The first rows of an ordered select and how many it has in all, in one round trip."""
        if parameters is None:
            found = await self.table(statement.add_columns(_ALL).limit(limit))
        else:
            found = await self.table(_some_of_all(statement, limit), parameters)
        return found, int(found[0][-1]) if found else 0

    async def some(
        self, statement: Select[R], limit: int, parameters: Any = None
    ) -> tuple[Sequence[R], int]:
        """`some_rows` of a select of one thing: the things alone."""
        found, count = await self.some_rows(statement, limit, parameters)
        return [row[0] for row in found], count

    async def delete(self, row: Any) -> None:
        await self.session.delete(row)

    def record(self, what: str, **facts: Any) -> None:
        """Note in the audit entry what set-based SQL did, or a reading of personal data."""
        self.changes.append({"did": what, **facts})
