"""What a client typed into a page of the wizard: understood, or every fault named at once. Pure."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from brokerage.kyc.jurisdictions.packs import Field, FieldKind, Step
from brokerage.kyc.rules import age_years
from stoa.kernel.refusals import Invalid, ManyInvalid

OLDEST_YEARS: Final = 120
BIRTH: Final = "birth_date"
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_TAX: Final = re.compile(r"[A-Z0-9][A-Z0-9 ./-]{2,38}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
# A name may be one letter long (O, Y), but it is made of letters.
_NAMES: Final = frozenset(
    {"first_name", "last_name", "representative_first_name", "representative_last_name"}
)


def understood(
    step: Step,
    given: Mapping[str, str],
    *,
    today: date,
    least_age_years: int,
    countries: Collection[str] = (),
) -> dict[str, str]:
    """Every field of a page, cleaned; dates as ISO text, phones as `+` and digits.

    Fields that the page does not have are left out. `countries`, when given, are the codes there
    are. Raises ManyInvalid with one problem a field.
    """
    problems: list[Invalid] = []
    clean: dict[str, str] = {}
    for field in step.fields:
        text = _bare(given.get(field.code, ""))
        if not text:
            if field.required:
                problems.append(Invalid("Please fill this in.", field=field.code))
            else:
                clean[field.code] = ""
            continue
        try:
            clean[field.code] = _value(field, text, today, least_age_years, countries)
        except Invalid as problem:
            problems.append(problem)
    if problems:
        raise ManyInvalid(problems)
    return clean


def _bare(text: str) -> str:
    """Without what cannot be seen, one space between words; line breaks stay."""
    seen = "".join(
        letter
        for letter in unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
        if letter == "\n" or unicodedata.category(letter)[0] != "C"
    )
    lines = (" ".join(line.split()) for line in seen.split("\n"))
    return "\n".join(line for line in lines if line)


def _value(
    field: Field, text: str, today: date, least_age_years: int, countries: Collection[str]
) -> str:
    if len(text) > field.longest:
        raise Invalid(
            "Please use at most {longest} letters.", field=field.code, longest=field.longest
        )
    match field.kind:
        case FieldKind.DATE:
            return _date(field, text, today, least_age_years)
        case FieldKind.COUNTRY:
            return _country(field, text, countries)
        case FieldKind.PHONE:
            return _phone(field, text)
        case FieldKind.CHOICE | FieldKind.YES_NO:
            return _choice(field, text)
        case FieldKind.TAX_NUMBER | FieldKind.TEXT:
            return _text(field, text)


def _choice(field: Field, text: str) -> str:
    offered = {choice.code for choice in field.choices} or {"yes", "no"}
    if text not in offered:
        raise Invalid("Please choose one of the answers shown.", field=field.code)
    return text


def _text(field: Field, text: str) -> str:
    if field.kind is FieldKind.TAX_NUMBER:
        if not _TAX.fullmatch(text.upper()):
            raise Invalid("Please write the number as your tax office does.", field=field.code)
        return text.upper()
    if field.code in _NAMES and not any(letter.isalpha() for letter in text):
        raise Invalid("Please write the name in letters.", field=field.code)
    return text


def _date(field: Field, text: str, today: date, least_age_years: int) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid("There is no such day. Please check the date.", field=field.code) from None
    if day > today:
        raise Invalid("This day is in the future. Please check the date.", field=field.code)
    if field.code != BIRTH:
        return day.isoformat()
    years = age_years(day, today)
    if years > OLDEST_YEARS:
        raise Invalid("Please check the year.", field=field.code)
    if years < least_age_years:
        raise Invalid(
            "You must be at least {years} years old to open an account.",
            field=field.code,
            code="too-young",
            years=least_age_years,
        )
    return day.isoformat()


def _country(field: Field, text: str, countries: Collection[str]) -> str:
    code = text.upper()
    if not _COUNTRY.fullmatch(code) or (countries and code not in countries):
        raise Invalid("Please choose a country.", field=field.code)
    return code


def _phone(field: Field, text: str) -> str:
    digits = re.sub(r"[ ()./-]", "", text)
    digits = f"+{digits[2:]}" if digits.startswith("00") else digits
    if not _PHONE.fullmatch(digits):
        raise Invalid(
            "Please write the number with its country code: +357 99 123456", field=field.code
        )
    return digits
