"""What every HTTP stand-in is made of, and the path each call takes through its faults."""

import asyncio
import os
import re
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from sandbox.common.book import Book, Row
from sandbox.common.clock import Clock
from sandbox.common.faults import CALLBACKS, CALLS, Faults, Kind, Strike
from sandbox.common.hooks import Hooks
from sandbox.common.journal import Journal
from sandbox.common.later import Later
from sandbox.common.pages import Pages
from sandbox.common.wire import Answer, Asked, HangUp, Refused, Unreadable, as_json

Handler = Callable[[Asked], Answer]
BEFORE_ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class Options:
    state: Path
    port: int = 0
    host: str = "127.0.0.1"
    config: Path | None = None
    seed: int = 1
    settle_s: float = 1.0
    retry_base_s: float = 0.5
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler
    # The operation's name for faults; empty for pages and controls, which faults leave alone.
    op: str


class Provider:
    """A stand-in with merchants, an API, callbacks and switches."""

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    accent: ClassVar[str] = "#3d5afe"
    own_kinds: ClassVar[tuple[Kind, ...]] = ()
    callback_kinds: ClassVar[tuple[Kind, ...]] = CALLBACKS
    templates: ClassVar[Path]

    def __init__(self, options: Options) -> None:
        self.options = options
        self.journal = Journal(options.state / "journal.jsonl")
        self.book = Book(self.journal)
        self.clock = Clock(self.book)
        self.faults = Faults(
            self.book, (*self.own_kinds, *CALLS, *self.callback_kinds), options.seed
        )
        self.hooks = Hooks(
            self.book,
            self.clock,
            self.faults,
            sign=self.sign,
            bend=self.bend,
            base_s=options.retry_base_s,
        )
        self.later = Later(self.book)
        self.pages = Pages(self.templates, self.title, self.accent)
        self.routes: list[Route] = []
        self._tasks: list[asyncio.Task[None]] = []

    # What a provider says of itself.

    def sign(self, merchant: Row, raw: bytes, at: int) -> dict[str, str]:
        """The headers that prove a callback's origin."""
        raise NotImplementedError

    def bend(self, document: Row, what: str) -> Row:
        """The same callback with a wrong amount, currency or reference."""
        raise NotImplementedError

    def merchant_of(self, asked: Asked) -> Row:
        """Who calls; raises `Refused` in the provider's own shape when nobody we know."""
        raise NotImplementedError

    def merchant_row(self, given: Row) -> Row:
        """A merchant's row from what the config file or a test gave."""
        raise NotImplementedError

    def failure(self, status: int, message: str) -> Answer:
        """An error of the provider itself, in its own shape."""
        raise NotImplementedError

    def truth(self, merchant: str) -> Row:
        """What was really done, for one merchant or (empty) for all."""
        raise NotImplementedError

    def recent(self, count: int) -> list[Row]:
        """The latest things for the home page: at, what, id, amount, currency, status, link."""
        raise NotImplementedError

    # The life of the process.

    async def start(self) -> None:
        self.book.read_back()
        if self.options.config is not None:
            self._configure(msgspec.json.decode(self.options.config.read_bytes()))
        for run in (self.hooks.run, self.later.run, self.sweep):
            self._tasks.append(asyncio.create_task(self._keep(run)))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.hooks.close()
        await self.journal.close()

    async def sweep(self) -> None:
        """Whatever a provider does by the clock; nothing here."""

    async def every(self, seconds: float, act: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            with self.book.together():
                act()

    async def _keep(self, run: Callable[[], Any]) -> None:
        """A background loop that fails ends the process: half a provider misleads every test."""
        try:
            await run()
        except Exception:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(70)

    def _configure(self, given: Row) -> None:
        for merchant in given.get("merchants", []):
            self.enrol(merchant)
        for code, value in given.get("faults", {}).items():
            self.faults.set(code, value)

    def enrol(self, given: Row) -> Row:
        """Open, or change, a merchant's account."""
        row = self.merchant_row(given)
        known = self.book.get("merchants", row["id"])
        return row if known == row else self.book.put("merchant.enrolled", "merchants", row)

    # The way of a call.

    def on(self, method: str, path: str, handler: Handler, op: str = "") -> None:
        """Serve a path; `{name}` stands for one segment of it."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        self.routes.append(Route(method, re.compile(pattern + r"\Z"), handler, op))

    async def handle(self, asked: Asked) -> Answer:
        try:
            answer = await self._route(asked)
        except Refused as refusal:
            answer = refusal.answer
        except Unreadable as why:
            answer = self.failure(400, str(why))
        except HangUp:
            await self.journal.settled()
            raise
        except Exception:
            traceback.print_exc()
            answer = self.failure(500, "Something went wrong on our side.")
        await self.journal.settled()
        return answer

    async def _route(self, asked: Asked) -> Answer:
        other_method = False
        method = "GET" if asked.method == "HEAD" else asked.method
        for route in self.routes:
            found = route.pattern.match(asked.path)
            if found is None:
                continue
            if route.method != method:
                other_method = True
                continue
            asked = replace(asked, params=found.groupdict())
            if route.op:
                return await self._call(route, asked)
            with self.book.together():
                return route.handler(asked)
        if other_method:
            return self.failure(405, f"{asked.method} is not allowed on {asked.path}.")
        return self.failure(404, f"Unrecognized request URL ({asked.method}: {asked.path}).")

    async def _call(self, route: Route, asked: Asked) -> Answer:
        """One API call, with whatever the switches do to it before and after it is applied."""
        merchant = self.merchant_of(asked)["id"]
        about: dict[str, Any] = {"on": route.op, "merchant": merchant}
        changes = route.method != "GET"
        if (slow := self.faults.strike("slow_s", **about)) is not None:
            await asyncio.sleep(slow.seconds)
        if self.faults.strike("connection_reset", **about):
            raise HangUp
        if changes:
            if (held := self.faults.strike("timeout_before_apply", **about)) is not None:
                await self._hold(asked, held)
            if self.faults.strike("error_500_before_apply", **about):
                return self.failure(500, "An error occurred on our side; nothing was done.")

        with self.book.together():
            answer = route.handler(asked)

        if changes and answer.status < 400:
            if self.faults.strike("callback_before_answer", **about):
                await self._callbacks_first(merchant)
            await self._spoil(asked, about)
            if self.faults.strike("error_500_after_apply", **about):
                return self.failure(500, "An error occurred on our side.")
        if answer.status < 400 and self.faults.strike("wrong_json", **about):
            return Answer(answer.status, answer.content[: len(answer.content) // 2], answer.headers)
        return answer

    async def _spoil(self, asked: Asked, about: dict[str, Any]) -> None:
        if self.faults.strike("connection_reset_after_apply", **about):
            raise HangUp
        if (held := self.faults.strike("timeout_after_apply", **about)) is not None:
            await self._hold(asked, held)

    async def _hold(self, asked: Asked, strike: Strike) -> None:
        """Say nothing until the caller gives up or the time is over, then hang up."""
        await self.journal.settled()
        until = time.monotonic() + strike.seconds
        while time.monotonic() < until and not asked.gone():  # noqa: ASYNC110 - a socket has no event
            await asyncio.sleep(0.05)
        raise HangUp

    async def _callbacks_first(self, merchant: str) -> None:
        """Let every callback this call caused arrive before its answer."""
        until = time.monotonic() + self.options.settle_s + BEFORE_ANSWER_S
        await asyncio.sleep(self.options.settle_s + 0.1)
        while time.monotonic() < until and self.hooks.outstanding(merchant):  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    def base_url(self, asked: Asked) -> str:
        """Where a payer's browser reaches this process."""
        return self.options.public_url.rstrip("/") or f"http://{asked.host}"

    def settled_truth(self, merchant: str) -> Answer:
        callbacks = dict(sorted(self.hooks.tally.items()))
        return as_json({**self.truth(merchant), "callbacks": callbacks, "lines": self.book.lines})
