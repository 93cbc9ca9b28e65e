"""Client records: adding, replacing, deleting them; passwords."""

import hashlib
import hmac
import os
import re
from collections.abc import Mapping

from msgspec.structs import replace as changed

from sandbox.trading.book import Account, Book
from sandbox.trading.config import Group
from sandbox.trading.records import Right, User
from sandbox.trading.retcodes import RefusedError, Ret

TEXTS: dict[str, tuple[str, int]] = {
    "NAME": ("name", 127),
    "COMPANY": ("company", 63),
    "ACCOUNT": ("account", 63),
    "COUNTRY": ("country", 31),
    "CITY": ("city", 31),
    "STATE": ("state", 31),
    "ZIPCODE": ("zip_code", 15),
    "ADDRESS": ("address", 127),
    "PHONE": ("phone", 31),
    "EMAIL": ("email", 63),
    "ID": ("identity", 31),
    "STATUS": ("status", 15),
    "COMMENT": ("comment", 63),
    "PASS_PHONE": ("phone_password", 15),
    "MQID": ("mqid", 15),
    "LEADCAMPAIGN": ("lead_campaign", 63),
    "LEADSOURCE": ("lead_source", 63),
    "TRADEACCOUNTS": ("trade_accounts", 127),
}
"""Text parameters, the field of the record, and the length it is cut to."""

NUMBERS: dict[str, str] = {
    "RIGHTS": "rights",
    "LANGUAGE": "language",
    "CLIENTID": "client",
    "COLOR": "color",
    "LEVERAGE": "leverage",
    "AGENT": "agent",
}

_WHOLE = re.compile(r"[0-9]{1,18}")
PASSWORD_MAX = 32
_KINDS_OF_CHARACTER = 3


def described(given: Mapping[str, str], base: User) -> User:
    """Lay a description over a record. Numbers that are none are refused."""
    words = {
        field: given[name].strip()[:length]
        for name, (field, length) in TEXTS.items()
        if name in given
    }
    return changed(
        base,
        **words,
        **{
            field: _number(given[name])
            for name, field in NUMBERS.items()
            if given.get(name, "").strip()
        },
    )


def _number(text: str) -> int:
    if _WHOLE.fullmatch(text.strip()) is None:
        raise RefusedError(Ret.PARAMS)
    return int(text)


def check(user: User, group: Group) -> User:
    """Refuse a record the server cannot keep: no name, or leverage outside the group's."""
    if not user.name or not 1 <= user.leverage <= group.leverage_max:
        raise RefusedError(Ret.PARAMS)
    return changed(user, group=group.name)


def free_login(book: Book, group: Group, wanted: int) -> int:
    """The login for a new account: the one asked for, or the next of the group's range."""
    if wanted:
        if wanted in book.accounts:
            raise RefusedError(Ret.LOGIN_EXISTS)
        if wanted in book.gone or wanted < 0:
            raise RefusedError(Ret.LOGIN_PROHIBITED)
        return wanted
    taken = [
        login
        for login in (*book.accounts, *book.gone)
        if group.login_from <= login <= group.login_to
    ]
    login = max(taken, default=group.login_from) + 1
    if login > group.login_to:
        raise RefusedError(Ret.LOGIN_EXHAUSTED)
    return login


def check_password(group: Group, password: str) -> None:
    """At least the group's length and three of: small, capital, digit, anything else."""
    kinds = (
        any(each.islower() for each in password)
        + any(each.isupper() for each in password)
        + any(each.isdigit() for each in password)
        + any(not each.isalnum() for each in password)
    )
    fits = group.password_min <= len(password) <= PASSWORD_MAX
    if not fits or kinds < _KINDS_OF_CHARACTER:
        raise RefusedError(Ret.INVALID_PASSWORD)


def digest(password: str) -> str:
    """Salt and hash a password for keeping."""
    salt = os.urandom(8)
    return (salt + hashlib.sha256(salt + password.encode()).digest()).hex()


def right_password(kept: str, password: str) -> bool:
    if not kept:
        return False
    raw = bytes.fromhex(kept)
    return hmac.compare_digest(raw[8:], hashlib.sha256(raw[:8] + password.encode()).digest())


def may_enter(account: Account, password: str) -> str:
    """Tell as whom a person comes in by a password: ``main``, ``investor`` or not at all."""
    user = account.user
    if not user.rights & Right.ENABLED:
        return ""
    if right_password(user.main, password):
        return "investor" if user.rights & (Right.INVESTOR | Right.READ_ONLY) else "main"
    return "investor" if right_password(user.investor, password) else ""
