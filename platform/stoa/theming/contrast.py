"""Whether a brand can be read: WCAG AA over the pairs that are really shown, in both modes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from stoa.kernel.refusals import Invalid
from stoa.theming import colour
from stoa.theming.brand import DARK_COLOURS, Brand
from stoa.theming.palette import LARGE, TEXT, Shade, palette
from stoa.theming.texts import N_

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

LIGHT: Final = N_(
    "{written} {written_colour} on {ground} {ground_colour} in light mode has a contrast of {ratio}:1 "
    "and needs {needed}:1."
)
DARK: Final = N_(
    "{written} {written_colour} on {ground} {ground_colour} in dark mode has a contrast of {ratio}:1 "
    "and needs {needed}:1."
)
NAMED: Final[Mapping[str, str]] = {
    "ink": N_("Ink"),
    "muted": N_("Quiet text"),
    "paper": N_("Paper"),
    "surface": N_("Cards and panels"),
    "sunken": N_("Sunken ground"),
    "accent": N_("Accent"),
    "on-accent": N_("Text on the accent"),
    "accent-text": N_("Links"),
    "accent-soft": N_("Soft accent"),
    "success": N_("Success"),
    "success-text": N_("Text of success"),
    "success-soft": N_("Soft ground of success"),
    "warning": N_("Warning"),
    "warning-text": N_("Text of a warning"),
    "warning-soft": N_("Soft ground of a warning"),
    "danger": N_("Danger"),
    "danger-text": N_("Text of danger"),
    "danger-soft": N_("Soft ground of danger"),
    "on-danger": N_("Text on danger"),
}


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


class Token(str):
    """A colour of the palette, said in the reader's language inside a sentence."""

    __slots__ = ()

    def spoken(self, translate: Callable[[str], str]) -> str:
        return translate(str(self))


class ContrastProblem(ContrastPair):
    """A pair below its measure, as a refusal at the field of the colour that is written."""

    def refusal(self) -> Invalid:
        return Invalid(
            LIGHT if self.mode == "light" else DARK,
            field=self.field,
            written=Token(NAMED[self.text]),
            written_colour=self.text_colour,
            ground=Token(NAMED[self.ground]),
            ground_colour=self.ground_colour,
            ratio=f"{self.ratio:.2f}",
            needed=f"{self.needed}",
        )

    @property
    def field(self) -> str:
        """The brand's own colour that decides about the one that is written."""
        pieces = self.text.removeprefix("on-").split("-")
        own = "ink" if pieces[0] == "muted" else pieces[0]
        return f"{own}_dark" if self.mode == "dark" and f"{own}_dark" in DARK_COLOURS else own


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
