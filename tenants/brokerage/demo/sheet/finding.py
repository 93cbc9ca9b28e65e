"""Examples of every page, found as a person finds them: by following links.

What a page fetches by itself (a part of it, a picture, a file) is no page to look at, but it has to be
there: it is asked for below the address of the page it belongs to.
"""

import html
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from brokerage.demo.sheet.routes import Route, all_routes, match

_LINK: Final = re.compile(r'(?:href|src|data-href|hx-get|data-fragment|data-panel-href)="([^"#]+)')
_ROW: Final = re.compile(r'<tr[^>]*?data-href="([^"]+)"[^>]*>(.*?)</tr>', re.DOTALL)
_STATUS: Final = re.compile(r'class="state tone-[^"]*"[^>]*>(.*?)</span>', re.DOTALL)
_TAG: Final = re.compile(r"<[^>]+>")
_FETCH: Final = """async (path) => {
  const answer = await fetch(path, { headers: { accept: "text/html" } });
  const html = (answer.headers.get("content-type") || "").startsWith("text/html");
  return [answer.url, html ? await answer.text() : "", answer.ok];
}"""
_USUAL: Final = {
    "{month:str}": (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%Y-%m"),
    "{number:int}": "1",
    "{kind:str}": "routes",
}
"""What stands for a parameter below a page: the last month, the first of a list."""
_ASKED: Final = {
    "/desk/partners/{partner:uuid}/ratios/preview": (
        f"?ratio=120&master=100&since={datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
    ),
}
"""What a form of a page above would ask with."""
_LISTED: Final = {
    "/desk/deposits/{deposit:uuid}/slip": "/desk/deposits?method=bank",
    "/desk/payouts/{payout:uuid}/routing": "/desk/withdrawals?method=bank",
    "/desk/clients/notes/{note:uuid}": "/desk/clients",
}
"""The list that shows those which have it."""
_PART: Final = {"/desk/clients/notes/{note:uuid}": "/overview"}
"""The part of a row's page that leads there, where the page fetches it by itself."""
_TRIED: Final = 30
_KINDS: Final = 6
_NAMED: Final = 40
_MOST_READ: Final = 700


@dataclass
class Found:
    """The pages to look at, and what stayed without an example."""

    pages: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    """The templates that have an example."""


@dataclass
class _Search:
    routes: list[Route]
    queue: deque[tuple[str, str]] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    pages: list[tuple[str, str]] = field(default_factory=list)
    led: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)
    """Every address that a page leads to, visited or not."""


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
    await _crawl(page, search)
    shown = {found.template for bare, _ in search.pages if (found := match(search.routes, bare))}
    shown |= search.led
    for route in search.routes:
        if route.template not in shown and await _below(page, search, route):
            shown.add(route.template)
    missing = [one.template for one in search.routes if one.template not in shown]
    return Found(sorted(search.pages), missing, shown)


async def _crawl(page: Any, search: _Search) -> None:
    read = 0
    while search.queue and read < _MOST_READ:
        path, state = search.queue.popleft()
        bare = urlsplit(path).path
        route = match(search.routes, bare)
        if route is None or not _wanted(search, route, bare, state):
            continue
        read += 1
        url, body, good = await page.evaluate(_FETCH, path)
        arrived = urlsplit(url).path
        if arrived != bare or "<html" not in body:
            if good:
                search.led.add(route.template)
            if arrived == bare:
                _follow(search, body, path)
            continue
        search.pages.append((bare, state))
        _follow(search, body, path)


async def _below(page: Any, search: _Search, route: Route) -> bool:
    """Whether something answers below a page that was found, such as a part or a file of it."""
    if route.template in _LISTED and await _listed(page, search, route):
        return True
    above = [
        one
        for one in search.routes
        if not one.plain
        and one.template != route.template
        and route.template.startswith(f"{one.template}/")
    ]
    if not above:
        return False
    nearest = max(above, key=lambda one: len(one.template))
    rest = route.template.removeprefix(nearest.template)
    for name, value in _USUAL.items():
        rest = rest.replace(name, value)
    if "{" in rest:
        return False
    known = [bare for bare in sorted(search.linked, reverse=True) if nearest.shape.fullmatch(bare)]
    asked = _ASKED.get(route.template, "")
    for bare in known[:_TRIED]:
        url, body, good = await page.evaluate(_FETCH, bare + rest + asked)
        if good and urlsplit(url).path == bare + rest:
            if "<html" in body:
                search.pages.append((bare + rest + asked, ""))
            return True
    return False


async def _listed(page: Any, search: _Search, route: Route) -> bool:
    await _through(page, search, _LISTED[route.template], _PART.get(route.template, ""))
    for bare in [one for one in sorted(search.linked) if route.shape.fullmatch(one)][:_TRIED]:
        _, body, good = await page.evaluate(_FETCH, bare)
        if good:
            if "<html" in body:
                search.pages.append((bare, ""))
            return True
    return False


async def _through(page: Any, search: _Search, listed: str, part: str) -> None:
    """What the first rows of a list lead to."""
    _, body, _ = await page.evaluate(_FETCH, listed)
    for href, _ in _ROW.findall(body)[:_TRIED]:
        path = urljoin(listed, html.unescape(href)) + part
        _, inside, _ = await page.evaluate(_FETCH, path)
        search.linked.add(urlsplit(path).path)
        _follow(search, inside, path)


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
        search.linked.add(urlsplit(urljoin(base, html.unescape(href))).path)
        search.queue.append((urljoin(base, html.unescape(href)), state))
    for href in _LINK.findall(body):
        link = html.unescape(href)
        if link.startswith(("/", "?", "./")) and "format=" not in link:
            bare = urljoin(base, link).split("?")[0]
            search.linked.add(bare)
            search.queue.append((bare, ""))
