"""Which pages there are: the application's own GET routes, and what an address is an example of."""

import re
from dataclasses import dataclass
from typing import Final

from brokerage.product import PRODUCT

_PARAMETER: Final = re.compile(r"\{(\w+):(\w+)\}")
_SHAPES: Final = {"uuid": r"[0-9a-f-]{36}", "int": r"\d+", "str": r"[^/]+"}
_NEVER_PAGES: Final = ("/live", "/desk/live", "/api/", "/metrics", "/health", "/ready", "/tls/")


@dataclass(frozen=True, slots=True)
class Route:
    """One GET route: its template, who it is for, and how its addresses look."""

    template: str
    audience: str
    shape: re.Pattern[str]

    @property
    def plain(self) -> bool:
        """Without parameters: the template is the address."""
        return "{" not in self.template

    @property
    def named(self) -> bool:
        """Its parameter is a word (a section, a step): every one is a page of its own."""
        return ":str}" in self.template and ":uuid}" not in self.template


def all_routes(audience: str) -> list[Route]:
    """The GET routes one kind of reader may open; public ones belong to everybody's host."""
    control = audience == "control"
    found: dict[str, Route] = {}
    for module in PRODUCT.modules:
        for handler in module.control if control else module.web:
            declared = handler.opt["access"].audience
            if "GET" not in handler.http_methods or declared not in {audience, "public"}:
                continue
            for path in handler.paths:
                if not path.startswith(_NEVER_PAGES):
                    found[path] = Route(path, declared, _shape(path))
    return sorted(found.values(), key=lambda one: one.template)


def _shape(template: str) -> re.Pattern[str]:
    parts: list[str] = []
    at = 0
    for hit in _PARAMETER.finditer(template):
        parts += [re.escape(template[at : hit.start()]), _SHAPES.get(hit[2], r"[^/]+")]
        at = hit.end()
    return re.compile("".join([*parts, re.escape(template[at:])]))


def match(routes: list[Route], path: str) -> Route | None:
    """The route an address belongs to; a plain one before one with parameters."""
    fitting = [one for one in routes if one.shape.fullmatch(path)]
    return min(fitting, key=lambda one: (not one.plain, ":str" in one.template), default=None)
