"""Icons by name: `icon("wallet")` draws a shape of the one sprite the asset build made."""

from typing import Final

from markupsafe import Markup

from stoa.theming.manifest import asset

# Shapes that point along the line of reading turn around with it.
_TURNING: Final = ("left", "right", "login", "logout", "send", "back-up", "indent", "list")


def icon(name: str, label: str = "", *, size: str = "") -> Markup:
    """An icon beside text, hidden from readers; with a `label` it speaks for itself."""
    turning = " turns" if any(part in name for part in _TURNING) else ""
    sized = f" icon-{size}" if size else ""
    told = Markup('role="img" aria-label="%s"') % label if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon%s%s" %s><use href="%s#%s"></use></svg>') % (
        turning,
        sized,
        told,
        asset("icons.svg"),
        name,
    )
