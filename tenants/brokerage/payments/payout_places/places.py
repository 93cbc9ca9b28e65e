"""Places a client is paid at, read from what they typed, with the check digits each kind has. Pure."""

import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import phonenumbers

from brokerage.payments.addresses import networks
from brokerage.payments.values import Asks, Method, ToBank, ToCrypto, ToWallet
from stoa.kernel.refusals import Invalid

To = ToBank | ToCrypto | ToWallet
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC: Final = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_ABA: Final = (3, 7, 1, 3, 7, 1, 3, 7, 1)
_MOST_NUMBER: Final = 34


def read(code: Asks, typed: Mapping[str, str], country: str) -> To:
    """A place from what was typed. Raises Invalid naming the field that is wrong."""
    match code:
        case "coin":
            network, _, asset = typed["network"].partition(":")
            return crypto(network, typed["asset"] or asset, typed["address"], typed["memo"])
        case "email":
            return wallet(typed["email"])
        case "phone":
            return mobile(typed["number"], country, typed["operator"])
        case _:
            if len(typed["holder"]) < 2:
                raise Invalid("Whose account is it? It must be in your own name.", field="holder")
            return _account(code, typed, country)


def _account(code: Asks, typed: Mapping[str, str], country: str) -> ToBank:
    match code:
        case "sort-code":
            return ToBank(
                country="GB",
                sort_code=_digits(typed["sort_code"], 6, 6, "sort_code"),
                account_number=_digits(typed["account_number"], 8, 8, "account_number"),
            )
        case "ach":
            return _ach(typed["routing_number"], typed["account_number"])
        case "account":
            return ToBank(
                country=country,
                bank_name=typed["bank_name"][:80],
                routing_number=_digits(typed["routing_number"], 2, 11, "routing_number"),
                account_number=_digits(typed["account_number"], 5, _MOST_NUMBER, "account_number"),
            )
        case "pix":
            return ToBank(country="BR", pix_key=pix_key(typed["pix_key"]))
        case _:
            return bank(typed["iban"], typed["bic"], typed["bank_name"])


def bank(iban: str, bic: str = "", bank_name: str = "") -> ToBank:
    """Raises Invalid for an account number whose check digits are wrong."""
    plain = re.sub(r"\s", "", iban).upper()
    if not _IBAN.fullmatch(plain) or _mod97(plain) != 1:
        raise Invalid("This IBAN is not right. Compare it with your bank's.", field="iban")
    code = re.sub(r"\s", "", bic).upper()
    if code and not _BIC.fullmatch(code):
        raise Invalid("This BIC is not right. It has 8 or 11 letters and digits.", field="bic")
    return ToBank(country=plain[:2], bank_name=bank_name[:80], iban=plain, bic=code)


def _mod97(iban: str) -> int:
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97


def _digits(typed: str, least: int, most: int, field: str) -> str:
    plain = re.sub(r"[\s-]", "", typed)
    if not (plain.isascii() and plain.isdigit() and least <= len(plain) <= most):
        raise Invalid("This number is not right. Compare it with your bank's papers.", field=field)
    return plain


def _ach(routing: str, account: str) -> ToBank:
    """The ninth digit of a routing number checks the other eight (ABA)."""
    number = _digits(routing, 9, 9, "routing_number")
    if sum(int(one) * weight for one, weight in zip(number, _ABA, strict=True)) % 10:
        raise Invalid(
            "This number is not right. Compare it with your bank's papers.",
            field="routing_number",
        )
    return ToBank(
        country="US",
        routing_number=number,
        account_number=_digits(account, 4, 17, "account_number"),
    )


def pix_key(typed: str) -> str:
    """A key as the scheme writes it; of a CPF or CNPJ the check digits are looked at.

    Raises Invalid for what is no key.
    """
    plain = typed.strip()
    if _EMAIL.fullmatch(plain):
        return plain.lower()
    if plain.startswith("+"):
        try:
            read = phonenumbers.parse(plain, None)
        except phonenumbers.NumberParseException as why:
            raise _no_key() from why
        if read.country_code != 55 or not phonenumbers.is_valid_number(read):
            raise _no_key()
        return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
    digits = re.sub(r"[.\-/\s]", "", plain)
    if digits.isascii() and digits.isdigit() and _tax_number(digits):
        return digits
    try:
        return str(UUID(plain))
    except ValueError as why:
        raise _no_key() from why


def _tax_number(digits: str) -> bool:
    """CPF (11 digits) and CNPJ (14): two check digits, modulo 11."""
    if len(digits) not in {11, 14} or len(set(digits)) == 1:
        return False
    cycle = 10 if len(digits) == 11 else 8
    for place in (len(digits) - 2, len(digits) - 1):
        part = digits[:place]
        total = sum(int(sign) * (2 + (len(part) - 1 - at) % cycle) for at, sign in enumerate(part))
        rest = total * 10 % 11 % 10
        if rest != int(digits[place]):
            return False
    return True


def _no_key() -> Invalid:
    return Invalid(
        "This is not a PIX key. Copy it from your bank's app.",
        field="pix_key",
    )


def crypto(network: str, asset: str, address: str, memo: str = "") -> ToCrypto:
    """Raises Invalid for what is no address of the network, or whose check digits are wrong."""
    plain, told = networks.checked(network, asset, address, memo)
    return ToCrypto(address=plain, network=network, asset=asset, memo=told)


def wallet(email: str) -> ToWallet:
    """An e-wallet that is known by an address. Raises Invalid for what cannot be one."""
    plain = email.strip().lower()
    if not _EMAIL.fullmatch(plain):
        raise Invalid("Enter the e-mail address of your wallet.", field="email")
    return ToWallet(account=plain)


def mobile(number: str, country: str, operator: str = "") -> ToWallet:
    """A mobile money account. Raises Invalid for a number that is none of the country."""
    try:
        read = phonenumbers.parse(number, country.upper() or None)
    except phonenumbers.NumberParseException as why:
        raise _not_a_number() from why
    if not phonenumbers.is_valid_number(read):
        raise _not_a_number()
    where = phonenumbers.region_code_for_number(read) or country.upper()
    plain = phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
    return ToWallet(
        account=plain, method=Method.MOBILE, country=where, operator=operator.strip().upper()[:40]
    )


def _not_a_number() -> Invalid:
    return Invalid("This is not a mobile number. Write it with its country code.", field="number")
