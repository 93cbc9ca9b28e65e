"""A sub-broker's brand as typed tokens: no free style, so nothing can escape into a page."""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from stoa.theming import colour
from stoa.theming.fonts import PAIRS

Hex = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")]
Mode = Literal["auto", "light", "dark"]
Density = Literal["compact", "regular", "airy"]
FontPair = Literal["inter", "serif", "geist"]

COLOURS: Final = ("accent", "ink", "paper", "success", "warning", "danger")
DARK_COLOURS: Final = ("accent_dark", "ink_dark", "paper_dark")


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a sub-broker decides about its look.

    The dark tokens left empty are derived from the light ones. Logos and the icon are ids of
    uploaded, re-encoded pictures; never addresses.
    """

    name: Annotated[str, Meta(min_length=1, max_length=60)] = "Brokerage"
    theme: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}\Z")] = "default"
    mode: Mode = "auto"
    accent: Hex = "#3b4fd8"
    ink: Hex = "#16181d"
    paper: Hex = "#f7f7f5"
    success: Hex = "#157f4a"
    warning: Hex = "#b4600c"
    danger: Hex = "#c62a35"
    accent_dark: Hex | None = None
    ink_dark: Hex | None = None
    paper_dark: Hex | None = None
    radius: Annotated[int, Meta(ge=0, le=20)] = 10
    fonts: FontPair = "inter"
    density: Density = "regular"
    logo_light: UUID | None = None
    logo_dark: UUID | None = None
    icon: UUID | None = None
    support_email: Annotated[str, Meta(max_length=254)] = ""
    strapline: Annotated[str, Meta(max_length=120)] = ""

    def __post_init__(self) -> None:
        for name in COLOURS:
            colour.channels(getattr(self, name))
        for name in DARK_COLOURS:
            if (chosen := getattr(self, name)) is not None:
                colour.channels(chosen)
        if self.fonts not in PAIRS:
            raise ValueError(f"the fonts are one of {', '.join(PAIRS)}")
        if not 0 <= self.radius <= 20:
            raise ValueError("the radius is 0 to 20 pixels")
