"""Documents by their dates: too old, running out, run out. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum

import msgspec

from brokerage.kyc.jurisdictions.packs import ClientType, DocumentRule, Pack
from brokerage.kyc.rules import Check, Outcome, months_later
from stoa.theming.texts import N_

# What can be wrong with the page itself, in words for the client.
UNREADABLE: Mapping[str, str] = {
    "blurred": N_("The picture is blurred. Hold the phone still, and tap the document to focus."),
    "dark": N_("The picture is too dark. Take it again by daylight or under a lamp."),
    "bright": N_("The picture is too bright to read. Turn off the flash and take it again."),
    "small": N_("The picture is too small to read. Send the photo itself and not a preview of it."),
    "blank": N_("The page is empty. Check the file and send it again."),
}


class Standing(StrEnum):
    VALID = "valid"
    WARN = "warn"
    EXPIRED = "expired"


class Expiry(msgspec.Struct, frozen=True):
    """Where a document stands towards its end; `warn_days` is the warning that is due now."""

    standing: Standing
    days_left: int
    warn_days: int | None = None


class Shown(msgspec.Struct, frozen=True):
    """What is known of an uploaded document."""

    kind: str
    paper: str
    legible: str = "readable"
    issued_on: date | None = None
    expires_on: date | None = None


def needed(pack: Pack, client_type: ClientType) -> tuple[DocumentRule, ...]:
    return tuple(rule for rule in pack.documents if client_type in rule.for_types)


def expiry(expires_on: date, today: date, warn_days: Sequence[int]) -> Expiry:
    """A document is good on its last day; from the day after, rights step down."""
    left = (expires_on - today).days
    if left < 0:
        return Expiry(Standing.EXPIRED, left)
    due = [days for days in warn_days if left <= days]
    return Expiry(Standing.WARN, left, min(due)) if due else Expiry(Standing.VALID, left)


def check(rule: DocumentRule, shown: Shown, today: date) -> Check:
    """Whether one document can be used: the right paper, readable, in date.

    What the client can mend is RETRY with words that say how; a date nobody could read goes to a
    person.
    """
    code = f"document-{rule.kind}"
    if shown.kind != rule.kind or (rule.accepts and shown.paper not in rule.accepts):
        taken = ", ".join(rule.accepts) or rule.kind
        return Check(
            code,
            Outcome.RETRY,
            f"{shown.paper or shown.kind} where {taken} is asked for",
            N_("This is not one of the documents we asked for."),
        )
    if shown.legible in UNREADABLE:
        return Check(code, Outcome.RETRY, f"unreadable: {shown.legible}", UNREADABLE[shown.legible])
    if shown.expires_on and shown.expires_on < today:
        return Check(
            code,
            Outcome.RETRY,
            f"expired on {shown.expires_on}",
            N_("This document has expired. Send one that is still valid."),
        )
    if not rule.max_age_months:
        return Check(code, Outcome.PASSED)
    return _age(code, rule, shown, today)


def _age(code: str, rule: DocumentRule, shown: Shown, today: date) -> Check:
    if shown.issued_on is None:
        return Check(code, Outcome.REVIEW, "its date is not known")
    if shown.issued_on > today:
        return Check(code, Outcome.REVIEW, f"dated {shown.issued_on}, in the future")
    if months_later(shown.issued_on, rule.max_age_months) < today:
        return Check(
            code,
            Outcome.RETRY,
            f"of {shown.issued_on}, older than {rule.max_age_months} months",
            N_("This document is too old. Send a newer one."),
        )
    return Check(code, Outcome.PASSED)
