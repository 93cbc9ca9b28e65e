"""Connections. Nothing outside `stoa.tenancy` and the command line asks for one."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

WAIT_S: Final = 5.0
_RECYCLE_S: Final = 900
_TENANTS_PER_CONNECTION: Final = 120
"""A backend keeps about 0.9 MB per schema it has touched and never gives it back."""


def _creator(url: URL, application: str, *, relaxed: bool) -> Callable[[], Any]:
    # The folder of a socket stands in the query: a URL has no other place for a path.
    host = str(url.query.get("host") or url.host or "")
    port = int(str(url.query.get("port") or url.port or 5432))

    async def connect(*_: Any, **__: Any) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            host=host,
            port=port,
            user=url.username,
            password=url.password,
            database=url.database,
            statement_cache_size=256,
            timeout=10,
            server_settings={
                "application_name": application,
                "timezone": "UTC",
                "jit": "off",
                **({"synchronous_commit": "off"} if relaxed else {}),
            },
        )
        # asyncpg would call set_config('jit', ...) before it looks at an array type; tenant
        # roles may not call set_config, and jit is off for the whole connection anyway.
        connection._server_caps = connection._server_caps._replace(jit=False)  # noqa: SLF001
        return connection

    return connect


def engine(
    dsn: str,
    *,
    application: str,
    size: int,
    overflow: int = 0,
    relaxed: bool = False,
    ping: bool = False,
    wait_s: float = WAIT_S,
) -> AsyncEngine:
    """A pool over one login. `dsn` is any postgresql URL with a password.

    `relaxed` does not wait for the disk at each commit: for making a demo, never for money.
    `ping` asks a connection whether it lives before it is used; the door of tenants finds out by
    its own first statement, which costs nothing more. Who finds all connections taken waits
    `wait_s` seconds before they are told that it is busy.
    """
    url = make_url(dsn)
    return create_async_engine(
        "postgresql+asyncpg://",
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=wait_s,
        pool_recycle=_RECYCLE_S,
        pool_pre_ping=ping,
        connect_args={
            "async_creator_fn": _creator(url, application, relaxed=relaxed),
            "prepared_statement_cache_size": 256,
            "prepared_statement_name_func": lambda: f"__a_{uuid4().hex}__",
        },
        # Every statement of the product names the transaction it belongs to.
        isolation_level="READ COMMITTED",
    )


def note_tenant(connection: Any, tenant: str) -> None:
    """Remember which tenants a physical connection served; retire it after many."""
    info: dict[str, Any] = connection.info
    served: set[str] = info.setdefault("tenants", set())
    served.add(tenant)


def recycle_after_many_tenants(made: AsyncEngine) -> None:
    @event.listens_for(made.sync_engine, "checkin")
    def retire(_dbapi: Any, record: Any) -> None:
        if len(record.info.get("tenants", ())) > _TENANTS_PER_CONNECTION:
            record.invalidate(soft=True)


class EnginePerRole:
    """Engines of tenants that connect as their own role; the least recently used are closed."""

    def __init__(self, base: URL, *, application: str, keep: int = 40) -> None:
        self._base = base
        self._application = application
        self._keep = keep
        self._engines: OrderedDict[str, AsyncEngine] = OrderedDict()

    def of(self, role: str, password: str) -> AsyncEngine:
        if role in self._engines:
            self._engines.move_to_end(role)
            return self._engines[role]
        url = self._base.set(username=role, password=password)
        made = engine(
            url.render_as_string(hide_password=False),
            application=self._application,
            size=2,
            overflow=2,
        )
        self._engines[role] = made
        if len(self._engines) > self._keep:
            _, oldest = self._engines.popitem(last=False)
            self._closing = asyncio.ensure_future(oldest.dispose())
        return made

    async def close(self) -> None:
        for made in self._engines.values():
            await made.dispose()
        self._engines.clear()
