"""The one way out: resolved once, checked, connected to the checked number; nothing followed.

Names are resolved here and nowhere else, every number a name resolves to must be public, and the
connection goes to a number that was checked, so that a name which answers differently the second
time gains nothing. Addresses inside our own network are called only when the operator lists them.
"""

import asyncio
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, Final, cast

import httpcore2
import httpx2
import msgspec
import structlog

from stoa.connectors.addresses import Address, public
from stoa.connectors.loose import BENT
from stoa.connectors.trouble import Blocked, NoAnswer, Unreachable, Unreadable
from stoa.kernel.faultpoints import faultpoint

CONNECT_S: Final = 2.0
TOTAL_S: Final = 10.0
MAX_BYTES: Final = 1024 * 1024
_MAX_URL: Final = 4096
_NUMBERS: Final = 8
_LOWEST_STREAM_PORT: Final = 1024
_ANY_PORT: Final = "any_port"

Resolve = Callable[[str, int], Awaitable[Iterable[str]]]
"""From a host and a port to the numbers it has now."""

# Both write whole URLs, with their queries, at INFO.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)

log = structlog.get_logger(__name__)


class Reply(msgspec.Struct, frozen=True):
    """A whole answer: read to its end, within the limits, never decompressed."""

    status: int
    headers: httpx2.Headers
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Raises Unreadable where the body is not JSON."""
        try:
            return msgspec.json.decode(self.body)
        except BENT as why:
            raise Unreadable("The provider's answer could not be read.") from why


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver; the order is the system's own preference."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Gate:
    """Decides where a connection may go. `allowed` holds the operator's own `host:port` entries."""

    def __init__(self, allowed: Collection[str] = (), resolver: Resolve = resolve) -> None:
        self._allowed = frozenset(entry.lower() for entry in allowed)
        self._resolver = resolver

    def listed(self, host: str, port: int) -> bool:
        return f"{_plain(host)}:{port}" in self._allowed

    def require_url(self, url: httpx2.URL, *, any_port: bool = False) -> None:
        """Https on its usual port to a name, unless the operator listed the place.

        `any_port` is for servers that a tenant runs for itself, whose ports are their own: any above
        1023, as for raw connections. What lies in our own network stays out of reach all the same.

        Raises:
            Blocked: anything else, credentials in the address included.
        """
        if not url.host or url.userinfo or len(str(url)) > _MAX_URL:
            raise _blocked()
        port = url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        if self.listed(url.host, port) and url.scheme in {"http", "https"}:
            return
        own = any_port and port >= _LOWEST_STREAM_PORT
        if url.scheme != "https" or not (port == 443 or own):
            raise _blocked()

    async def numbers(self, host: str, port: int) -> list[str]:
        """The checked numbers to connect to, at least one.

        Raises:
            Blocked: one of them is not public.
            Unreachable: the name has none, or the resolver is silent.
        """
        try:
            async with asyncio.timeout(CONNECT_S):
                found = list(await self._resolver(_plain(host), port))[:_NUMBERS]
        except (OSError, UnicodeError, TimeoutError) as why:
            raise Unreachable("The provider's address is not found.") from why
        if not found:
            raise Unreachable("The provider's address is not found.")
        if not self.listed(host, port) and not all(public(_number(one)) for one in found):
            raise _blocked()
        return found


