"""A small site with a record: routes, pages, switches, and nothing said before it is on disk."""

import asyncio
import os
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from sandbox.common.book import Book
from sandbox.common.clock import Clock
from sandbox.common.faults import Faults, Kind
from sandbox.common.journal import Journal
from sandbox.common.pages import Pages
from sandbox.common.wire import Answer, Asked, HangUp, Refused, Unreadable

Handler = Callable[[Asked], Answer | Awaitable[Answer]]


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


class Site:
    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    accent: ClassVar[str] = "#3d5afe"
    templates: ClassVar[Path]

    def __init__(self, options: Options, kinds: Iterable[Kind]) -> None:
        self.options = options
        self.journal = Journal(options.state / "journal.jsonl")
        self.book = Book(self.journal)
        self.clock = Clock(self.book)
        self.faults = Faults(self.book, kinds, options.seed)
        self.pages = Pages(self.templates, self.title, self.accent)
        self.routes: list[Route] = []
        self._tasks: list[asyncio.Task[None]] = []

    def failure(self, status: int, message: str) -> Answer:
        """An error of the site itself, in its own shape."""
        raise NotImplementedError

    async def start(self) -> None:
        self.book.read_back()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.journal.close()

    def keep(self, run: Callable[[], Any]) -> None:
        """Run a loop in the background for as long as the process lives."""
        self._tasks.append(asyncio.create_task(self._keep(run)))

    async def every(self, seconds: float, act: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            with self.book.together():
                act()

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

    async def call(self, route: Route, asked: Asked) -> Answer:
        """Answer one request; what it writes down becomes one line."""
        with self.book.together():
            said = route.handler(asked)
        return said if isinstance(said, Answer) else await said

    async def _route(self, asked: Asked) -> Answer:
        other_method = False
        method = "GET" if asked.method == "HEAD" else asked.method
        for route in self.routes:
            found = route.pattern.match(asked.path)
            if found is None:
                continue
            if route.method == method:
                return await self.call(route, replace(asked, params=found.groupdict()))
            other_method = True
        if other_method:
            return self.failure(405, f"{asked.method} is not allowed on {asked.path}.")
        return self.failure(404, f"Unrecognized request URL ({asked.method}: {asked.path}).")

    async def _keep(self, run: Callable[[], Any]) -> None:
        """A background loop that fails ends the process: half a site misleads every test."""
        try:
            await run()
        except Exception:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(70)
