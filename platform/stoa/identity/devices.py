"""What a browser calls itself, in the few words a person recognises their own device by."""

import re
from typing import Final

_BROWSERS: Final = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS: Final = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"),
    ("Mac", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux|X11"),
)


def label(agent: str | None) -> str:
    """`Firefox, Linux`; what is no browser's name keeps its first word."""
    said = (agent or "")[:400]
    browser = _first(_BROWSERS, said)
    system = _first(_SYSTEMS, said)
    if browser and system:
        return f"{browser}, {system}"
    if browser or system:
        return browser or system
    word = re.split(r"[\s/(]", said, maxsplit=1)[0]
    return "".join(c for c in word if c.isprintable())[:40]


def handheld(shown: str) -> bool:
    return shown.endswith(("iPhone", "iPad", "Android"))


def _first(known: tuple[tuple[str, str], ...], said: str) -> str:
    return next((name for name, mark in known if re.search(mark, said)), "")
