"""Why a provider did not take a payout, in four kinds with a course of their own. Pure.

A provider's own code comes first, where its connector names it in `payout_troubles`; then ISO
20022's reasons, which banks and several providers use; then the words of the code; then whether the
provider's trouble was technical.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from stoa.connectors.outcomes import Refusing


class Trouble(StrEnum):
    """DECLINED: for good. BALANCE: the provider's account of ours is short. DESTINATION: no such
    place, or it takes nothing. TECHNICAL: it says nothing about this payout.
    """

    DECLINED = "declined"
    BALANCE = "balance"
    DESTINATION = "destination"
    TECHNICAL = "technical"


# Source: ISO 20022 external status reason codes.
_ISO: Final[Mapping[str, Trouble]] = {
    **dict.fromkeys(
        ("AC01", "AC02", "AC03", "AC04", "AC05", "AC06", "AC07", "AC13", "AC14", "AC15", "BE01",
         "BE04", "BE06", "BE07", "RC01", "RC04", "RC07", "RC10", "CREDITORNAMEMISMATCH", "MD07"),
        Trouble.DESTINATION,
    ),
    **dict.fromkeys(("AM04", "AM23", "AG07"), Trouble.BALANCE),
    **dict.fromkeys(
        ("AB01", "AB02", "AB03", "AB04", "AB05", "AB06", "AB07", "AB08", "AB09", "AB10", "DS0H",
         "ED05", "TM01"),
        Trouble.TECHNICAL,
    ),
}  # fmt: skip
_SHORT: Final = re.compile(
    r"(insufficient|not.?enough|low|out.?of|no)[-_ ]?(\w+[-_ ])?(balance|funds?|money)"
    r"|balance[-_ ]?(is[-_ ]?)?(insufficient|low|not.?enough)",
    re.IGNORECASE,
)
_PLACE: Final = (
    r"(bank|account|iban|bic|swift|address|destination|recipient|receiver|beneficiary|"
    r"counterparty|creditor|msisdn|phone|card)"
)
_WRONG: Final = (
    r"(closed|invalid|unknown|not.?found|frozen|blocked|locked|unregistered|incorrect|wrong|"
    r"restricted|unusable|does.?not.?exist|inactive|mismatch)"
)
_NOWHERE: Final = re.compile(
    rf"{_PLACE}.*{_WRONG}|{_WRONG}.*{_PLACE}|no[-_ ]account", re.IGNORECASE
)
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def sort(code: str, why: Refusing, known: Mapping[str, Trouble]) -> Trouble:
    """The kind of a refusal, by the provider's own words before ours."""
    if code in known:
        return known[code]
    first = code.split(" ", 1)[0]
    if first in _ISO:
        return _ISO[first]
    spaced = _WORDS.sub("_", code)
    if _SHORT.search(spaced):
        return Trouble.BALANCE
    if _NOWHERE.search(spaced):
        return Trouble.DESTINATION
    return Trouble.DECLINED if why is Refusing.HARD else Trouble.TECHNICAL
