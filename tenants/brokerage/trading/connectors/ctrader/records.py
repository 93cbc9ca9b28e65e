"""Traders as the WebServices tell them in JSON, and what they become."""

from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from brokerage.trading.connector import Access, Account, Profile
from stoa.connectors.loose import mapping
from stoa.connectors.trouble import Unreadable

RIGHTS: Final = MappingProxyType(
    {
        Access.FULL: "FULL_ACCESS",
        Access.CLOSE_ONLY: "CLOSE_ONLY",
        Access.NO_TRADING: "NO_TRADING",
        Access.NO_LOGIN: "NO_LOGIN",
    }
)
_ACCESS: Final = {word: access for access, word in RIGHTS.items()}
_MOST_DIGITS: Final = 15
_LATEST_MS: Final = 1 << 43
_LONGEST_LOGIN: Final = 1 << 62


def account(told: dict[str, Any]) -> Account:
    """Raises Unreadable where something that counts is missing or impossible."""
    digits = whole(told, "moneyDigits")
    if not 0 <= digits <= _MOST_DIGITS:
        raise Unreadable("The trading server tells an impossible number of digits.")

    def money(name: str, default: int | None = None) -> Decimal:
        return Decimal(whole(told, name, default)).scaleb(-digits)

    balance, equity, margin = money("balance"), money("equity"), money("usedMargin", 0)
    credit = money("bonus", 0) + money("nonWithdrawableBonus", 0)
    return Account(
        login=login_of(told),
        group=str(told.get("groupName") or ""),
        currency=str(told.get("depositCurrency") or ""),
        name=" ".join(
            part for part in (str(told.get(key) or "") for key in ("name", "lastName")) if part
        ),
        external_id=str(told.get("description") or ""),
        leverage=whole(told, "leverageInCents", 0) // 100,
        access=access_of(told.get("accessRights")),
        balance=balance,
        credit=credit,
        equity=equity,
        margin=margin,
        margin_free=money("freeMargin") if "freeMargin" in told else equity - margin,
        margin_level=(equity / margin * 100).quantize(Decimal("0.01")) if margin else Decimal(0),
        floating=equity - balance - credit,
        email=str(mapping(told.get("contactDetails")).get("email") or ""),
        registered=moment(told.get("registrationTimestamp")),
        last_access=moment(told.get("lastConnectionTimestamp")),
    )


def access_of(word: object) -> Access:
    """Raises Unreadable for rights that are not in the list: they must not be taken for others."""
    found = _ACCESS.get(word) if isinstance(word, str) else None
    if found is None:
        raise Unreadable("The trading server tells rights that are not known.", code="rights")
    return found


def login_of(told: dict[str, Any]) -> int:
    login = whole(told, "login")
    if not 0 < login < _LONGEST_LOGIN:
        raise Unreadable("The trading server tells an impossible login.")
    return login


def whole(told: dict[str, Any], name: str, default: int | None = None) -> int:
    """A whole number. Raises Unreadable where it is missing without a default, or is none."""
    value = told.get(name)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unreadable("The trading server's answer could not be read.", code=f"no-{name}"[:60])
    return value


def moment(ms: object) -> datetime | None:
    if isinstance(ms, bool) or not isinstance(ms, int) or not 0 < ms < _LATEST_MS:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC)


def described(profile: Profile) -> dict[str, Any]:
    """A profile as the fields of a trader. The country has numbers of the platform's own: left out."""
    name, _, last = profile.name.strip().partition(" ")
    return {
        "name": name,
        "lastName": last.strip(),
        "contactDetails": {
            "email": profile.email,
            "phone": profile.phone,
            "city": profile.city,
            "state": profile.state,
            "zipCode": profile.zip_code,
            "address": profile.address,
        },
    }
