"""The published test cards and what each of them does."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

PAID, DECLINED, CHALLENGE = "paid", "declined", "challenge"


@dataclass(frozen=True, slots=True)
class Card:
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    outcome: str = PAID
    code: str = "card_declined"
    decline_code: str = "generic_decline"
    message: str = "Your card was declined."
    # What happens to money after it was taken: "dispute", "refund_fails" or "payout_fails".
    after: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """A card as typed; the number itself is never written down."""

    number: str
    month: int
    year: int
    cvc: str
    name: str


def _declines(code: str, decline_code: str, message: str) -> Card:
    return Card(outcome=DECLINED, code=code, decline_code=decline_code, message=message)


CARDS = {
    "4242424242424242": Card(),
    "4111111111111111": Card(),
    "4000056655665556": Card(funding="debit"),
    "5555555555554444": Card("mastercard"),
    "5200828282828210": Card("mastercard", "debit"),
    "378282246310005": Card("amex"),
    "4000008260000000": Card(country="GB"),
    "4000002760000016": Card(country="DE"),
    "4000007840000001": Card(country="AE"),
    "4000000000000002": Card(outcome=DECLINED),
    "4000000000009995": _declines(
        "card_declined", "insufficient_funds", "Your card has insufficient funds."
    ),
    "4000000000009987": _declines("card_declined", "lost_card", "Your card was declined."),
    "4000000000009979": _declines("card_declined", "stolen_card", "Your card was declined."),
    "4100000000000019": _declines("card_declined", "fraudulent", "Your card was declined."),
    "4000000000000069": _declines("expired_card", "expired_card", "Your card has expired."),
    "4000000000000127": _declines(
        "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."
    ),
    "4000000000000119": _declines(
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "4000002760003184": Card(outcome=CHALLENGE, country="DE"),
    "4000002500003155": Card(outcome=CHALLENGE, country="FR"),
    "4000008400001629": Card(outcome=CHALLENGE, decline_code="generic_decline", after="declines"),
    "4000000000000259": Card(after="dispute"),
    "4000000000005126": Card(after="refund_fails"),
    "4000000000000341": Card(after="payout_fails"),
}
TRY_THESE = (
    ("4242 4242 4242 4242", "is paid"),
    ("4000 0027 6000 3184", "asks the bank"),
    ("4000 0000 0000 9995", "has no money"),
    ("4000 0000 0000 0002", "is declined"),
)
NOT_A_TEST_CARD = _declines(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card.",
)


def known(number: str) -> Card:
    return CARDS.get(number, NOT_A_TEST_CARD)


def digits(number: str) -> str:
    return "".join(sign for sign in number if sign.isdigit())


def luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def wrong(card: Entered, today: datetime) -> dict[str, str]:
    """What is wrong with the card as typed, by field, in words that say how to mend it."""
    found: dict[str, str] = {}
    if not 12 <= len(card.number) <= 19 or not luhn(card.number):
        found["number"] = "Your card number is invalid. Check its digits."
    if not 1 <= card.month <= 12:
        found["expiry"] = "Write the month and year, such as 12/34."
    elif (card.year, card.month) < (today.year, today.month):
        found["expiry"] = "Your card's expiration date is in the past."
    if not card.cvc.isdigit() or len(card.cvc) not in (3, 4):
        found["cvc"] = "The security code has 3 digits, or 4 on American Express."
    return found


def fingerprint(merchant: str, number: str) -> str:
    """The same card has the same mark at one merchant, and another at the next."""
    return hashlib.sha256(f"{merchant}:{number}".encode()).hexdigest()[:16]


def entered(given: Mapping[str, str]) -> Entered:
    """A card as it comes from the form: number, expiry as 12/34, cvc, name."""
    month, _, year = given.get("expiry", "").replace(" ", "").partition("/")
    years = int(year) if year.isdigit() and len(year) in (2, 4) else 0
    return Entered(
        number=digits(given.get("number", "")),
        month=int(month) if month.isdigit() and len(month) <= 2 else 0,
        year=years + 2000 if years < 100 else years,
        cvc=given.get("cvc", "").strip(),
        name=given.get("name", "").strip()[:100],
    )


def by_name(number: object, today: datetime) -> Entered:
    """A card given by its number alone, as tests do."""
    return Entered(digits(str(number)), 12, today.year + 3, "123", "Test Payer")
