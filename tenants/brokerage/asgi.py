"""The web: one process that has read the product, and the workers it forks."""

from typing import Final
from uuid import UUID

from arq.connections import ArqRedis
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from brokerage.product import PRODUCT
from brokerage.web import assemble
from stoa.jobs.bell import Bell
from stoa.jobs.worker import connect as connect_bell
from stoa.kernel.config import Config
from stoa.web.app import connect
from stoa.web.logs import set_up
from stoa.web.shares import Evenly, Shares

_GRACE_S: Final = 10
"""How long a worker that is told to stop may finish what it has in hand."""


_SHARES: Final = Shares()
"""Made as this is read, before the workers are forked."""


class Rings:
    """Wakes the worker at once for what a person waits for; the relay would within a second."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._pool: ArqRedis | None = None

    async def _ring(self, job: str, *words: str) -> None:
        if self._pool is None:
            self._pool = await connect_bell(self._url)
        await self._pool.enqueue_job(job, *words)

    async def provision(self) -> None:
        await self._ring("provision")

    async def replay(self, tenant: UUID) -> None:
        await self._ring("replay", str(tenant))


def create() -> Evenly:
    """Reads the configuration, connects, and refuses to start with an undeclared handler."""
    set_up("web")
    config = Config.load()
    state = connect(config, PRODUCT, application="web")
    state.door.after_commit = Bell(state.redis)
    rings = Rings(config.redis_url)
    state.extras |= {"provision_bell": rings.provision, "replay_bell": rings.replay}
    return Evenly(assemble(state), _SHARES)


def serve(host: str, port: int, workers: int) -> None:
    """Listen until told to stop.

    Workers are forked from this process and share what it has read: each comes in the time of
    its own connections, and takes the memory of its own doings.
    """
    Granian(
        "brokerage.asgi:create",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        websockets=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=_GRACE_S,
    ).serve(target_loader=create, wrap_loader=False)
