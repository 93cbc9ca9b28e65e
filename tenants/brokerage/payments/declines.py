"""What providers' codes of a failure are called where people read them.

Codes are the providers' own and endless; the common ones have words, any other stands as it came.
"""

from types import MappingProxyType
from typing import Final

from stoa.theming import words
from stoa.theming.texts import N_

_PLACE: Final = N_("No such account, or it is closed")
_STOLEN: Final = N_("The card was reported lost or stolen")
_SILENT: Final = N_("No answer from the provider")
_FAULT: Final = N_("A fault at the provider")
_REFUSED: Final = N_("Declined")
WORDS: Final = MappingProxyType(
    {
        "account_closed": _PLACE,
        "authentication_required": N_("The bank wanted a confirmation"),
        "card_declined": _REFUSED,
        "declined": _REFUSED,
        "do_not_honor": _REFUSED,
        "expired_card": N_("The card has expired"),
        "expired_or_canceled_card": N_("The card has expired or was cancelled"),
        "fraudulent": N_("Suspected fraud"),
        "generic_decline": _REFUSED,
        "incorrect_cvc": N_("Wrong security code"),
        "insufficient_funds": N_("Not enough money there"),
        "invalid_account": _PLACE,
        "lost_card": _STOLEN,
        "no-answer": _SILENT,
        "no_account": _PLACE,
        "processing_error": _FAULT,
        "stolen_card": _STOLEN,
        "timeout": _SILENT,
        "unreachable": _SILENT,
    }
)
_OURS: Final = MappingProxyType(
    {
        "cancelled": N_("Cancelled by the payer"),
        "expired": N_("The time to pay was over"),
        "expired/unpaid": N_("The time to pay was over"),
    }
)
"""Ends of a deposit; elsewhere the same words are states."""
words.learn(WORDS)


def named(code: str) -> str:
    """The message id of a provider's code, or what stands there as it is."""
    return words.label(code)


def why(code: str) -> str:
    """The message id of a deposit's end, or the code where nobody named it."""
    return _OURS.get(code) or named(code)
