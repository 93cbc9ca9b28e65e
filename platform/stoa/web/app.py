"""Assembles the two applications and the front before them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.datastructures import State as LitestarState
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from redis.asyncio import Redis

from stoa.kernel.config import Config
from stoa.product import Product
from stoa.tenancy.door import Door
from stoa.theming.static import Static
from stoa.web import access, errors, live
from stoa.web.front import Front
from stoa.web.open import platform_work, work
from stoa.web.state import State


def build(
    state: State,
    *,
    tenant_handlers: Sequence[Any],
    control_handlers: Sequence[Any],
    control_permissions: Sequence[str],
    openapi: OpenAPIConfig | None = None,
) -> Front:
    """The whole web process as one ASGI application. Raises UndeclaredAccess."""
    listeners = live.Listeners(state.redis)
    state.extras["listeners"] = listeners

    @asynccontextmanager
    async def life(_app: Litestar) -> AsyncGenerator[None]:
        yield
        await listeners.close()
        await state.door.close()
        await state.redis.aclose()

    tenants = _litestar(state, tenant_handlers, Provide(work), openapi, lifespan=[life])
    control = _litestar(state, control_handlers, Provide(platform_work), None, lifespan=[])
    access.verify(tenants.routes, state.product.permissions, ignore=_schema_paths(openapi))
    access.verify(control.routes, control_permissions)
    return Front(
        state=state,
        tenants=tenants,
        control=control,
        static=Static(),
        uploads=("/verify/", "/desk/"),
    )


def _schema_paths(openapi: OpenAPIConfig | None) -> tuple[str, ...]:
    return () if openapi is None else ("/api/docs", "/api/docs/openapi.json")


def _litestar(
    state: State,
    handlers: Sequence[Any],
    work_provider: Provide,
    openapi: OpenAPIConfig | None,
    lifespan: list[Any],
) -> Litestar:
    return Litestar(
        route_handlers=list(handlers),
        dependencies={"work": work_provider},
        exception_handlers={Exception: errors.refused},
        openapi_config=openapi,
        state=LitestarState({"stoa": state}),
        lifespan=lifespan,
        logging_config=None,
        request_max_body_size=None,
        debug=False,
    )


def connect(config: Config, product: Product, *, application: str, pool: int = 8) -> State:
    """The shared state of a process: logins, keys and the bell."""
    from stoa.kernel.config import Role
    from stoa.vault.keys import MasterKey

    redis: Redis = Redis.from_url(config.redis_url)
    door = Door(
        app_dsn=config.dsn(Role.APP),
        control_dsn=config.dsn(Role.CONTROL),
        master=MasterKey.load(config.kek_file),
        slices=product.slices,
        pool=pool,
        application=application,
    )
    return State(config=config, door=door, product=product, redis=redis)
