"""Who calls, how often, and what every answer says about it."""

import time
from dataclasses import dataclass
from typing import Any, Final

import structlog
from litestar import Request
from litestar.response import Response
from redis.exceptions import RedisError

from brokerage.api.settings import ApiSettings
from stoa.identity import api_clients
from stoa.kernel.refusals import Denied, TooMany, Unauthenticated
from stoa.tenancy.actor import Actor
from stoa.tenancy.work import Work
from stoa.theming.rights import Right
from stoa.web import errors, limits
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

log = structlog.get_logger("brokerage.api")
WINDOW_S: Final = 60
_BAD_TOKENS_A_MINUTE: Final = 60


@dataclass(slots=True)
class Meter:
    """A key's calls in this window, as the answer's headers tell them."""

    what: str
    limit: int
    remaining: int
    reset_s: int


async def api_actor(request: AnyRequest, work: Work) -> Actor:
    """The actor behind the bearer token, counted. Raises Unauthenticated or TooMany."""
    state: State = request.app.state.stoa
    seen = visit(request)
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not bearer.strip():
        raise Unauthenticated(
            "Send an access token: Authorization: Bearer …. One is had at /api/oauth/token.",
            code="token",
        )
    try:
        actor = await api_clients.admitted(work, bearer.strip(), seen.ip)
    except Unauthenticated:
        tries = f"api-bad:{seen.ip}"
        most = _BAD_TOKENS_A_MINUTE
        await limits.spend(state.redis, work.tenant.id, tries, most=most, per_s=WINDOW_S)
        raise
    await _count(request, work, actor, state)
    log.info("key used", key=str(actor.session), request=seen.request_id)
    return actor


async def _count(request: AnyRequest, work: Work, actor: Actor, state: State) -> None:
    most = work.settings(ApiSettings).calls_per_minute
    moment = time.time()
    window = int(moment // WINDOW_S)
    meter = Meter(f"api:{actor.session}:{window}", most, 0, WINDOW_S - int(moment % WINDOW_S))
    request.scope["state"]["api_meter"] = meter
    try:
        meter.remaining = await limits.spend(
            state.redis, work.tenant.id, meter.what, most=most, per_s=WINDOW_S
        )
    except TooMany as why:
        raise TooMany(
            "This key has made {limit} calls in this minute. Nothing was changed.",
            retry_after_s=meter.reset_s,
            limit=most,
        ) from why


async def give_back(request: AnyRequest, work: Work) -> None:
    """A replayed answer costs nothing."""
    meter: Meter | None = request.scope["state"].get("api_meter")
    if meter is None:
        return
    state: State = request.app.state.stoa
    try:
        await state.redis.decr(f"t:{work.tenant.id}:limit:{meter.what}")
        meter.remaining = min(meter.limit, meter.remaining + 1)
    except (RedisError, OSError):
        return


def headers(request: AnyRequest) -> dict[str, str]:
    """Limit, remaining and seconds to the reset, once the key is known."""
    meter: Meter | None = request.scope.get("state", {}).get("api_meter")
    if meter is None:
        return {}
    return {
        "ratelimit-limit": str(meter.limit),
        "ratelimit-remaining": str(meter.remaining),
        "ratelimit-reset": str(meter.reset_s),
    }


def refused(request: AnyRequest, raised: Exception) -> Response[Any]:
    """The product's problem document with the API's headers (RFC 6750 names the scope that lacks)."""
    answer = errors.refused(request, raised)
    for name, value in headers(request).items():
        answer.headers[name] = value
    if answer.status_code == Unauthenticated.status:
        answer.headers["www-authenticate"] = 'Bearer error="invalid_token"'
    if isinstance(raised, Denied) and isinstance(raised.places.get("permission"), Right):
        scope = str(raised.places["permission"])
        answer.headers["www-authenticate"] = f'Bearer error="insufficient_scope", scope="{scope}"'
    return answer
