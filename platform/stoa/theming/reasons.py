"""Reasons that the product gives by itself, kept as words and said in the reader's language."""

import re
from typing import Final

from stoa.theming.look import shown
from stoa.theming.texts import N_

FROM_FILE: Final = N_("Taken from a settings file")
PICTURE: Final = N_("A picture of the brand")
COLOURS: Final = N_("Changed in the brand editor")
_BACK: Final = N_("Back to version {version}")
_BLUEPRINT: Final = N_("Set up from the blueprint {blueprint}")
_PLACES: Final = {"version": r"(?P<version>\d{1,9})", "blueprint": r"(?P<blueprint>.{1,60})"}


def _pattern(text: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", text)
    return re.compile(
        "".join(_PLACES[one] if at % 2 else re.escape(one) for at, one in enumerate(pieces))
    )


_PATTERNS: Final = tuple(
    (one, _pattern(one)) for one in (FROM_FILE, PICTURE, COLOURS, _BACK, _BLUEPRINT)
)


def restored(version: int) -> str:
    return _BACK.format(version=version)


def from_blueprint(title: str) -> str:
    return _BLUEPRINT.format(blueprint=title)


def said(why: str) -> tuple[str, dict[str, str]]:
    """A kept reason as a message id with its places; what a person wrote stays as it is."""
    for text, pattern in _PATTERNS:
        if found := pattern.fullmatch(why):
            return text, found.groupdict()
    return "{why}", {"why": why}


def reason(why: str) -> str:
    """The same for a template: `{{ one.why|reason }}`."""
    text, places = said(why)
    return shown().texts.say(text, **places) if places.keys() != {"why"} else why
