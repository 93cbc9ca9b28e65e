"""What the product says, in the reader's language: English is the message id.

Translations are `.po` files in `themes/default/locales/<language>/`, many small ones, merged when
a language is first spoken. There is no compile step. Texts carry `{name}` places, as refusals do.
"""

import gettext
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, cast, runtime_checkable

from babel import Locale, UnknownLocaleError
from babel.messages import pofile
from markupsafe import Markup, escape

from stoa.kernel import saying, where
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal
from stoa.theming import marks, themes

N_ = saying.N_
SOURCE: Final = "en"
LANGUAGES: Final = ("en", "es", "ar")
# Which form a number takes (gettext's notation, CLDR's categories); every `.po` follows these.
PLURALS: Final = MappingProxyType(
    {
        "en": "n != 1",
        "es": "n != 1",
        "ar": "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5",
    }
)
_CONTEXT: Final = "\x04"

Forms = tuple[str, ...]


@runtime_checkable
class Spoken(Protocol):
    """A value that is itself words, to be said in the reader's language."""

    def spoken(self, translate: Callable[[str], str]) -> str: ...


@dataclass(frozen=True, slots=True)
class Catalog:
    """All translations of one language; `plural` picks a form by number."""

    language: str
    forms: Mapping[str, Forms]
    plural: Callable[[int], int]


def folder(language: str) -> Path:
    return where.themes() / themes.DEFAULT / "locales" / language


@lru_cache(maxsize=16)
def catalog(language: str) -> Catalog:
    """Every `.po` of a language as one; a later file never overrides an earlier translation."""
    forms: dict[str, Forms] = {}
    for path in sorted(folder(language).glob("*.po")):
        with path.open("rb") as opened:
            read = pofile.read_po(opened, locale=language)
        for message in read:
            if not message.id or message.fuzzy:
                continue
            said = message.string if isinstance(message.string, tuple) else (message.string,)
            if all(said):
                first = message.id[0] if isinstance(message.id, (list, tuple)) else message.id
                key = f"{message.context}{_CONTEXT}{first}" if message.context else first
                forms.setdefault(key, cast("Forms", said))
    return Catalog(language, MappingProxyType(forms), gettext.c2py(PLURALS[language]))


class Texts:
    """One reader's language. An unknown language speaks the source language."""

    __slots__ = ("_catalog", "locale")

    def __init__(self, locale: str) -> None:
        language = locale.replace("-", "_").split("_")[0].lower()
        self.locale = spoken(locale)
        self._catalog = catalog(language if language in PLURALS else SOURCE)

    @property
    def language(self) -> str:
        return self._catalog.language

    @property
    def direction(self) -> str:
        return self.locale.text_direction

    def gettext(self, text: str) -> str:
        found = self._catalog.forms.get(text)
        return found[0] if found else text

    def ngettext(self, one: str, many: str, number: int) -> str:
        found = self._catalog.forms.get(one)
        if found is None:
            return one if number == 1 else many
        return found[min(self._catalog.plural(number), len(found) - 1)]

    def pgettext(self, context: str, text: str) -> str:
        found = self._catalog.forms.get(f"{context}{_CONTEXT}{text}")
        return found[0] if found else text

    def say(self, text: str, **places: object) -> str:
        """Translated, with its places filled; a missing place stays visible instead of failing."""
        for name, value in places.items():
            if isinstance(value, Spoken):
                places[name] = value.spoken(self.gettext)
            elif type(value) is str or isinstance(value, Money):
                places[name] = marks.written(str(value), self.locale)
        return fill(self.gettext(text), places)

    def count(self, one: str, many: str, number: int, **places: object) -> str:
        """The right form for `number`, which also fills `{n}`."""
        return fill(self.ngettext(one, many, number), {"n": number, **places})

    def refusal(self, refused: Refusal) -> str:
        return self.say(refused.sentence, **refused.places)


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def fill(text: str, places: Mapping[str, object]) -> str:
    """Fill `{name}` places; markup among the values makes the whole markup, the rest escaped."""
    if not places:
        return text
    if any(hasattr(value, "__html__") for value in places.values()):
        shown = {name: escape(value) for name, value in places.items()}
        return Markup(str(escape(text)).format_map(_Lenient(shown)))  # noqa: S704 - escaped above
    return text.format_map(_Lenient(places))


@lru_cache(maxsize=64)
def spoken(locale: str) -> Locale:
    """The locale for dates and numbers; English for one that does not exist."""
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale.parse(SOURCE)


@lru_cache(maxsize=64)
def of(locale: str) -> Texts:
    """The texts of a locale; shared, as they never change while the product runs."""
    return Texts(locale)
