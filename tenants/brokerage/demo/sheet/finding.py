"""Examples of every page, found as a person finds them: by following links."""

import html
import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from brokerage.demo.sheet.routes import Route, all_routes, match

_LINK: Final = re.compile(r'(?:href|data-href|hx-get|data-fragment)="([^"#]+)')
_ROW: Final = re.compile(r'<tr[^>]*?data-href="([^"]+)"[^>]*>(.*?)</tr>', re.DOTALL)
_STATUS: Final = re.compile(r'class="state tone-[^"]*"[^>]*>(.*?)</span>', re.DOTALL)
_TAG: Final = re.compile(r"<[^>]+>")
_FETCH: Final = """async (path) => {
  const answer = await fetch(path, { headers: { accept: "text/html" } });
  const html = (answer.headers.get("content-type") || "").startsWith("text/html");
  return [answer.url, html ? await answer.text() : ""];
}"""
_KINDS: Final = 6
_NAMED: Final = 40
_MOST_READ: Final = 700


@dataclass
class Found:
    """The pages to look at, and what stayed without an example."""

    pages: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@dataclass
class _Search:
    routes: list[Route]
    queue: deque[tuple[str, str]] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    pages: list[tuple[str, str]] = field(default_factory=list)
    led: set[str] = field(default_factory=set)


async def pages(page: Any, audience: str, start: tuple[str, ...]) -> Found:
    """One example of every route, and one of each state where a list shows states. `page` is a tab
    at the host to look at: its own fetch carries the session.
    """
    search = _Search([one for one in all_routes(audience) if _theirs(one, audience)])
    for path in start:
        search.queue.append((path, ""))
    for one in search.routes:
        if one.plain:
            search.queue.append((one.template, ""))
    read = 0
    while search.queue and read < _MOST_READ:
        path, state = search.queue.popleft()
        bare = urlsplit(path).path
        route = match(search.routes, bare)
        if route is None or not _wanted(search, route, bare, state):
            continue
        read += 1
        url, body = await page.evaluate(_FETCH, path)
        arrived = urlsplit(url).path
        if arrived != bare or "<html" not in body:
            search.led.add(route.template)
            continue
        search.pages.append((bare, state))
        _follow(search, body, path)
    have = {found.template for bare, _ in search.pages if (found := match(search.routes, bare))}
    missing = [one.template for one in search.routes if one.template not in have | search.led]
    return Found(sorted(search.pages), missing)


def _theirs(route: Route, audience: str) -> bool:
    """Public pages are looked at once, by the one without a session; the home is everyone's."""
    return route.template == "/" or audience in {"public", route.audience}


def _wanted(search: _Search, route: Route, bare: str, state: str) -> bool:
    if bare in search.seen:
        return False
    kinds = search.kinds.setdefault(route.template, set())
    kind = bare if route.named else state
    most = _NAMED if route.named else _KINDS
    if not route.plain and (
        kind in kinds or len(kinds) >= most or (not state and kinds and not route.named)
    ):
        return False
    search.seen.add(bare)
    kinds.add(kind)
    return True


def _follow(search: _Search, body: str, base: str) -> None:
    """Rows first, with the state they show; then everything else that leads somewhere."""
    for href, inside in _ROW.findall(body):
        told = _STATUS.search(inside)
        state = " ".join(_TAG.sub("", told[1]).split()) if told else ""
        search.queue.append((urljoin(base, html.unescape(href)), state))
    for href in _LINK.findall(body):
        link = html.unescape(href)
        if link.startswith(("/", "?", "./")) and "format=" not in link:
            search.queue.append((urljoin(base, link).split("?")[0], ""))
