"""The font pairs a brand may choose from; every pair carries an Arabic family."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Face:
    """One family as it is pinned: its package, and the file of each package that holds it."""

    family: str
    package: str
    axis: str
    subsets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Headings, text and figures that were seen together; `preload` names the first file shown."""

    label: str
    body: str
    head: str
    figure: str
    faces: tuple[Face, ...]
    preload: str
    static: str
    static_head: str


_LATIN = ("latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "vietnamese")
_INTER = Face("Inter Variable", "@fontsource-variable/inter", "opsz", _LATIN)
_SERIF = Face("Source Serif 4 Variable", "@fontsource-variable/source-serif-4", "opsz", _LATIN)
_GEIST = Face("Geist Variable", "@fontsource-variable/geist", "wght", _LATIN)
_MONO = Face("Geist Mono Variable", "@fontsource-variable/geist-mono", "wght", _LATIN)
_ARABIC = Face(
    "Noto Sans Arabic Variable", "@fontsource-variable/noto-sans-arabic", "wght", ("arabic",)
)
_NASKH = Face(
    "Noto Naskh Arabic Variable", "@fontsource-variable/noto-naskh-arabic", "wght", ("arabic",)
)

_SANS_ENDING = "'Noto Sans Arabic Variable', ui-sans-serif, system-ui, sans-serif"
_INTER_STACK = f"'Inter Variable', {_SANS_ENDING}"
_GEIST_STACK = f"'Geist Variable', {_SANS_ENDING}"
MONO_STACK: Final = "'Geist Mono Variable', ui-monospace, 'SFMono-Regular', Menlo, monospace"

PAIRS: Final = MappingProxyType(
    {
        "inter": Pair(
            label="Inter",
            body=_INTER_STACK,
            head=_INTER_STACK,
            figure=_INTER_STACK,
            faces=(_INTER, _MONO, _ARABIC),
            preload="inter-latin-opsz-normal.woff2",
            static="Inter",
            static_head="Inter",
        ),
        "serif": Pair(
            label="Source Serif and Inter",
            body=_INTER_STACK,
            head="'Source Serif 4 Variable', 'Noto Naskh Arabic Variable', Georgia, serif",
            figure="'Source Serif 4 Variable', 'Noto Naskh Arabic Variable', Georgia, serif",
            faces=(_INTER, _SERIF, _MONO, _ARABIC, _NASKH),
            preload="inter-latin-opsz-normal.woff2",
            static="Inter",
            static_head="Source Serif 4",
        ),
        "geist": Pair(
            label="Geist",
            body=_GEIST_STACK,
            head=_GEIST_STACK,
            figure=_GEIST_STACK,
            faces=(_GEIST, _MONO, _ARABIC),
            preload="geist-latin-wght-normal.woff2",
            static="Geist",
            static_head="Geist",
        ),
    }
)
# Families made into TTF for documents: package, family, weights.
STATIC: Final = (
    ("@fontsource/inter", "Inter", (400, 600, 700)),
    ("@fontsource/source-serif-4", "Source Serif 4", (400, 600)),
    ("@fontsource/geist", "Geist", (400, 600, 700)),
    ("@fontsource/noto-sans-arabic", "Noto Sans Arabic", (400, 600, 700)),
    ("@fontsource/noto-naskh-arabic", "Noto Naskh Arabic", (400, 600)),
)
