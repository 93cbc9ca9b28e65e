"""What a page is rendered for: the brand, the reader, the request's facts."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale
from markupsafe import Markup

from stoa.theming import css, texts, themes
from stoa.theming.brand import Brand, Mode
from stoa.theming.fonts import PAIRS, Pair
from stoa.theming.palette import palette

Tones = Literal["waiting", "needs", "moving", "done", "stopped"]
TONE_ICONS: Final[Mapping[str, str]] = {
    "waiting": "clock-hour-4",
    "needs": "alert-circle",
    "moving": "progress",
    "done": "circle-check",
    "stopped": "circle-x",
}
Audience = Literal["room", "desk", "partner", "control", "auth", "public", "mail", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One way to go. `label` is a message id; `key` is the letter after `g` that goes there."""

    label: str
    href: str
    icon: str = ""
    key: str = ""
    group: str = ""
    badge: int | None = None
    active: bool | None = None
    primary: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who reads the page; `note` is a role or a client number under the name."""

    name: str
    note: str = ""
    account_url: str = ""
    sign_out_url: str = ""
    links: tuple[NavItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """A line over the whole page: support inside a tenant, a broker suspended, a PSP down."""

    text: str
    tone: Tones = "needs"
    href: str = ""
    action: str = ""
    until: datetime | None = None
    changes: bool = False
    """The action changes something: it is pressed, not followed."""

    @property
    def icon(self) -> str:
        return TONE_ICONS[self.tone]


@dataclass(frozen=True, slots=True)
class NavGroup:
    label: str
    items: Sequence[NavItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything a template may know besides what its handler passes."""

    brand: Brand
    locale: str = "en"
    time_zone: str = "UTC"
    mode: Mode | None = None
    nonce: str = ""
    csrf: str = ""
    csrf_header: str = "x-csrftoken"
    csrf_field: str = "_csrf_token"
    path: str = "/"
    audience: Audience = "public"
    viewer: Viewer | None = None
    nav: Sequence[NavItem] = ()
    banners: Sequence[Banner] = ()
    flashes: Sequence[Banner] = ()
    fragment: bool = False
    live_url: str = ""
    search_url: str = ""
    notices_url: str = ""
    unread: int = 0
    home_url: str = "/"
    mode_url: str = ""
    languages: Sequence[tuple[str, str]] = ()
    legal: Sequence[str] = ()
    brand_files: str = "/brand"
    app_manifest: str = ""
    reference: str = ""
    base_url: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def texts(self) -> texts.Texts:
        return texts.of(self.locale)

    @property
    def language(self) -> str:
        return self.texts.language

    @property
    def direction(self) -> str:
        return self.texts.direction

    @property
    def rtl(self) -> bool:
        return self.texts.direction == "rtl"

    @property
    def cldr(self) -> Locale:
        return self.texts.locale

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def fonts(self) -> Pair:
        return PAIRS[self.brand.fonts]

    @property
    def theme_style(self) -> str:
        """The theme's own sheet; the default theme is the common sheet and has none."""
        theme = themes.named(self.brand.theme).name
        return "" if theme == themes.DEFAULT else f"theme-{theme}.css"

    @property
    def nav_groups(self) -> tuple[NavGroup, ...]:
        """Navigation under its headings, in the order the headings first appear."""
        found: dict[str, list[NavItem]] = {}
        for item in self.nav:
            found.setdefault(item.group, []).append(item)
        return tuple(NavGroup(label, items) for label, items in found.items())

    @property
    def nav_here(self) -> NavItem | None:
        """The one entry the reader is at: the nearest above the page's address."""
        for item in self.nav:
            if item.active:
                return item
        fitting = [item for item in self.nav if item.active is None and self._below(item.href)]
        return max(fitting, key=lambda item: len(item.href), default=None)

    def _below(self, href: str) -> bool:
        """Whether the page is at `href` or below it; below the start page lies everything else."""
        stem, path = href.rstrip("/"), self.path.rstrip("/")
        home = self.home_url.rstrip("/")
        return path == stem or (stem != home and path.startswith(f"{stem}/"))

    @property
    def shown_mode(self) -> Mode:
        """The reader's own choice, else the brand's."""
        return self.mode or self.brand.mode

    @property
    def style(self) -> Markup:
        return css.variables(self.brand)

    @property
    def colours(self) -> Mapping[str, str]:
        """Light colours as hex, for mail, where variables do not reach."""
        return palette(self.brand, "light")

    def picture(self, file: UUID) -> str:
        return f"{self.base_url}{self.brand_files}/{file}"


_SHOWN: Final[ContextVar[Look]] = ContextVar("look")
_PLAIN: Final = Look(brand=Brand())


def shown() -> Look:
    """The look of the page being rendered; a plain English one outside of rendering."""
    return _SHOWN.get(_PLAIN)


class showing:  # noqa: N801 - reads as a word: `with showing(look):`
    """For the length of a `with`, texts and figures speak as this look does."""

    __slots__ = ("_look", "_token")

    def __init__(self, look: Look) -> None:
        self._look = look

    def __enter__(self) -> Look:
        self._token = _SHOWN.set(self._look)
        return self._look

    def __exit__(self, *_: object) -> None:
        _SHOWN.reset(self._token)
