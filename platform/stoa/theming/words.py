"""Codes as words: what a stored code is called on a page, in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from stoa.theming.look import shown

_KNOWN: Final[dict[str, str]] = {}


def learn(words: Mapping[str, str]) -> None:
    """Add codes a module stores, each with its message id. One code has one meaning.

    Raises:
        ValueError: the code is known under another name.
    """
    for code, label in words.items():
        if _KNOWN.setdefault(code, label) != label:
            raise ValueError(f"the code {code!r} is already called {_KNOWN[code]!r}")


def label(code: str) -> str:
    """The message id a code is called by; the code itself when nobody named it."""
    return _KNOWN.get(code, code)


class Code(str):
    """A code, or several apart by commas, that a sentence says by name in its reader's language."""

    __slots__ = ()

    def spoken(self, translate: Callable[[str], str]) -> str:
        return ", ".join(translate(label(one)) for one in self.split(", "))


def worded(places: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The places of a kept sentence, with those of these `names` said by their words."""
    return {key: Code(one) if key in names else one for key, one in places.items()}


def word(code: object) -> str:
    """A code by its name; one that nobody named (a broker's own) stands as it is."""
    if isinstance(code, Code):
        return code.spoken(shown().texts.gettext)
    text = "" if code is None else str(code)
    return shown().texts.gettext(label(text))
