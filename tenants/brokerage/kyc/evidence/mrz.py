"""The machine-readable zone of passports, identity cards and visas (ICAO Doc 9303).

Check digits do not catch everything: nationality has none, and a letter passes for the digit it
equals modulo ten (L898902C3 and 1898902C3). So each field is first repaired by the class of
letters it may hold, then checked, and what could be two numbers is told as such.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from brokerage.kyc.evidence.icao import (
    FILLER,
    TO_DIGIT,
    TO_LETTER,
    check_digit,
    country,
    look_alikes,
    readings,
)
from stoa.kernel.refusals import Invalid

_ALLOWED: Final = re.compile(r"[A-Z0-9<]+")
_NOISE: Final = str.maketrans({" ": "", "«": "<<", "‹": "<", "\t": "", "\u00a0": "", "\ufeff": ""})


class Form(StrEnum):
    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    VISA_A = "MRV-A"
    VISA_B = "MRV-B"


class Digit(msgspec.Struct, frozen=True):
    """One check digit: what it covers, what is printed and what it should be."""

    covers: str
    printed: str
    due: str

    @property
    def holds(self) -> bool:
        return self.printed == self.due


class Repair(msgspec.Struct, frozen=True):
    """A letter read for another, put right because its field cannot hold it."""

    field: str
    read: str
    taken_as: str


class Zone(msgspec.Struct, frozen=True):
    """What the zone says. Dates are None where the document leaves them open or they cannot be."""

    form: Form
    document: str
    issuer: str
    last_name: str
    first_names: str
    number: str
    nationality: str
    birth_date: date | None
    sex: str
    expires_on: date | None
    optional: str
    names_cut: bool
    digits: tuple[Digit, ...]
    repairs: tuple[Repair, ...]

    @property
    def number_mended(self) -> bool:
        """Whether the number was put right by its check digit, which fits one in ten by chance."""
        return any(repair.field == "number" for repair in self.repairs)

    @property
    def valid(self) -> bool:
        """Whether every check digit holds as read, and both countries are known."""
        holds = all(digit.holds for digit in self.digits) and not self.number_mended
        return holds and bool(self.issuer and self.nationality)

    @property
    def kind(self) -> str:
        """The paper in the words of document rules."""
        return {"P": "passport", "V": "visa"}.get(self.document[:1], "identity-card")


class _Number(msgspec.Struct, frozen=True):
    """A document's number, the optional field behind it, and both as the whole zone counts them."""

    number: str
    optional: str
    printed: str


class _Reader:
    """Cuts fields out of lines and keeps what was repaired and checked on the way."""

    def __init__(self) -> None:
        self.repairs: list[Repair] = []
        self.digits: list[Digit] = []

    def letters(self, field: str, text: str) -> str:
        return self._repaired(field, text, text.translate(TO_LETTER))

    def figures(self, field: str, text: str) -> str:
        return self._repaired(field, text, text.translate(TO_DIGIT))

    def state(self, field: str, text: str) -> str:
        """A country code; of the readings a digit allows, the one that is a country."""
        possible = readings(text)
        known = next((each for each in possible if country(each) is not None), possible[0])
        return self._repaired(field, text, known)

    def _repaired(self, field: str, read: str, taken_as: str) -> str:
        if read != taken_as:
            self.repairs.append(Repair(field, read, taken_as))
        return taken_as

    def check(self, covers: str, text: str, printed: str) -> str:
        """Keep a check digit; returns it as a digit."""
        digit = self.figures(f"check digit of {covers}", printed)
        due = check_digit(text)
        # An empty optional field may leave its check digit out.
        if digit == FILLER and not text.strip(FILLER):
            due = FILLER
        self.digits.append(Digit(covers, digit, due))
        return digit

    def number(self, text: str, printed: str, more: str) -> "_Number":
        if printed == FILLER and more.strip(FILLER):
            # Longer than nine: it goes on in the optional field, its check digit last.
            rest, _, behind = more.partition(FILLER)
            self.check("number", text + rest[:-1], rest[-1:])
            return _Number(text + rest[:-1], behind, text + printed)
        taken = self._mended(text, printed.translate(TO_DIGIT))
        digit = self.check("number", taken, printed)
        return _Number(taken.rstrip(FILLER), more, taken + digit)

    def _mended(self, text: str, printed: str) -> str:
        """The one reading of a number whose digit does not hold that makes it hold, if just one."""
        if check_digit(text) == printed:
            return text
        fits = [each for each in look_alikes(text) if check_digit(each) == printed]
        return self._repaired("number", text, fits[0]) if len(fits) == 1 else text


