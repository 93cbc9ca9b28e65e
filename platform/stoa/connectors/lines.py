"""One line to the outside per tenant and connector: its breaker, its few places, its health.

A provider that hangs fills only its own line: the places are counted per tenant and connector, so
that the other lines, and the other tenants, keep theirs.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, Protocol

import msgspec

from stoa.connectors.breaker import Breaker, BreakerView, Limits
from stoa.connectors.egress import MAX_BYTES, TOTAL_S, Egress, Reply
from stoa.connectors.health import Health, HealthView
from stoa.connectors.trouble import Unreachable, Withheld
from stoa.kernel.refusals import Refusal, Unavailable

_TOO_MANY: Final = 429
_THEIR_FAULT: Final = 500
_MOST_LINES: Final = 10_000
_WAIT_S: Final = 1.0


class Http(Protocol):
    """What a connector needs of HTTP: one request, one answer, and the two kinds of silence."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        total_s: float = TOTAL_S,
        max_bytes: int = MAX_BYTES,
    ) -> Reply: ...


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of one line in one process; plain data, to be stored or sent on."""

    tenant: str
    connector: str
    breaker: BreakerView
    health: HealthView
    busy: int


class Call:
    """One call under way; marked `failed` when an answer came that is none."""

    def __init__(self) -> None:
        self.trouble: str | None = None

    def failed(self, trouble: str) -> None:
        self.trouble = trouble


class Line:
    """The way to one connector of one tenant. Speaks HTTP itself; `guard` is for all else."""

    def __init__(
        self,
        egress: Egress,
        *,
        limits: Limits | None = None,
        at_once: int = 8,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.egress = egress
        self.breaker = Breaker(limits)
        self.health = Health()
        self.tokens: dict[str, tuple[str, float]] = {}
        self._steady = steady
        self._at_once = at_once
        self._places = asyncio.Semaphore(at_once)
        self._busy = 0

    @asynccontextmanager
    async def guard(self) -> AsyncGenerator[Call]:
        """Hold one place for one call, and learn from how it ends.

        Raises:
            Withheld: the breaker is open, or all places stayed taken. Nothing was sent.
        """
        async with self._place():
            began = self._steady()
            ticket = self.breaker.enter(began)
            if ticket is None:
                raise Withheld(
                    "The provider is not answering; we will try again soon.", code="breaker-open"
                )
            call = Call()
            try:
                yield call
            except Unavailable as why:
                self._failed(ticket, began, why.code)
                raise
            except Refusal:
                self._succeeded(ticket, began)  # they answered; the answer was no
                raise
            except BaseException:
                self.breaker.abandoned(ticket)
                raise
            if call.trouble is None:
                self._succeeded(ticket, began)
            else:
                self._failed(ticket, began, call.trouble)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        total_s: float = TOTAL_S,
        max_bytes: int = MAX_BYTES,
        any_port: bool = False,
    ) -> Reply:
        """As `Egress.request`; an answer of 429 or 5xx counts against the provider."""
        async with self.guard() as call:
            reply = await self.egress.request(
                method,
                url,
                headers=headers,
                content=content,
                total_s=total_s,
                max_bytes=max_bytes,
                any_port=any_port,
            )
            if reply.status == _TOO_MANY or reply.status >= _THEIR_FAULT:
                call.failed(f"http-{reply.status}")
            return reply

    def view(self, tenant: str, connector: str) -> LineView:
        return LineView(
            tenant=tenant,
            connector=connector,
            breaker=self.breaker.view(self._steady()),
            health=self.health.view(),
            busy=self._busy,
        )

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._places.acquire()
        except TimeoutError as why:
            raise Withheld("The provider is answering too slowly.", code="line-full") from why
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            self._places.release()

    def _succeeded(self, ticket: int, began: float) -> None:
        now = self._steady()
        self.breaker.succeeded(ticket, now, now - began)
        self.health.succeeded(datetime.now(UTC), now - began)

    def _failed(self, ticket: int, began: float, trouble: str) -> None:
        now = self._steady()
        self.breaker.failed(ticket, now, now - began)
        self.health.failed(datetime.now(UTC), trouble)


class Lines:
    """All lines of this process; the longest unused are forgotten beyond a bound."""

    def __init__(
        self,
        egress: Egress,
        *,
        limits: Limits | None = None,
        at_once: int = 8,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.egress = egress
        self._limits = limits
        self._at_once = at_once
        self._steady = steady
        self._lines: OrderedDict[tuple[str, str], Line] = OrderedDict()

    def of(self, tenant: str, connector: str) -> Line:
        """The line of one tenant to one configured connector, made on first use."""
        key = (tenant, connector)
        line = self._lines.get(key)
        if line is None:
            line = Line(
                self.egress, limits=self._limits, at_once=self._at_once, steady=self._steady
            )
            self._lines[key] = line
            if len(self._lines) > _MOST_LINES:
                self._lines.popitem(last=False)
        self._lines.move_to_end(key)
        return line

    def views(self, tenant: str | None = None) -> list[LineView]:
        """Snapshots for a status page: of one tenant, or of all."""
        return [line.view(*key) for key, line in self._lines.items() if tenant in {None, key[0]}]


def was_sent(why: Unavailable) -> bool:
    """Whether the other side may have acted: only a call that never left is certain."""
    return not isinstance(why, Unreachable)
