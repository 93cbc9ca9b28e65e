"""A sub-broker's brand as typed tokens: no free style, so nothing can escape into a page."""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from stoa.theming import colour
from stoa.theming.fonts import PAIRS

HEX: Final = r"^#[0-9a-fA-F]{6}\Z"
Hex = Annotated[str, Meta(pattern=HEX, extra={"kind": "color"})]
Mode = Literal["auto", "light", "dark"]
Density = Literal["compact", "regular", "airy"]
FontPair = Literal["inter", "serif", "geist"]
Picture = Annotated[UUID | None, Meta(extra={"hidden": True})]

COLOURS: Final = ("accent", "ink", "paper", "success", "warning", "danger")
DARK_COLOURS: Final = ("accent_dark", "ink_dark", "paper_dark")
PICTURES: Final = ("logo_light", "logo_dark", "icon")


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a sub-broker decides about its look.

    The dark tokens left empty are derived from the light ones. Logos and the icon are ids of
    uploaded, re-encoded pictures; never addresses.
    """

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=60,
            title="Name",
            description="As clients read it in the bar, in letters and on statements.",
        ),
    ] = "Brokerage"
    strapline: Annotated[
        str,
        Meta(max_length=120, title="Strapline", description="One line beside the sign-in form."),
    ] = ""
    support_email: Annotated[str, Meta(max_length=254, title="Support e-mail")] = ""
    theme: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9-]{0,31}\Z",
            title="Theme",
            description="The layout and the character of the pages.",
        ),
    ] = "default"
    mode: Annotated[
        Mode,
        Meta(
            title="Light or dark",
            description="Where a person has not chosen. Automatic follows their device.",
            extra={"options": {"auto": "Automatic", "light": "Light", "dark": "Dark"}},
        ),
    ] = "auto"
    fonts: Annotated[
        FontPair,
        Meta(
            title="Fonts",
            extra={
                "options": {
                    "inter": "Inter, clear and neutral",
                    "serif": "Source Serif headings with Inter",
                    "geist": "Geist, technical",
                }
            },
        ),
    ] = "inter"
    density: Annotated[
        Density,
        Meta(
            title="Density",
            extra={"options": {"compact": "Compact", "regular": "Regular", "airy": "Airy"}},
        ),
    ] = "regular"
    radius: Annotated[
        int,
        Meta(
            ge=0,
            le=20,
            title="Corners",
            description="From 0, sharp, to 20, round.",
            extra={"kind": "range"},
        ),
    ] = 10
    accent: Annotated[
        Hex, Meta(title="Accent", description="Buttons, links and what is chosen.")
    ] = "#3b4fd8"
    ink: Annotated[Hex, Meta(title="Ink", description="Text. Quieter text is derived.")] = "#16181d"
    paper: Annotated[Hex, Meta(title="Paper", description="The ground of every page.")] = "#f7f7f5"
    success: Annotated[Hex, Meta(title="Success")] = "#157f4a"
    warning: Annotated[Hex, Meta(title="Warning")] = "#b4600c"
    danger: Annotated[Hex, Meta(title="Danger")] = "#c62a35"
    accent_dark: Annotated[
        Hex | None,
        Meta(title="Accent in dark mode", description="Left empty, it is derived."),
    ] = None
    ink_dark: Annotated[Hex | None, Meta(title="Ink in dark mode")] = None
    paper_dark: Annotated[Hex | None, Meta(title="Paper in dark mode")] = None
    logo_light: Picture = None
    logo_dark: Picture = None
    icon: Picture = None

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
