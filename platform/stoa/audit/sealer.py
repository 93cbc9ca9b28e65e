"""Chains audit entries: each hash covers the one before, so nothing can be changed, removed or
re-ordered unseen. Runs a moment after the commit, below the oldest running transaction.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text

from stoa.kernel.faultpoints import faultpoint
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef

BATCH: Final = 500
GENESIS: Final = b"\0" * 32
FIELDS: Final = (
    "id",
    "tenant",
    "at",
    "action",
    "actor_kind",
    "actor",
    "actor_name",
    "on_behalf_of",
    "reason",
    "request",
    "subject",
    "changes",
)
TEXT: Final = (
    "e.id::text as id, e.tenant::text as tenant, "
    "to_char(e.at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at, e.action, "
    "e.actor_kind, e.actor::text as actor, e.actor_name, e.on_behalf_of::text as on_behalf_of, "
    "e.reason, e.request, e.subject::text as subject, e.changes"
)
LAST: Final = text(
    "select number, hash, xid::text as xid, entry from audit_seal order by number desc limit 1"
)
WAITING: Final = text(
    f"select {TEXT}, e.xid::text as xid from audit_entry e "  # noqa: S608 - constant columns
    "where e.xid < pg_snapshot_xmin(pg_current_snapshot()) "
    "and (e.xid, e.id) > (cast(cast(:xid as text) as xid8), :entry) "
    "order by e.xid, e.id limit :batch"
)
LOCK: Final = text("select pg_advisory_xact_lock(hashtext('seal'), hashtext(:schema))")


def canonical(entry: Any) -> bytes:
    """The text a link covers: the entry's fields as JSON with sorted keys and no spaces."""
    body = {name: getattr(entry, name) for name in FIELDS}
    return json.dumps(
        body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
    ).encode()


def link(previous: bytes, entry: Any) -> bytes:
    return hashlib.sha256(previous + canonical(entry)).digest()


async def seal(door: Door, tenant: TenantRef) -> int:
    """Chain what was committed since; returns how many entries were sealed."""
    sealed = 0
    while True:
        async with door.open(tenant, purpose="seal") as work:
            await work.run(LOCK, {"schema": tenant.schema})
            last = (await work.run(LAST)).first()
            number, previous, xid, entry = tuple(last) if last else (0, GENESIS, "0", 0)
            waiting: Sequence[Any] = await work.table(
                WAITING, {"xid": xid, "entry": entry, "batch": BATCH}
            )
            if not waiting:
                return sealed
            links: list[dict[str, Any]] = []
            for row in waiting:
                number += 1
                previous = link(previous, row)
                links.append({"n": number, "e": int(row.id), "x": row.xid, "h": previous})
            await work.run(INSERT, [item | {"at": work.now} for item in links])
            faultpoint("sealer.linked")
            sealed += len(links)
        if len(waiting) < BATCH:
            return sealed


INSERT: Final = text(
    "insert into audit_seal (number, entry, xid, hash, sealed_at) "
    "values (:n, :e, cast(cast(:x as text) as xid8), :h, :at)"
)
