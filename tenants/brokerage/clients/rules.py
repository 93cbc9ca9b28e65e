"""Decisions about joining and leaving: values in, verdicts out."""

import re
import unicodedata
from collections.abc import Collection
from datetime import date
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from stoa.kernel.refusals import Invalid

ADULT_AGE: Final = 18
OLDEST_AGE: Final = 120
MOST_TAGS: Final = 20
_NAME: Final = 80
_MARKUP: Final = frozenset("<>{}[]|\\^~")
"""In nobody's passport; a bank or a platform that gets such a name turns the payment down."""
_NOT_COUNTRIES: Final = frozenset({"AC", "TA"})
COUNTRIES: Final = frozenset(phonenumbers.SUPPORTED_REGIONS) - _NOT_COUNTRIES
_TAG: Final = re.compile(r"[\w][\w .+-]{0,39}")


def email(typed: str, disposable: Collection[str]) -> str:
    """The address in normal form. Raises Invalid for what cannot receive mail for long."""
    try:
        # Few servers carry letters beyond ASCII before the @; a code that cannot be sent opens nothing.
        checked = validate_email(typed, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as why:
        raise Invalid(
            "This does not look like an e-mail address. Write it as name@example.com.",
            field="email",
        ) from why
    domain = checked.domain.casefold()
    if any(domain == bad or domain.endswith(f".{bad}") for bad in disposable):
        raise Invalid(
            "This address is from a throw-away mail service. Use one you will keep: we write "
            "there about your money.",
            code="disposable-email",
            field="email",
        )
    return checked.normalized


def name(typed: str, field: str) -> str:
    """A name as its owner writes it: any script, no control characters, no markup tricks."""
    cleaned = " ".join(unicodedata.normalize("NFC", typed).split())
    if not cleaned or not any(c.isalpha() for c in cleaned):
        raise Invalid("Please write your name as in your passport.", field=field)
    if len(cleaned) > _NAME:
        raise Invalid("This is too long. 80 letters are the most.", field=field)
    if any(
        c in _MARKUP
        or (unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs"} and c not in "\u200c\u200d")
        for c in cleaned
    ):
        raise Invalid("This name holds signs that we cannot keep.", field=field)
    return cleaned


def phone(typed: str, country: str) -> str:
    """E.164 form; a number without a country code is read as one of `country`."""
    try:
        parsed = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException as why:
        raise Invalid(
            "This does not look like a telephone number. Start with + and the country code.",
            field="phone",
        ) from why
    if not phonenumbers.is_possible_number(parsed):
        raise Invalid("This telephone number has too few or too many digits.", field="phone")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def birth_date(born: date, today: date) -> date:
    """Raises Invalid for minors and impossible dates."""
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if born > today or age > OLDEST_AGE:
        raise Invalid("This date cannot be right.", field="birth_date")
    if age < ADULT_AGE:
        raise Invalid("You must be 18 to open an account.", code="minor", field="birth_date")
    return born


def country(code: str, blocked: Collection[str]) -> str:
    """Raises Invalid when we do not know the country or do not serve it."""
    code = code.upper()
    if code not in COUNTRIES:
        raise Invalid("Choose your country from the list.", field="country")
    if code in blocked:
        raise Invalid(
            "We are not able to open accounts for people who live in this country. Nothing was "
            "stored.",
            code="blocked-country",
            field="country",
        )
    return code


def tags(asked: Collection[str]) -> list[str]:
    """Trimmed, unique and sorted. Raises Invalid."""
    cleaned = sorted({" ".join(tag.split()).casefold() for tag in asked if tag.strip()})
    if len(cleaned) > MOST_TAGS:
        raise Invalid("20 tags are the most. Nothing was changed.", field="tags")
    for tag in cleaned:
        if not _TAG.fullmatch(tag):
            raise Invalid(
                "A tag has up to 40 letters, digits, spaces, dots or hyphens: {tag} does not fit.",
                field="tags",
                tag=tag[:60],
            )
    return cleaned
