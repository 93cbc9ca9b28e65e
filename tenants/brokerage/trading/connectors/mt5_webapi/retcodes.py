"""The server's return codes, sorted by the only thing that matters: did it happen?

What is not in this table is unknown: a code of a newer server must not be taken for a refusal.
"""

from types import MappingProxyType
from typing import Final

from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Refusing, Unknown
from stoa.kernel.refusals import NotFound, Refusal, Unavailable

DONE: Final = 0
NOTHING: Final = 1
NOT_FOUND: Final = 13
NO_DATA: Final = 5003
NO_CHANGES: Final = 10025
BAD_SERVER: Final = 1008
LOGIN_EXISTS: Final = 3004
BAD_PASSWORD: Final = 3006

_T: Final = Refusing.TECHNICAL
_H: Final = Refusing.HARD

# Left out on purpose, so that they count as unknown: 2 error, 4 data, 5 disk, 6 memory, 7 network,
# 9 timeout, 10 connection, 11 service, 14 partial, 15 shutdown, 16 cancelled, 17 duplicate, and
# 10001-10012 except the plain reject: each can be told after the operation was written.
REFUSALS: Final = MappingProxyType(
    {
        3: (_H, "invalid parameters"),
        8: (_T, "the manager has no permission"),
        12: (_T, "too frequent requests"),
        13: (_H, "no such account"),
        1000: (_T, "the server refused our kind of client"),
        1001: (_T, "the manager login is not valid"),
        1002: (_T, "the manager login is disabled"),
        1008: (_T, "the server did not prove itself"),
        1011: (_T, "the manager has no configuration"),
        1012: (_T, "the server does not take our address"),
        3001: (_H, "the last administrator cannot be removed"),
        3002: (_T, "the server has no logins left"),
        3003: (_H, "the login belongs to another server"),
        3004: (_H, "the login exists already"),
        3006: (_H, "the password does not meet the server's rules"),
        3007: (_T, "the server's licence is full"),
        3008: (_H, "the account has open trades"),
        3009: (_H, "the group is on another server"),
        3010: (_H, "the group has another currency"),
        4001: (_T, "the server's limit of deals is reached"),
        4005: (_H, "the group's limit of money is reached"),
        10006: (_H, "rejected"),
        10013: (_H, "invalid request"),
        10017: (_H, "trading is disabled"),
        10019: (_H, "not enough money"),
        12000: (_T, "the server does not know this"),
        12002: (_T, "the server does not support this"),
    }
)


def code_name(retcode: int | None) -> str:
    return "mt5-none" if retcode is None else f"mt5-{retcode}"


def outcome_of(retcode: int | None, text: str, reference: str) -> Outcome:
    """What a changing command's answer means; done without a reference is unknown."""
    if retcode == DONE and reference:
        return Confirmed(reference)
    if retcode is not None and (refusal := REFUSALS.get(retcode)):
        return Refused(refusal[0], code_name(retcode), refusal[1])
    return Unknown(code_name(retcode), text)


def refusal_of(retcode: int | None, text: str) -> Refusal:
    """What a reading command raises for an answer that is not done."""
    if retcode == NOT_FOUND:
        return NotFound("The trading server does not have that.")
    known = REFUSALS.get(retcode) if retcode is not None else None
    return Unavailable(
        "The trading server refused: {reason}.",
        code=code_name(retcode),
        reason=known[1] if known else text or code_name(retcode),
    )
