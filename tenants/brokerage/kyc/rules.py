"""Verification's decisions: which jurisdiction, which verdict, who must agree. Pure."""

import calendar
from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from brokerage.kyc.jurisdictions.packs import Blocked, Category, ClientType, Extra, Pack, When
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied

VERSION: Final = "kyc-rules/1"


class Applicant(msgspec.Struct, frozen=True):
    """What decides the jurisdiction; countries are ISO 3166 two-letter codes, or empty."""

    country: str
    client_type: ClientType = ClientType.INDIVIDUAL
    category: Category = Category.RETAIL
    entity: str = ""
    nationality: str = ""
    document_country: str = ""
    address_country: str = ""
    """Country of the internet address."""


class Reason(msgspec.Struct, frozen=True):
    """Why a pack fits, or the first condition for which it does not. Kept with the client."""

    pack: str
    fits: bool
    because: str


class Jurisdiction(msgspec.Struct, frozen=True):
    pack: str
    reasons: tuple[Reason, ...]
    version: str = VERSION


def resolve(packs: Sequence[Pack], applicant: Applicant) -> Jurisdiction:
    """The first pack that fits, and why the ones before it do not. Raises Denied when none does."""
    reasons: list[Reason] = []
    for pack in packs:
        reason = _reason(pack, applicant)
        reasons.append(reason)
        if reason.fits:
            return Jurisdiction(pack.code, tuple(reasons))
    raise Denied(
        "We do not open accounts for {client_type} clients in {country}.",
        code="no-jurisdiction",
        client_type=applicant.client_type,
        country=applicant.country,
    )


def _reason(pack: Pack, applicant: Applicant) -> Reason:
    met: list[str] = []
    for what, ours, allowed in _conditions(pack.when, applicant):
        if ours not in allowed:
            return Reason(
                pack.code, fits=False, because=f"{what} {ours or 'unknown'} is not listed"
            )
        met.append(f"{what} {ours}")
    if applicant.country in pack.when.not_country:
        return Reason(pack.code, fits=False, because=f"country {applicant.country} is excepted")
    return Reason(pack.code, fits=True, because=", ".join(met) or "it is for everybody else")


def _conditions(when: When, applicant: Applicant) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    for what, ours, allowed in (
        ("country", applicant.country, when.country),
        ("client type", applicant.client_type, when.client_type),
        ("category", applicant.category, when.category),
        ("entity", applicant.entity, when.entity),
    ):
        if allowed:
            yield what, ours, allowed


def must_not_be_blocked(blocked: Blocked, applicant: Applicant) -> None:
    """Refuse who lives in, is of, shows a document of or comes from a blocked country.

    Asked at sign-up, before trading and at withdrawal. Raises Denied without telling the person
    which of them it was; the code does.
    """
    for what, country, refused in (
        ("residence", applicant.country, blocked.residence),
        ("nationality", applicant.nationality, blocked.nationality),
        ("document", applicant.document_country, blocked.document),
        ("address", applicant.address_country, blocked.address),
    ):
        if country and country in refused:
            raise Denied(
                "We cannot offer our services to you. No money was moved.", code=f"blocked-{what}"
            )


class Outcome(StrEnum):
    """How one check ended. What a provider says that we do not know is PENDING, never PASSED."""

    PASSED = "passed"
    PENDING = "pending"
    RETRY = "retry"
    """The client can mend it: a blurred picture, an old bill."""
    REVIEW = "review"
    """A person must look: a possible list hit, data that differ."""
    FAILED = "failed"


class Check(msgspec.Struct, frozen=True):
    """One check's result. `because` is for staff, `tell` for the client and may be empty."""

    code: str
    outcome: Outcome
    because: str = ""
    tell: str = ""
    version: str = ""


class Decision(StrEnum):
    APPROVE = "approve"
    ASK = "ask"
    """Go back to the client, who can mend what failed."""
    REVIEW = "review"
    """To the officers' queue, with the failed checks named."""
    WAIT = "wait"


class Verdict(msgspec.Struct, frozen=True):
    """What follows from the checks; `failed` names exactly those that a person must look at."""

    decision: Decision
    failed: tuple[Check, ...] = ()
    waiting: tuple[str, ...] = ()
    version: str = VERSION


def verdict(needed: Sequence[str], checks: Iterable[Check]) -> Verdict:
    """Approve when every needed check passed, and only then. Nothing is ever refused by itself.

    A check that is not among the needed ones still counts when it did not pass.
    """
    known = {check.code: check for check in checks}
    waiting = [code for code in needed if code not in known]
    waiting += [code for code, check in known.items() if check.outcome is Outcome.PENDING]
    failed = tuple(
        check for check in known.values() if check.outcome not in {Outcome.PASSED, Outcome.PENDING}
    )
    outcomes = {check.outcome for check in failed}
    if outcomes & {Outcome.REVIEW, Outcome.FAILED}:
        decision = Decision.REVIEW
    elif outcomes:
        decision = Decision.ASK
    elif waiting:
        decision = Decision.WAIT
    else:
        decision = Decision.APPROVE
    return Verdict(decision, failed, tuple(waiting))


def four_eyes(*, asker: UUID, approver: UUID) -> None:
    """Raise Denied when one person would be both."""
    if asker == approver:
        raise Denied("Someone else must agree to this: you asked for it.", code="four-eyes")


def must_have_second(change: str, needing: Sequence[str], *, agreed_by: UUID | None) -> None:
    """Raise Conflict while a change that needs a second officer has none.

    `change` is one of override, risk-downgrade, limit-lift.
    """
    if change in needing and agreed_by is None:
        raise Conflict(
            "This waits for a second officer to agree. Nothing has changed yet.",
            code="second-officer",
        )


def extra_diligence(
    extra: Extra, *, pep: str, risk: str, countries: Iterable[str], deposited: Money | None
) -> tuple[str, ...]:
    """Why more diligence is due (EDD), empty when none is; `deposited` is in the limit's currency."""
    reasons: list[str] = []
    if extra.for_pep and pep != "none":
        reasons.append(f"public office: {pep}")
    if risk in extra.for_risk:
        reasons.append(f"risk {risk}")
    reasons += [f"country {code}" for code in countries if code in extra.countries]
    if extra.deposits_over and deposited and deposited > extra.deposits_over:
        reasons.append(f"deposits over {extra.deposits_over}")
    return tuple(reasons)


def next_review(pack: Pack, risk: str, approved_on: date) -> date:
    """When a client is looked at again, by risk; the shortest period where the band is unknown."""
    months = pack.refresh_months.get(risk, min(pack.refresh_months.values(), default=12))
    return months_later(approved_on, months)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last day: 31 January and a month is 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def age_years(born: date, today: date) -> int:
    """Whole years; someone born on 29 February turns a year older on 1 March."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