def parse(text: str, *, today: date) -> Zone:
    """Read a zone of two or three lines as OCR or a person gives it. Raises Invalid if it is none."""
    lines = _lines(text)
    form = _form(lines)
    reader = _Reader()
    if form is Form.TD1:
        return _td1(lines, reader, today)
    return _two_lines(form, lines, reader, today)


def _lines(text: str) -> list[str]:
    cleaned = (line.translate(_NOISE).upper() for line in text.splitlines())
    return [line for line in cleaned if len(line) >= 28 and _ALLOWED.fullmatch(line)]


def _form(lines: list[str]) -> Form:
    shape = [len(line) for line in lines]
    visa = bool(lines) and lines[0].startswith("V")
    if shape == [30, 30, 30]:
        return Form.TD1
    if shape == [36, 36]:
        return Form.VISA_B if visa else Form.TD2
    if shape == [44, 44]:
        return Form.VISA_A if visa else Form.TD3
    raise Invalid(
        "We could not read the two or three lines at the bottom of the document. Take the picture "
        "again with all of them in it.",
        code="mrz-unreadable",
        field="file",
    )


def _td1(lines: list[str], reader: _Reader, today: date) -> Zone:
    first, second, third = lines
    number = reader.number(first[5:14], first[14], first[15:])
    birth = reader.figures("birth date", second[0:6])
    birth_digit = reader.check("birth date", birth, second[6])
    expiry = reader.figures("expiry date", second[8:14])
    expiry_digit = reader.check("expiry date", expiry, second[14])
    whole = number.printed + first[15:] + birth + birth_digit + expiry + expiry_digit
    reader.check("whole zone", whole + second[18:29], second[29])
    return _zone(
        Form.TD1,
        reader,
        today,
        document=first[:2],
        issuer=first[2:5],
        names=third,
        number=number.number,
        nationality=second[15:18],
        birth=birth,
        sex=second[7],
        expiry=expiry,
        optional=number.optional + second[18:29],
    )


def _two_lines(form: Form, lines: list[str], reader: _Reader, today: date) -> Zone:
    first, second = lines
    number = reader.number(second[0:9], second[9], second[28:35] if form is Form.TD2 else "")
    birth = reader.figures("birth date", second[13:19])
    birth_digit = reader.check("birth date", birth, second[19])
    expiry = reader.figures("expiry date", second[21:27])
    expiry_digit = reader.check("expiry date", expiry, second[27])
    whole = number.printed + birth + birth_digit + expiry + expiry_digit
    optional = second[28:]
    if form is Form.TD3:
        optional = second[28:42]
        optional_digit = reader.check("personal number", optional, second[42])
        reader.check("whole zone", whole + optional + optional_digit, second[43])
    elif form is Form.TD2:
        optional = number.optional
        reader.check("whole zone", whole + second[28:35], second[35])
    return _zone(
        form,
        reader,
        today,
        document=first[:2],
        issuer=first[2:5],
        names=first[5:],
        number=number.number,
        nationality=second[10:13],
        birth=birth,
        sex=second[20],
        expiry=expiry,
        optional=optional,
    )


def _zone(
    form: Form,
    reader: _Reader,
    today: date,
    *,
    document: str,
    issuer: str,
    names: str,
    number: str,
    nationality: str,
    birth: str,
    sex: str,
    expiry: str,
    optional: str,
) -> Zone:
    last, _, first = reader.letters("names", names).partition("<<")
    return Zone(
        form=form,
        document=document[0] + reader.letters("document", document[1]).strip(FILLER),
        issuer=country(reader.state("issuer", issuer)) or "",
        last_name=_spaced(last),
        first_names=_spaced(first),
        number=number,
        nationality=country(reader.state("nationality", nationality)) or "",
        birth_date=_day(birth, latest=today),
        sex={"M": "male", "F": "female"}.get(sex, ""),
        expires_on=_day(expiry, latest=date(today.year + 50, 12, 31)),
        optional=optional.strip(FILLER),
        names_cut=not names.endswith(FILLER),
        digits=tuple(reader.digits),
        repairs=tuple(reader.repairs),
    )


def _spaced(names: str) -> str:
    return " ".join(part for part in names.split(FILLER) if part)


def _day(figures: str, *, latest: date) -> date | None:
    """A date of two-digit year: the last such day that is not after `latest`."""
    if not (figures.isascii() and figures.isdigit()):
        return None
    for century in (latest.year // 100 * 100, latest.year // 100 * 100 - 100):
        try:
            day = date(century + int(figures[:2]), int(figures[2:4]), int(figures[4:6]))
        except ValueError:
            continue
        if day <= latest:
            return day
    return None
