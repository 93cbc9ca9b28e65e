"""Server-rendered pages: the stand-in's own templates first, then the shared ones."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2

from sandbox.common.currencies import show
from sandbox.common.wire import Answer, as_html

NOT_TICKED = ("", "0", "false", "off")
SHARED = Path(__file__).parent / "templates"
GUARD = (
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "SAMEORIGIN"),
)


class Pages:
    def __init__(self, own: Path, title: str, accent: str) -> None:
        loader = jinja2.FileSystemLoader([own, SHARED])
        self._jinja = jinja2.Environment(
            loader=loader,
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Their type names only what jinja2 itself puts there.
        known: dict[str, Any] = self._jinja.globals
        known |= {"title": title, "accent": accent}
        self.filter("money", show)
        self.filter("when", _when)

    def filter(self, name: str, how: Callable[..., str]) -> None:
        filters: dict[str, Any] = self._jinja.filters
        filters[name] = how

    def page(self, template: str, status: int = 200, **given: object) -> Answer:
        text = self._jinja.get_template(template).render(given)
        return as_html(text, status, *GUARD)

    def absent(self, what: str, back: str) -> Answer:
        """One of many kept things that is not, or no longer, there; `back` leads to all of them."""
        return self.page("absent.html", 404, what=what, back=back)


def _when(moment: object) -> str:
    """A moment in UTC, from seconds since 1970."""
    if not isinstance(moment, int | float):
        return "–"
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y %H:%M:%S")


def checked(given: Mapping[str, object], *names: str) -> list[str]:
    """Which of these were ticked in a form."""
    return [name for name in names if str(given.get(name) or "").lower() not in NOT_TICKED]
