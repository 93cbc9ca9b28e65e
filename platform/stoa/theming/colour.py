"""Colours as people see them: hex in, hex out, with OKLab in between.

Sources: WCAG 2.2 (relative luminance, contrast ratio); Björn Ottosson, "A perceptual color space
for image processing" (OKLab). Channels are 0..1.
"""

import math
import re
from typing import Final

HEX: Final = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
WHITE: Final = "#ffffff"
BLACK: Final = "#000000"
_STEPS: Final = 24

Triple = tuple[float, float, float]


def channels(colour: str) -> Triple:
    """Raises ValueError for anything but `#rrggbb`, so that nothing else ever reaches a style."""
    if not HEX.fullmatch(colour):
        raise ValueError(f"a colour is written #rrggbb, not {colour!r}")
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def written(rgb: Triple) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, part)) * 255):02x}" for part in rgb)


def triple(colour: str) -> str:
    """`12,34,56`, as styles want it inside rgba()."""
    return ",".join(str(round(part * 255)) for part in channels(colour))


def luminance(colour: str) -> float:
    red, green, blue = (_linear(part) for part in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lch(colour: str) -> Triple:
    """Lightness 0..1, chroma, hue in radians."""
    light, a, b = _lab(colour)
    return light, math.hypot(a, b), math.atan2(b, a)


def of_lch(light: float, chroma: float, hue: float) -> str:
    """The nearest colour a screen can show: chroma gives way before lightness and hue do."""
    low, high = 0.0, chroma
    if _shown(_unlab(light, chroma, hue)):
        return written(_unlab(light, chroma, hue))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _shown(_unlab(light, middle, hue)) else (low, middle)
    return written(_unlab(light, low, hue))


def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0..1) of `other`, mixed as light is seen."""
    first, second = _lab(one), _lab(other)
    light, a, b = (x + (y - x) * share for x, y in zip(first, second, strict=True))
    return of_lch(light, math.hypot(a, b), math.atan2(b, a))


def shifted(colour: str, by: float) -> str:
    """Lighter (positive) or darker by a step of lightness."""
    light, chroma, hue = lch(colour)
    return of_lch(min(1.0, max(0.0, light + by)), chroma, hue)


def readable(colour: str, grounds: tuple[str, ...], ratio: float) -> str:
    """`colour`, moved in lightness no further than needed to stand out from every ground."""
    if worst(colour, grounds) >= ratio:
        return colour
    light, chroma, hue = lch(colour)
    darker = worst(BLACK, grounds) >= worst(WHITE, grounds)
    for step in range(1, 101):
        moved = light - step / 100 if darker else light + step / 100
        found = of_lch(min(1.0, max(0.0, moved)), chroma, hue)
        if worst(found, grounds) >= ratio:
            return found
    return BLACK if darker else WHITE


def worst(colour: str, grounds: tuple[str, ...]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else math.pow((part + 0.055) / 1.055, 2.4)


def _gamma(part: float) -> float:
    if part <= 0.0031308:
        return part * 12.92
    return 1.055 * math.pow(part, 1 / 2.4) - 0.055


def _lab(colour: str) -> Triple:
    red, green, blue = (_linear(part) for part in channels(colour))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _unlab(light: float, chroma: float, hue: float) -> Triple:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _gamma(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _gamma(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _gamma(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _shown(rgb: Triple) -> bool:
    return all(-0.0005 <= part <= 1.0005 for part in rgb)
