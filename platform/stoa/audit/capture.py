"""Collects what a flush changed, so that no verb has to remember to tell the audit log."""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session, UOWTransaction


def watch(session: Session, changes: list[dict[str, Any]]) -> None:
    """Append to `changes` one record for each audited row a flush inserts, alters or deletes."""

    def after_flush(flushed: Session, _context: UOWTransaction) -> None:
        for row in flushed.new:
            _note(changes, row, "new")
        for row in flushed.dirty:
            if flushed.is_modified(row):
                _note(changes, row, "changed")
        for row in flushed.deleted:
            _note(changes, row, "deleted")

    event.listen(session, "after_flush", after_flush)


def _note(changes: list[dict[str, Any]], row: Any, how: str) -> None:
    if not getattr(row, "__audited__", False):
        return
    was, now = _columns(row, how)
    if how == "changed" and not now:
        return
    identity = inspect(row).mapper.primary_key_from_instance(row)
    record: dict[str, Any] = {"row": row.__tablename__, "id": [plain(part) for part in identity]}
    if how == "deleted":
        record["deleted"] = True
    if was:
        record["was"] = was
    if now:
        record["now"] = now
    changes.append(record)


def _columns(row: Any, how: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Each column before and after, but for those that only follow from others."""
    state = inspect(row)
    was: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for attribute in state.mapper.column_attrs:
        key = attribute.key
        if key in row.__unaudited__:
            continue
        told = _commitment if key in row.__committed__ else plain
        history = state.attrs[key].history
        if how == "new":
            if history.added and history.added[0] is not None:
                now[key] = told(history.added[0])
        elif how == "deleted":
            was[key] = told(state.dict.get(key))
        elif history.has_changes():
            was[key] = told(history.deleted[0]) if history.deleted else None
            now[key] = told(history.added[0]) if history.added else None
    return was, now


def _commitment(value: Any) -> Any:
    """What somebody wrote, as a hash: enough to prove it by, nothing to read."""
    return plain(value.encode()) if isinstance(value, str) else plain(value)


def plain(value: Any) -> Any:
    """JSON for the audit log; sealed bytes appear as a commitment only."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return format(value.normalize(), "f")
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return "sealed:" + hashlib.sha256(bytes(value)).hexdigest()[:24]
        case dict():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(inner) for inner in value]
        case _:
            return str(value)
