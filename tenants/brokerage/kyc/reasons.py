"""Reasons as rules and providers write them, in the reader's language.

Rules keep their reasons as short English text, since a decision record outlives every translation;
a page says the same in words that are translated. What is not known here is shown as it is.
"""

import re
from typing import Final

from markupsafe import escape

from stoa.theming.look import shown
from stoa.theming.texts import N_

_JOINED: Final = re.compile(r"; |, (?=country |client type |category |entity )")
_WORDS: Final = tuple(
    (re.compile(pattern), says)
    for pattern, says in (
        (r"unreadable: (?P<what>\w+)", N_("Cannot be read: {what}")),
        (r"the client has no better one", N_("The client has no better one")),
        (r"expired on (?P<day>.+)", N_("Expired on {day}")),
        (r"of (?P<day>.+), older than (?P<n>\d+) months", N_("Of {day}, older than {n} months")),
        (r"its date is not known", N_("Its date is not known")),
        (r"dated (?P<day>.+), in the future", N_("Dated {day}, in the future")),
        (r"(?P<paper>.+) where (?P<asked>.+) is asked for", N_("{paper}, asked for: {asked}")),
        (r"differs: (?P<fields>.+)", N_("Differs: {fields}")),
        (r"check digit of (?P<fields>.+) does not hold", N_("Wrong check digit: {fields}")),
        (r"its number could be read in two ways", N_("Its number could be read in two ways")),
        (r"its country is not known", N_("Its country is not known")),
        (r"(?P<n>\d+)%: (?P<band>.+)", N_("{n} of 100 points: {band}")),
        (r"(?P<n>\d+) possible match(es)?", N_("Possible matches: {n}")),
        (r"a listed person or company", N_("A listed person or company")),
        (r"not loaded: (?P<lists>.+)", N_("Not loaded: {lists}")),
        (r"our own officers look at the documents", N_("Our own officers look at the documents")),
        (r"the provider did not take it: (?P<code>.+)", N_("The provider did not take it: {code}")),
        (r"the same document number: (?P<n>\d+) other", N_("The same document number: {n} more")),
        (r"public office: (?P<what>.+)", N_("Public office: {what}")),
        (r"risk (?P<band>.+)", N_("Risk: {band}")),
        (r"deposits over (?P<most>.+)", N_("Deposits over {most}")),
        (r"possible list match", N_("May be on a list")),
        (r"country (?P<code>..) is not listed", N_("Country {code} is not among them")),
        (r"country (?P<code>..) is excepted", N_("Country {code} is excepted")),
        (r"country (?P<code>..)", N_("Country {code}")),
        (r"client type (?P<what>\w+)( is not listed)?", N_("Client type: {what}")),
        (r"category (?P<what>\w+)( is not listed)?", N_("Category: {what}")),
        (r"entity (?P<what>.+?)( is not listed)?", N_("Entity: {what}")),
        (r"it is for everybody else", N_("It is for everybody else")),
    )
)


class Because:
    """A reason that becomes words where a page is drawn."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Because) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        return "; ".join(_said(part) for part in _JOINED.split(self._text))

    def __html__(self) -> str:
        return str(escape(str(self)))


_VALUES: Final = {
    "low": N_("Low"),
    "medium": N_("Medium"),
    "high": N_("High"),
    "none": N_("None"),
    "current": N_("in office now"),
    "former": N_("in office before"),
    "relative": N_("close to somebody in office"),
    "individual": N_("Individual"),
    "retail": N_("Retail"),
    "professional": N_("Professional"),
}
"""What forms and rules keep as codes inside a reason."""


def value(code: str) -> str:
    """A code of a form or a rule in the reader's language; what is no code of ours as it is."""
    return shown().texts.gettext(_VALUES.get(code, code))


def _said(part: str) -> str:
    for pattern, says in _WORDS:
        if found := pattern.fullmatch(part):
            told = {name: value(one) for name, one in found.groupdict().items()}
            return shown().texts.say(says, **told)
    return part
