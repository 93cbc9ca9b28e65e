"""The platform's names for what went wrong, and what each says of the effect.

A name that is not in the list says nothing: after a changing call it is an unknown outcome.
"""

from types import MappingProxyType
from typing import Any, Final, cast

from stoa.connectors.outcomes import Outcome, Refused, Refusing, Unknown
from stoa.kernel.refusals import NotFound, Refusal, Unavailable

_H, _T = Refusing.HARD, Refusing.TECHNICAL

NAMES: Final = MappingProxyType(
    {
        "TRADER_NOT_FOUND": (_H, "no such account"),
        "NO_SUCH_LOGIN": (_H, "no such account"),
        "ENTITY_NOT_FOUND": (_H, "no such thing"),
        "TRADER_GROUP_NOT_FOUND": (_H, "no such group"),
        "UNKNOWN_DEPOSIT_CURRENCY": (_H, "the server does not know the currency"),
        "DEPOSIT_CURRENCY_NOT_ALLOWED": (_H, "the group does not take the currency"),
        "WRONG_LEVERAGE": (_H, "the leverage is not allowed"),
        "WRONG_PASSWORD": (_H, "the password is wrong"),
        "NOT_ENOUGH_MONEY": (_H, "not enough money"),
        "CHANGE_BALANCE_BAD_AMOUNT": (_H, "the amount is not allowed"),
        "CHANGE_BONUS_BAD_AMOUNT": (_H, "the amount is not allowed"),
        "TRADER_HAS_POSITIONS": (_H, "the account has open positions"),
        "FORBID_WITH_TRADING_ENABLED": (_H, "trading must be switched off first"),
        "ALREADY_DELETED": (_H, "the account is deleted"),
        "ALREADY_LINKED": (_H, "the account is linked to another cTrader ID"),
        "INVALID_DATA": (_H, "the request is not valid"),
        "INVALID_REQUEST": (_H, "the request is not valid"),
        "INCORRECT_BOUNDARIES": (_H, "the request is not valid"),
        "OPERATION_NOT_ALLOWED": (_H, "not allowed"),
        "AUTHENTICATION_FAILED": (_T, "the manager's login or password is wrong"),
        "NOT_ENOUGH_RIGHTS": (_T, "the manager may not do this"),
        "ALREADY_LOGGED_IN": (_T, "the manager is logged in elsewhere"),
        "CONNECTIONS_LIMIT_EXCEEDED": (_T, "the server takes no more connections"),
        "REQUEST_FREQUENCY_EXCEEDED": (_T, "too many requests"),
        "SERVER_IS_UNDER_MAINTENANCE": (_T, "the server is under maintenance"),
        "RECONCILIATION_IN_PROGRESS": (_T, "the server is reconciling"),
        "CHANNEL_IS_BLOCKED": (_T, "our channel is blocked"),
        "UNSUPPORTED_MESSAGE": (_T, "the server does not know this"),
        "BLOCKED_PAYLOAD_TYPE": (_T, "the server does not take this from us"),
        "CANT_ROUTE_REQUEST": (_T, "the plant or environment is wrong"),
        "FRAME_TOO_LONG": (_T, "the request is too long"),
    }
)
MISSING: Final = frozenset({"TRADER_NOT_FOUND", "NO_SUCH_LOGIN", "ENTITY_NOT_FOUND"})


def code_of(name: str) -> str:
    return f"ctrader-{name}"[:80]


def named(said: dict[str, Any]) -> tuple[str, str]:
    """Name and sentence out of an error's body, at its top or one level below."""
    for place in (said, said.get("error"), said.get("errors")):
        if isinstance(place, dict):
            one = cast("dict[str, Any]", place)
            name = one.get("errorCode") or one.get("code")
            if isinstance(name, str) and name:
                return name[:60], str(one.get("description") or "")
    return "", ""


def outcome_of(name: str, text: str) -> Outcome:
    """What an error says after a changing call."""
    known = NAMES.get(name)
    if known is None:
        return Unknown(code_of(name or "none"), text[:200])
    return Refused(known[0], code_of(name), known[1])


def refusal_of(name: str, text: str) -> Refusal:
    """What a reading call raises for an error."""
    if name in MISSING:
        return NotFound("The trading server does not have that.")
    known = NAMES.get(name)
    return Unavailable(
        "The trading server refused: {reason}.",
        code=code_of(name or "none"),
        reason=known[1] if known else (text or name or "no reason given")[:120],
    )
