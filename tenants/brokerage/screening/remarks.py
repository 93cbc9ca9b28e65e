"""OFAC's free-text remarks: births, nationalities, papers, weak aliases and links.

The text is a list of phrases divided by semicolons ("DOB circa 1960; POB Kerman, Iran; Passport
A1 (Iran)"), cut off by the publisher at 1,000 characters. A phrase that fits no pattern stays in
the text for people to read and is not an error.
"""

import calendar
import re
from datetime import date
from typing import Final, TypeVar

import msgspec

from brokerage.screening import countries
from brokerage.screening.entries import BirthDate, IdDocument

T = TypeVar("T")

MONTHS: Final = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
PAPERS: Final = {
    "passport": "passport",
    "diplomatic passport": "passport",
    "stateless person passport": "passport",
    "travel document": "passport",
    "national id": "identity-card",
    "national foreign id": "identity-card",
    "residency": "identity-card",
    "credencial electoral": "identity-card",
    "identification number": "identity-card",
    "cedula": "identity-card",
    "cedula no": "identity-card",
    "cedula de ciudadania": "identity-card",
    "cedula de residencia": "identity-card",
    "d.n.i": "identity-card",
    "c.u.r.p": "identity-card",
    "citizen's card number": "identity-card",
    "personal id card": "identity-card",
    "turkish identification number": "identity-card",
    "stateless person id card": "identity-card",
    "ssn": "tax-number",
    "r.f.c": "tax-number",
    "tax id": "tax-number",
    "nit #": "tax-number",
    "ruc #": "tax-number",
    "rif #": "tax-number",
    "c.u.i.t": "tax-number",
    "v.a.t": "tax-number",
    "us fein": "tax-number",
    "italian fiscal code": "tax-number",
    "fiscal code": "tax-number",
    "matricula mercantil no": "registration",
    "registration id": "registration",
    "registration number": "registration",
    "commercial registry number": "registration",
    "public registration number": "registration",
    "business registration number": "registration",
    "business registration document #": "registration",
    "company number": "registration",
    "trade license": "registration",
    "uk company": "registration",
    "legal entity": "registration",
    "chamber of commerce": "registration",
    "certificate of incorporation": "registration",
    "government gazette": "registration",
    "c.r": "registration",
    "folio mercantil": "registration",
    "driver's license": "driving-licence",
    "vessel registration identification imo": "imo",
    "swift/bic": "bic",
}
_PAPER: Final = re.compile(
    r"(?:alt\. )?(?P<kind>"
    + "|".join(re.escape(kind) for kind in sorted(PAPERS, key=len, reverse=True))
    + r")\.?(?: booklet| no\.?| number| #)?:? *(?P<rest>.+)",
    re.IGNORECASE,
)
# "AB 123456", "C 1415363 - 16/2/1421H", "NO34409/129": the number ends where words begin.
_NUMBER: Final = re.compile(
    r"(?P<number>[A-Z]{0,5}(?:[-/][A-Z])?[-./ ]?[A-Z0-9]*\d[A-Z0-9./-]*(?: \d[\d-]*)*)"
    r"(?:,? [A-Z][a-z]+)?(?: ?\((?P<country>[^)]{2,60})\))?",
)
_DAY: Final = r"(?:(?:\d{1,2} )?[A-Za-z]{3,9} )?\d{4}"
_BIRTH: Final = re.compile(
    rf"(?:alt\.? )?DOB:? (?P<circa>(?:circa|approximately|c\.) )?(?P<first>{_DAY})"
    rf"(?:(?: to | ?- ?|/)(?P<last>{_DAY}))?",
    re.IGNORECASE,
)
_WEAK: Final = re.compile(r"(?:a|f|n)\.k\.a\. '(?P<name>.+)'")
_NATION: Final = re.compile(
    r"(?:alt\. )?(?:nationality|citizen(?: of)?) (?:possibly )?(?P<country>.+)"
)
_BORN_AT: Final = re.compile(r"(?:alt\. )?POB:? (?P<place>.+)")
_GENDER: Final = re.compile(r"Gender (?P<gender>Male|Female)", re.IGNORECASE)
_LINK: Final = re.compile(r"Linked To: (?P<name>.+)", re.IGNORECASE)


class Remarks(msgspec.Struct, frozen=True):
    births: tuple[BirthDate, ...] = ()
    nationalities: tuple[str, ...] = ()
    birth_places: tuple[str, ...] = ()
    birth_countries: tuple[str, ...] = ()
    documents: tuple[IdDocument, ...] = ()
    weak_names: tuple[str, ...] = ()
    gender: str = ""
    links: tuple[str, ...] = ()


def read(text: str) -> Remarks:
    """Everything the remarks say in a form that can be compared."""
    found = _Found()
    for raw in text.split(";"):
        phrase = raw.strip()
        if phrase:
            found.take(phrase)
    return found.remarks()


class _Found:
    def __init__(self) -> None:
        self.births: list[BirthDate] = []
        self.nations: list[str] = []
        self.places: list[str] = []
        self.documents: list[IdDocument] = []
        self.weak: list[str] = []
        self.links: list[str] = []
        self.gender = ""

    def take(self, phrase: str) -> None:
        bare = phrase.removesuffix(".")
        if found := _WEAK.fullmatch(bare):
            self.weak.append(found["name"].strip("' "))
        elif found := _BIRTH.match(bare):
            if birth := birth_date(found["first"], found["last"], circa=bool(found["circa"])):
                self.births.append(birth)
        elif found := _BORN_AT.fullmatch(bare):
            self.places.append(found["place"])
        elif found := _NATION.fullmatch(bare):
            if country := countries.code(found["country"]):
                self.nations.append(country)
        elif found := _LINK.fullmatch(phrase):
            self.links.append(found["name"])
        elif found := _GENDER.fullmatch(bare):
            self.gender = found["gender"].lower()
        elif document := paper(bare):
            self.documents.append(document)

    def remarks(self) -> Remarks:
        born_in = (countries.code(place.rsplit(",", 1)[-1]) for place in self.places)
        return Remarks(
            births=_once(self.births),
            nationalities=_once(self.nations),
            birth_places=_once(self.places),
            birth_countries=_once([country for country in born_in if country]),
            documents=_once(self.documents),
            weak_names=_once(self.weak),
            gender=self.gender,
            links=_once(self.links),
        )


def paper(phrase: str) -> IdDocument | None:
    """A passport, identity card, tax or registration number, or nothing."""
    found = _PAPER.fullmatch(phrase)
    if found is None:
        return None
    number = _NUMBER.match(found["rest"])
    if number is None or len(number["number"]) < 4:
        return None
    return IdDocument(
        kind=PAPERS[found["kind"].lower()],
        number=number["number"].strip(" .-"),
        country=countries.code(number["country"] or ""),
    )


def birth_date(first: str, last: str | None, *, circa: bool) -> BirthDate | None:
    """The span from the first day meant by `first` to the last day meant by `last`."""
    start = _span(first)
    end = _span(last) if last else start
    if start is None or end is None or end[1] < start[0]:
        return None
    return BirthDate(start[0], end[1], circa)


def _span(text: str) -> tuple[date, date] | None:
    words = text.split()
    try:
        year = int(words[-1])
        if len(words) == 1:
            return date(year, 1, 1), date(year, 12, 31)
        month = MONTHS[words[-2][:3].lower()]
        if len(words) == 2:
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        day = date(year, month, int(words[0]))
    except (KeyError, ValueError):
        return None
    return day, day


def _once(items: list[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
