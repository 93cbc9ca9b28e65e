"""The full set of colours of one mode, computed from a brand's few tokens."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from stoa.theming import colour
from stoa.theming.brand import Brand

Shade = Literal["light", "dark"]
TEXT: Final = 4.5
LARGE: Final = 3.0
MOVING: Final = "#2563c9"
TONES: Final = ("accent", "success", "warning", "danger", "moving")


@lru_cache(maxsize=512)
def palette(brand: Brand, shade: Shade) -> Mapping[str, str]:
    """Names to hex. Every `<tone>-text` is readable on paper, surface and `<tone>-soft`."""
    ground = _grounds(brand, shade)
    ink, paper, surface = ground["ink"], ground["paper"], ground["surface"]
    found = dict(ground)
    texts = (paper, surface, ground["sunken"])
    found["muted"] = colour.readable(colour.mix(ink, paper, 0.36), texts, TEXT)
    found["faint"] = colour.readable(colour.mix(ink, paper, 0.52), texts, LARGE)
    for tone, seed in _tones(brand, shade, ground).items():
        soft = colour.mix(surface, seed, 0.09 if shade == "light" else 0.17)
        found[tone] = seed
        found[f"{tone}-hover"] = colour.shifted(seed, -0.05 if shade == "light" else 0.05)
        found[f"{tone}-soft"] = soft
        found[f"{tone}-line"] = colour.mix(surface, seed, 0.32)
        found[f"{tone}-text"] = colour.readable(seed, (*texts, soft), TEXT)
        found[f"on-{tone}"] = on(seed, ink)
    return MappingProxyType(found)


def on(fill: str, ink: str) -> str:
    """What is written on a filled shape: white, else the brand's ink, else black."""
    for candidate in (colour.WHITE, ink, colour.BLACK):
        if colour.contrast(candidate, fill) >= TEXT:
            return candidate
    return max(colour.WHITE, colour.BLACK, key=lambda text: colour.contrast(text, fill))


def _grounds(brand: Brand, shade: Shade) -> dict[str, str]:
    if shade == "light":
        ink, paper = brand.ink, brand.paper
        near_white = colour.lch(paper)[0] > 0.99
        surface = paper if near_white else colour.mix(paper, colour.WHITE, 0.85)
        return {
            "ink": ink,
            "paper": paper,
            "surface": surface,
            "raised": surface,
            "sunken": colour.mix(paper, ink, 0.035),
            "line": colour.mix(paper, ink, 0.105),
            "line-strong": colour.mix(paper, ink, 0.2),
        }
    _, chroma, hue = colour.lch(brand.ink)
    tint = min(chroma, 0.022)
    ink = brand.ink_dark or colour.of_lch(0.945, min(chroma, 0.012), hue)
    paper = brand.paper_dark or colour.of_lch(0.168, tint, hue)
    return {
        "ink": ink,
        "paper": paper,
        "surface": colour.shifted(paper, 0.036),
        "raised": colour.shifted(paper, 0.07),
        "sunken": colour.shifted(paper, -0.025),
        "line": colour.mix(paper, ink, 0.16),
        "line-strong": colour.mix(paper, ink, 0.28),
    }


def _tones(brand: Brand, shade: Shade, ground: Mapping[str, str]) -> dict[str, str]:
    seeds = {
        "accent": brand.accent,
        "success": brand.success,
        "warning": brand.warning,
        "danger": brand.danger,
        "moving": MOVING,
    }
    if shade == "light":
        return seeds
    lifted = {
        tone: colour.readable(seed, (ground["surface"],), LARGE + 0.6)
        for tone, seed in seeds.items()
    }
    if brand.accent_dark:
        lifted["accent"] = brand.accent_dark
    return lifted
