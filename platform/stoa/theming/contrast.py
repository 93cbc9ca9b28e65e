"""Whether a brand can be read: WCAG AA over the pairs that are really shown, in both modes."""

from dataclasses import dataclass
from typing import Final

from stoa.theming import colour
from stoa.theming.brand import Brand
from stoa.theming.palette import LARGE, TEXT, Shade, palette

# What is written or drawn on what, and how far it must stand out (WCAG 1.4.3 and 1.4.11).
PAIRS: Final = (
    ("ink", "paper", TEXT),
    ("ink", "surface", TEXT),
    ("muted", "paper", TEXT),
    ("muted", "sunken", TEXT),
    ("accent", "paper", LARGE),
    ("on-accent", "accent", TEXT),
    ("accent-text", "accent-soft", TEXT),
    ("success", "paper", LARGE),
    ("success-text", "success-soft", TEXT),
    ("warning", "paper", LARGE),
    ("warning-text", "warning-soft", TEXT),
    ("danger", "paper", LARGE),
    ("danger-text", "danger-soft", TEXT),
    ("on-danger", "danger", TEXT),
)


@dataclass(frozen=True, slots=True)
class ContrastPair:
    """One pair as it is shown: `ratio` to 1, of which at least `needed`."""

    mode: Shade
    text: str
    ground: str
    text_colour: str
    ground_colour: str
    ratio: float
    needed: float

    @property
    def passes(self) -> bool:
        return self.ratio >= self.needed


class ContrastProblem(ContrastPair):
    """A pair below its measure; reads as a sentence."""

    def __str__(self) -> str:
        return (
            f"{self.text} {self.text_colour} on {self.ground} {self.ground_colour} "
            f"in {self.mode} mode has a contrast of {self.ratio:.2f}:1, needs {self.needed}:1"
        )


def pairs(brand: Brand) -> list[ContrastPair]:
    """Every pair of both modes, computed."""
    found: list[ContrastPair] = []
    modes: tuple[Shade, Shade] = ("light", "dark")
    for mode in modes:
        shown = palette(brand, mode)
        for text, ground, needed in PAIRS:
            ratio = colour.contrast(shown[text], shown[ground])
            found.append(
                ContrastPair(mode, text, ground, shown[text], shown[ground], ratio, needed)
            )
    return found


def problems(brand: Brand) -> list[ContrastProblem]:
    """The pairs that fail; a brand with any is not published."""
    return [
        ContrastProblem(
            pair.mode,
            pair.text,
            pair.ground,
            pair.text_colour,
            pair.ground_colour,
            pair.ratio,
            pair.needed,
        )
        for pair in pairs(brand)
        if not pair.passes
    ]
