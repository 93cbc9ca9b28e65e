"""What every handler of a process shares: the door, the product, the configuration."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from stoa.kernel.config import Config
from stoa.product import Product
from stoa.tenancy.actor import Actor
from stoa.tenancy.door import Door
from stoa.tenancy.work import PlatformWork, Work
from stoa.web import cookies

ApiActor = Callable[[Any, Work], Awaitable[Actor]]
OperatorApiActor = Callable[[Any, PlatformWork], Awaitable[Actor]]


async def _no_api(_request: Any, _work: Any) -> Actor:
    from stoa.kernel.refusals import Unauthenticated

    raise Unauthenticated("This installation offers no API.")


@dataclass(slots=True)
class State:
    config: Config
    door: Door
    product: Product
    redis: Redis
    api_actor: ApiActor = _no_api
    operator_api_actor: OperatorApiActor = _no_api
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def secure(self) -> bool:
        return self.config.scheme == "https"

    def cookie(self, audience: str) -> str:
        return cookies.name(audience, secure=self.secure)

    def control_mac(self, purpose: str, text: str) -> str:
        return hmac.digest(self.door.master.raw, f"{purpose}|{text}".encode(), "sha256").hex()
