"""A brand as style variables: the only text a tenant's choice ever adds to a style sheet."""

from functools import lru_cache

from markupsafe import Markup

from stoa.theming import colour
from stoa.theming.brand import Brand
from stoa.theming.fonts import MONO_STACK, PAIRS
from stoa.theming.palette import Shade, palette

# Our tones by the names the base style sheet knows.
_BASE_NAMES = {
    "accent": "primary",
    "success": "success",
    "warning": "warning",
    "danger": "danger",
    "moving": "info",
}
_DENSITY = {"compact": "0.86", "regular": "1", "airy": "1.14"}


@lru_cache(maxsize=512)
def variables(brand: Brand) -> Markup:
    """The style text of one brand, light and dark, safe inside a `<style>` element."""
    pair = PAIRS[brand.fonts]
    shape = {
        "--radius": f"{brand.radius}px",
        "--radius-s": f"{round(brand.radius * 0.6)}px",
        "--radius-l": f"{round(brand.radius * 1.4)}px",
        "--density": _DENSITY[brand.density],
        "--font-body": pair.body,
        "--font-head": pair.head,
        "--font-figure": pair.figure,
        "--font-mono": MONO_STACK,
    }
    light = _block(shape | _mode(brand, "light"))
    dark = _block(_mode(brand, "dark"))
    sheet = Markup(":root,[data-bs-theme=light]{%s}[data-bs-theme=dark]{%s}")
    return sheet % (Markup(light), Markup(dark))  # noqa: S704


def _mode(brand: Brand, shade: Shade) -> dict[str, str]:
    shown = palette(brand, shade)
    found: dict[str, str] = {"color-scheme": shade}
    for name, value in shown.items():
        colour.channels(value)
        found[f"--{name}"] = value
    for ours, theirs in _BASE_NAMES.items():
        found[f"--tblr-{theirs}"] = shown[ours]
        found[f"--tblr-{theirs}-rgb"] = colour.triple(shown[ours])
    found["--tblr-body-color"] = shown["ink"]
    found["--tblr-body-color-rgb"] = colour.triple(shown["ink"])
    found["--tblr-body-bg"] = shown["paper"]
    found["--tblr-body-bg-rgb"] = colour.triple(shown["paper"])
    found["--shadow-ink"] = colour.triple(shown["ink"] if shade == "light" else colour.BLACK)
    return found


def _block(values: dict[str, str]) -> str:
    return ";".join(f"{name}:{value}" for name, value in values.items())
