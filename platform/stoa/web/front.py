"""The outermost layer: host to tenant by exact match, limits, request id, security headers.

Two applications stand behind it, the tenants' and the control plane's; a host leads to one of
them or nowhere. Client addresses are believed from a proxy only where the configuration names it.
"""

import ipaddress
import time
from dataclasses import replace
from typing import Any, Final

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from stoa.kernel.ids import token, uuid7
from stoa.tenancy.registry import TenantRef
from stoa.web import cookies, errors, nowhere
from stoa.web.open import UNREACHABLE
from stoa.web.reader import LANGUAGE_COOKIE, spoken
from stoa.web.state import State
from stoa.web.visit import Visit

log = structlog.get_logger("stoa.access")

MAX_BODY: Final = 1_048_576
MAX_UPLOAD: Final = 16 * 1_048_576
_VISITOR_LIFE_S: Final = 86_400
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=(), payment=()"),
    (b"x-frame-options", b"DENY"),
)


def policy(nonce: str) -> bytes:
    """Content security policy of every page: own scripts by nonce, nothing from elsewhere."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; "
        f"style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "manifest-src 'self'; frame-src 'self' blob:; object-src 'none'"
    ).encode()


class Front:
    """Dispatches by host. `static` and `health` are paths served on every host before tenancy."""

    def __init__(
        self, *, state: State, tenants: Any, control: Any, static: ASGIApp, uploads: tuple[str, ...]
    ) -> None:
        self._state = state
        self._tenants = tenants
        self._control = control
        self._static = static
        self._uploads = uploads

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._tenants(scope, receive, send)
            return
        send = _unnamed(send)
        if scope["type"] != "http":
            await _plain(send, 404, b"not found")
            return
        if scope["path"].startswith("/static/"):
            await self._static(scope, receive, send)
            return
        await self._http(scope, receive, send)

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        host = normal_host(headers.get(b"host", []))
        if host is None:
            await _nowhere(send, headers, 400)
            return
        control = host == self._state.config.control_host
        try:
            tenant = None if control else await self._tenant(host)
        except errors.AWAY:
            log.warning("database away", exc_info=True)
            tenant = self._state.door.registry.last_known(host)
            if tenant is None:
                await _nowhere(send, headers, 503)
                return
            # The page is drawn in its brand; nothing of it is opened under what may be outdated.
            tenant = replace(tenant, state=UNREACHABLE)
        if not control and tenant is None:
            await _nowhere(send, headers, 421)
            return
        seen = self._visit(scope, headers, host, tenant)
        scope.setdefault("state", {})
        scope["state"]["visit"] = seen
        limit = MAX_UPLOAD if scope["path"].startswith(self._uploads) else MAX_BODY
        if int(_first(headers, b"content-length") or 0) > limit:
            await _nowhere(send, headers, 413)
            return
        started = time.perf_counter()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *self._added(message, seen)]
            await send(message)

        app = self._control if control else self._tenants
        try:
            await app(scope, _limited(receive, limit), answer)
        finally:
            log.info(
                "request",
                method=scope["method"],
                route=scope.get("path_template", ""),
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
                request=seen.request_id,
                tenant=str(seen.tenant.id) if seen.tenant else None,
                actor=str(seen.actor.id) if seen.actor and seen.actor.id else None,
            )

    async def _tenant(self, host: str) -> TenantRef | None:
        found = await self._state.door.registry.by_host(host)
        if found is None or found.state not in {"active", "suspended"}:
            return None
        return found

    def _visit(
        self,
        scope: Scope,
        headers: dict[bytes, list[bytes]],
        host: str,
        tenant: TenantRef | None,
    ) -> Visit:
        name = cookies.name("visitor", secure=self._state.secure)
        visitor = _cookie(headers, name)
        seen = Visit(host, str(uuid7()), self._peer(scope, headers), tenant=tenant)
        if not visitor:
            visitor = token(18)
            seen.set_cookies.append((name, visitor, _VISITOR_LIFE_S))
        seen.visitor = visitor
        if tenant is not None:
            seen.csrf = self._state.door.keys(tenant).mac("csrf", visitor)
        else:
            seen.csrf = self._state.control_mac("csrf", visitor)
        return seen

    def _peer(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> str:
        peer = (scope.get("client") or ("", 0))[0] or ""
        trusted = self._state.config.trusted_proxies
        if trusted and peer:
            address = ipaddress.ip_address(peer)
            forwarded = b",".join(headers.get(b"x-forwarded-for", [])).decode("latin-1")
            for hop in reversed([h.strip() for h in forwarded.split(",") if h.strip()]):
                if not any(address in network for network in trusted):
                    break
                try:
                    address = ipaddress.ip_address(hop)
                except ValueError:
                    break
            return str(address)
        return peer

    def _added(self, message: Any, seen: Visit) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in message.get("headers", [])}
        added = [pair for pair in _HEADERS if pair[0] not in present]
        added.append((b"x-request-id", seen.request_id.encode()))
        if b"content-security-policy" not in present:
            added.append((b"content-security-policy", policy(seen.nonce)))
        if b"cache-control" not in present:
            added += [(b"cache-control", b"no-store, private"), (b"vary", b"Cookie, HX-Request")]
        secure = self._state.secure
        if secure:
            added.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
        for name, value, age in seen.set_cookies:
            made = cookies.header(name, value, secure=secure, max_age_s=age)
            added.append((b"set-cookie", made.encode()))
        return added


def _unnamed(send: Send) -> Send:
    """Every answer calls its server `web`, or the one below would write which software it is."""

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), (b"server", b"web")]
        await send(message)

    return sent


def normal_host(values: list[bytes]) -> str | None:
    """The host name without port, lower case; None when it is not one plain name."""
    if len(values) != 1:
        return None
    text = values[0].decode("latin-1").strip().lower()
    name, _, port = text.partition(":")
    if port and not port.isdigit():
        return None
    if not name or name.endswith(".") or any(c not in _HOST_CHARS for c in name):
        return None
    return name


_HOST_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")


def _headers(scope: Scope) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return found


def _first(headers: dict[bytes, list[bytes]], name: bytes) -> bytes | None:
    values = headers.get(name)
    return values[0] if values and values[0].isdigit() else None


def _cookie(headers: dict[bytes, list[bytes]], name: str) -> str | None:
    for line in headers.get(b"cookie", []):
        for part in line.decode("latin-1").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name and value:
                return value
    return None


def _limited(receive: Receive, limit: int) -> Receive:
    """Cuts a body that lied about its length: the handler sees a closed connection."""
    taken = 0

    async def bounded() -> Any:
        nonlocal taken
        message: Any = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                return {"type": "http.disconnect"}
        return message

    return bounded


def _language(headers: dict[bytes, list[bytes]]) -> str | None:
    accepted = b",".join(headers.get(b"accept-language", [])).decode("latin-1")
    return spoken(_cookie(headers, LANGUAGE_COOKIE), accepted)


async def _nowhere(send: Send, headers: dict[bytes, list[bytes]], status: int) -> None:
    accept = b",".join(headers.get(b"accept", [])).decode("latin-1")
    await nowhere.answer(send, status, language=_language(headers) or "en", accept=accept)


async def _plain(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
