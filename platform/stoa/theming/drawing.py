"""Small questions templates ask while they draw."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import segno
from babel import Locale
from markupsafe import Markup

from stoa.theming.look import TONE_ICONS, shown
from stoa.theming.masks import initials

HUES: Final = 6


def pick(item: Any, name: str, default: Any = "") -> Any:
    """A field of a mapping or an object; `default` where it is absent or None."""
    found = item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
    return default if found is None else found


def hue(name: object) -> int:
    """The same person has the same avatar shade everywhere."""
    return zlib.crc32(str(name).encode()) % HUES + 1


def once() -> str:
    """A key for one submission of one form, so that a second press changes nothing."""
    return str(uuid4())


def tone_icon(tone: str) -> str:
    return TONE_ICONS.get(tone, "info-circle")


def count_done(steps: Sequence[Any]) -> int:
    return sum(1 for step in steps if pick(step, "state") == "done")


def said_options(options: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Choices with their labels in the reader's language."""
    texts = shown().texts
    return [(value, texts.gettext(label)) for value, label in options]


@lru_cache(maxsize=32)
def language_name(code: str) -> str:
    """A language in its own words."""
    locale = Locale.parse(code)
    return str(locale.get_display_name(code) or code).capitalize()


def monogram_icon() -> str:
    """The browser tab's icon of a brand that has uploaded none."""
    look = shown()
    colours = look.colours
    letters = initials(look.brand.name)[:1]
    radius = min(16, look.brand.radius + 2)
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" '
        f'rx="{radius / 2}" fill="{colours["accent"]}"/><text x="16" y="22.5" font-size="19" '
        f'font-weight="600" font-family="sans-serif" text-anchor="middle" '
        f'fill="{colours["on-accent"]}">{Markup.escape(letters)}</text></svg>'
    )
    return f"data:image/svg+xml,{quote(drawn)}"


def qr_svg(text: str) -> Markup:
    """A QR code that takes the size its place gives it; dark on light in every mode, as readers need."""
    svg = segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, border=0, dark="#111111"
    )
    return Markup(svg)  # noqa: S704 - segno draws modules; the text itself is not in it


def chart_json(x: Sequence[Any], series: Sequence[Mapping[str, Any]]) -> Markup:
    """A chart's numbers for a single-quoted attribute. Figures on a chart are drawn, not booked."""
    told = {
        "x": [_drawn(value) for value in x],
        "series": [
            {
                "label": str(one.get("label", "")),
                "tone": one.get("tone", ""),
                "values": [_drawn(value) for value in one["values"]],
            }
            for one in series
        ],
    }
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    for mark, code in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"), ("'", "\\u0027")):
        text = text.replace(mark, code)
    return Markup(text)  # noqa: S704 - nothing that ends an attribute or opens a tag is left


def _drawn(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return value.isoformat()
    return value


def leading(pieces: Iterable[object]) -> Markup:
    """What leads to what, each in its own direction and the arrows in the reader's."""
    arrow = " ← " if shown().rtl else " → "
    return Markup(arrow).join(Markup("<bdi>{}</bdi>").format(one) for one in pieces)  # noqa: S704