class _CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Gives the connection pool connections to checked numbers only."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._wire = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        trouble: Exception = httpcore2.ConnectError("no address")
        for number in await self._gate.numbers(host, port):
            try:
                return await self._wire.connect_tcp(
                    number, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as why:
                trouble = why
        raise trouble

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise _blocked()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Transport(httpx2.AsyncHTTPTransport):
    """For clients of libraries, such as OpenID Connect: the same gate under their own client."""

    def __init__(self, gate: Gate, tls: ssl.SSLContext | None = None) -> None:
        context = tls or httpx2.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._gate = gate
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=_CheckedBackend(gate),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._gate.require_url(request.url, any_port=bool(request.extensions.get(_ANY_PORT)))
        return await super().handle_async_request(request)


class Egress:
    """Sends one request and reads one answer; never retries, never follows a redirect."""

    def __init__(
        self,
        allowed: Collection[str] = (),
        *,
        resolver: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.gate = Gate(allowed, resolver)
        self._tls = tls
        self._client = httpx2.AsyncClient(
            transport=Transport(self.gate, tls),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(TOTAL_S, connect=CONNECT_S, pool=CONNECT_S),
            headers={"accept-encoding": "identity", "user-agent": "back-office/1"},
        )

    def transport(self) -> Transport:
        """A new transport behind the same gate; whoever takes it closes it."""
        return Transport(self.gate, self._tls)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        total_s: float = TOTAL_S,
        max_bytes: int = MAX_BYTES,
        cut: bool = False,
        any_port: bool = False,
    ) -> Reply:
        """One exchange within `total_s` seconds and `max_bytes` of answer.

        With `cut` a longer answer is kept as far as that: for those whose status alone counts;
        `any_port` is for a tenant's own server (see `Gate.require_url`).

        Raises:
            Blocked: the address is not one we call.
            Unreachable: nothing was sent.
            NoAnswer: something was sent, and no whole answer came within the limits.
        """
        try:
            target = httpx2.URL(url)
        except (httpx2.InvalidURL, UnicodeError) as why:
            raise _blocked() from why
        began = time.monotonic()
        status = "none"
        try:
            faultpoint("egress.asking")
            async with asyncio.timeout(total_s):
                answer = await self._exchange(
                    method, target, headers, content, max_bytes + 1, any_port=any_port
                )
                faultpoint("egress.answered")
                reply = _within(answer, max_bytes, cut=cut)
                status = str(reply.status)
                return reply
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as why:
            raise Unreachable("The provider cannot be reached.") from why
        except (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as why:
            raise Unreachable("The request could not be written.") from why
        except (httpx2.HTTPError, TimeoutError) as why:
            raise NoAnswer("The provider did not answer.") from why
        finally:
            took_ms = round((time.monotonic() - began) * 1000)
            place = f"{target.scheme}://{target.netloc.decode()}{target.path}"
            # Polls that found nothing amiss are nearly all there is; whoever wants them asks.
            note = log.debug if method == "GET" and status[:1] == "2" else log.info
            note("egress", method=method, place=place, status=status, took_ms=took_ms)

    async def open_stream(
        self, host: str, port: int, *, tls: bool = False
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw connection for protocols that are not HTTP.

        Raises:
            Blocked: the address is not one we call.
            Unreachable: no connection came about.
        """
        if not self.gate.listed(host, port) and port != 443 and port < _LOWEST_STREAM_PORT:
            raise _blocked()
        context = (self._tls or ssl.create_default_context()) if tls else None
        trouble: Exception | None = None
        for number in await self.gate.numbers(host, port):
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(
                        number, port, ssl=context, server_hostname=host if tls else None
                    )
            except (OSError, TimeoutError) as why:
                trouble = why
        raise Unreachable("The server cannot be reached.") from trouble

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _exchange(
        self,
        method: str,
        url: httpx2.URL,
        headers: dict[str, str] | None,
        content: bytes | None,
        most: int,
        *,
        any_port: bool,
    ) -> Reply:
        async with self._client.stream(
            method, url, headers=headers, content=content, extensions={_ANY_PORT: any_port}
        ) as answer:
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                raise Unreadable("The provider's answer is packed, though we asked for plain.")
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) >= most:
                    break
            return Reply(answer.status_code, answer.headers, bytes(body))


def _within(reply: Reply, max_bytes: int, *, cut: bool) -> Reply:
    if len(reply.body) <= max_bytes:
        return reply
    if not cut:
        raise Unreadable("The provider's answer is too large.")
    return Reply(reply.status, reply.headers, reply.body[:max_bytes])


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _number(text: str) -> Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as why:
        raise _blocked() from why


def _blocked() -> Blocked:
    return Blocked("This address is not one we may call.", field="base_url")
