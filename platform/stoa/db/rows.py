"""The two bases: where a row's class hangs tells in which schema the row lives."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData, Numeric, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from stoa.kernel.refusals import Conflict

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_TYPES: dict[Any, Any] = {
    datetime: DateTime(timezone=True),
    Decimal: Numeric(38, 18),
    UUID: Uuid(),
    bytes: LargeBinary(),
    int: BigInteger(),
    str: String(200),
    dict[str, Any]: JSONB(),
    list[Any]: JSONB(),
}


class _Row(DeclarativeBase):
    """What both lines share. Sub-classes never select `*`: SQLAlchemy names every column."""

    __abstract__ = True
    type_annotation_map = _TYPES
    __append_only__: ClassVar[bool] = False
    """The tenant role may insert and read, never update or delete: held by grants."""
    __audited__: ClassVar[bool] = True
    """Changes through the unit of work are written to the audit log."""
    __erasable__: ClassVar[frozenset[str]] = frozenset()
    """Columns of an append-only table that an erasure may empty: the tenant role may update these
    alone. The log keeps a commitment of what stood there, so that nobody writes another thing in.
    """
    __committed__: ClassVar[frozenset[str]] = frozenset()
    """Columns with people's own words that are not sealed: in the log they are commitments, too."""
    __unaudited__: ClassVar[frozenset[str]] = frozenset()
    """Columns derived from others, such as search tokens, that say nothing in the log."""

    def move(self, to: str) -> None:
        """The only way a state changes; `MOVES` on the class is the table of allowed steps."""
        moves: Mapping[str, set[str]] = type(self).MOVES  # type: ignore[attr-defined]
        now = str(self.state)  # type: ignore[has-type]
        if to not in moves.get(now, set()):
            raise Conflict(
                "This is {state} now and cannot become {to}. Nothing was changed.",
                code="wrong-state",
                state=now,
                to=str(to),
            )
        self.state = str(to)


class TenantRow(_Row):
    """A row in a tenant's own schema; the schema is set by the open unit of work."""

    __abstract__ = True
    metadata = MetaData(naming_convention=_NAMES)


class PlatformRow(_Row):
    """A row of the operator's, in schema `platform`."""

    __abstract__ = True
    metadata = MetaData(naming_convention=_NAMES, schema="platform")
