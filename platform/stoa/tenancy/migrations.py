"""Two lines of migrations: written with alembic, rendered once, applied to many schemas.

Alembic's proxies are process-wide and a run per schema costs half a second, so a step is rendered
to SQL once and each schema gets it in a transaction of its own. Progress is kept per schema in the
registry and inside the schema itself; a run that stopped goes on where it was.
"""

import asyncio
import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal

import asyncpg
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory

from stoa.kernel import where
from stoa.tenancy.blank import REVISION_TABLE, grants

Line = Literal["platform", "tenants"]
_LOCK_TIMEOUT_MS: Final = 2000
_TRIES: Final = 4
_ABREAST: Final = 4
_RIGHTS_AS_THEY_WERE: Final = re.compile(
    r"(ALTER TABLE(?!.*\bOWNER\b)|ALTER INDEX|CREATE (UNIQUE )?INDEX|DROP (INDEX|TABLE)|COMMENT|"
    r"INSERT|UPDATE|DELETE)\b",
    re.IGNORECASE | re.DOTALL,
)


def config(line: Line, **attributes: Any) -> AlembicConfig:
    made = AlembicConfig()
    made.set_main_option("script_location", str(where.migrations() / line).replace("%", "%%"))
    made.attributes.update(attributes)
    return made


@cache
def head(line: Line) -> str:
    """The newest revision's id; `0` while a line has none.

    Read once: files that arrive under a running process are not what its models are of.
    """
    return ScriptDirectory.from_config(config(line)).get_current_head() or "0"


def render(line: Line, start: str, end: str = "head") -> str:
    """The SQL from one revision to another, without transaction statements."""
    buffer = io.StringIO()
    first = "base" if start in {"", "0"} else start
    version_schema = "platform" if line == "platform" else None
    attributes = config(line, buffer=buffer, version_schema=version_schema)
    command.upgrade(attributes, f"{first}:{end}", sql=True)
    return re.sub(r"^(BEGIN|COMMIT);\s*$", "", buffer.getvalue(), flags=re.MULTILINE)


async def upgrade_platform(owner: asyncpg.Connection) -> tuple[str, str]:
    """Bring the platform schema to the head; returns (from, to)."""
    exists = await owner.fetchval(
        "select to_regclass($1) is not null", f"platform.{REVISION_TABLE}"
    )
    now = "0"
    if exists:
        now = await owner.fetchval(f"select version_num from platform.{REVISION_TABLE}") or "0"  # noqa: S608
    newest = head("platform")
    if now != newest:
        sql = await asyncio.to_thread(render, "platform", now)
        async with owner.transaction():
            await owner.execute("set local search_path = platform; " + sql)
    await owner.execute(
        "GRANT USAGE ON SCHEMA platform TO stoa_control; "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA platform TO stoa_control; "
        "REVOKE UPDATE, DELETE ON platform.audit_entry FROM stoa_control"
    )
    return now, newest


@dataclass
class FleetReport:
    """What a run over all schemas did; `failed` maps a schema to its error."""

    newest: str
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


async def migrate_fleet(dsn: str, *, abreast: int = _ABREAST) -> FleetReport:
    """Bring every schema behind the head to it. One query when there is nothing to do."""
    return await bring(
        dsn, head("tenants"), lambda start: render("tenants", start), abreast=abreast
    )


async def bring(
    dsn: str, newest: str, script: Callable[[str], str], *, abreast: int = _ABREAST
) -> FleetReport:
    """Bring every schema that is not at `newest` there; `script` is the SQL from where one is."""
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=abreast)
    report = FleetReport(newest)
    try:
        behind = await pool.fetch(
            "select name, revision from platform.schema_slot "
            "where revision <> $1 and state in ('claimed', 'blank') order by state, made_at",
            newest,
        )
        steps = {row["revision"] for row in behind}
        scripts = {start: await asyncio.to_thread(script, start) for start in steps}
        gate = asyncio.Semaphore(abreast)

        async def one(name: str, start: str) -> None:
            async with gate, pool.acquire() as owner:
                error = await apply(owner, name, scripts[start], newest)
            if error is None:
                report.done.append(name)
            else:
                report.failed[name] = error

        await asyncio.gather(*(one(row["name"], row["revision"]) for row in behind))
    finally:
        await pool.close()
    return report


def leaves_rights(sql: str) -> bool:
    """Whether a step only does what no right hangs on, so that none need be given again.

    Rights are on whole tables: giving them anew to ninety tables takes five times as long as
    adding a column. Whatever is not known to be harmless counts as touching them.
    """
    bare = re.sub(r"--[^\n]*", "", sql)
    return all(
        _RIGHTS_AS_THEY_WERE.match(statement.strip())
        for statement in bare.split(";")
        if statement.strip()
    )


async def apply(owner: Any, schema: str, sql: str, newest: str) -> str | None:
    """One schema, one transaction, recorded in the same commit. Returns the error or None."""
    error = "locked by another migrator"
    for attempt in range(_TRIES):
        try:
            async with owner.transaction():
                await owner.execute(
                    f'set local search_path = "{schema}"; set local lock_timeout = {_LOCK_TIMEOUT_MS}'
                )
                if not await owner.fetchval(
                    "select pg_try_advisory_xact_lock(hashtext('migrate'), hashtext($1))", schema
                ):
                    return error
                await owner.execute(sql if leaves_rights(sql) else f"{sql};{grants(schema)}")
                await owner.execute(
                    "update platform.schema_slot set revision = $2, migrated_at = now(), "
                    "error = null where name = $1",
                    schema,
                    newest,
                )
        except asyncpg.LockNotAvailableError as why:
            error = str(why)
            await asyncio.sleep(0.1 * 2**attempt * (1 + random.random()))  # noqa: S311
        except asyncpg.PostgresError as why:
            error = f"{type(why).__name__}: {why}"
            break
        else:
            return None
    await owner.execute(
        "update platform.schema_slot set error = $2 where name = $1", schema, error[:2000]
    )
    return error
