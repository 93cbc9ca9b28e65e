"""Icons by name: `icon("wallet")` draws a shape of the one sprite the asset build made."""

from functools import lru_cache
from typing import Final

from markupsafe import Markup

from stoa.theming.manifest import asset

# Shapes that point along the line of reading turn around with it.
_TURNING: Final = ("left", "right", "login", "logout", "send", "back-up", "indent", "list")


def icon(name: str, label: str = "", *, size: str = "") -> Markup:
    """An icon beside text, hidden from readers; with a `label` it speaks for itself."""
    if not label:
        return _silent(name, size, asset("icons.svg"))
    return _drawn(name, size, asset("icons.svg"), Markup('role="img" aria-label="%s"') % label)


@lru_cache(maxsize=1024)
def _silent(name: str, size: str, sprite: str) -> Markup:
    return _drawn(name, size, sprite, Markup('aria-hidden="true"'))


def _drawn(name: str, size: str, sprite: str, told: Markup) -> Markup:
    turning = " turns" if any(part in name for part in _TURNING) else ""
    sized = f" icon-{size}" if size else ""
    return Markup('<svg class="icon%s%s" %s><use href="%s#%s"></use></svg>') % (
        turning,
        sized,
        told,
        sprite,
        name,
    )
