"""Sumsub's objects and events into ours. Pure."""

from types import MappingProxyType
from typing import Final

from babel.core import get_global

from brokerage.kyc.connector import Event, Paper, Person, Result, Side, State
from stoa.connectors import loose, signatures
from stoa.connectors.loose import Document, mapping, text
from stoa.connectors.trouble import Forged

PAPERS: Final = MappingProxyType(
    {
        Paper.PASSPORT: "PASSPORT",
        Paper.ID_CARD: "ID_CARD",
        Paper.DRIVING_LICENCE: "DRIVERS",
        Paper.RESIDENCE_PERMIT: "RESIDENCE_PERMIT",
        Paper.SELFIE: "SELFIE",
        Paper.PROOF_OF_ADDRESS: "UTILITY_BILL",
        Paper.BANK_STATEMENT: "BANK_STATEMENT",
        Paper.OTHER: "OTHER",
    }
)
_SIDES: Final = MappingProxyType({Side.FRONT: "FRONT_SIDE", Side.BACK: "BACK_SIDE"})
_STATUSES: Final = MappingProxyType({"init": State.DRAFT, "pending": State.SUBMITTED})
_QUIET: Final = frozenset({"applicantCreated", "applicantDeleted", "applicantLevelChanged"})

# Two letters to the three that Sumsub takes; for a few countries the older of two codes is listed
# as well, and the one of ISO 3166 is the right one.
_OLD: Final = frozenset({"ANT", "BUR", "DDR", "FXX", "SCG", "TMP", "YMD", "YUG", "ZAR", "ROM"})
_THREE: Final = MappingProxyType(
    {
        two[0]: three
        for three, two in get_global("territory_aliases").items()
        if len(three) == 3 and three.isalpha() and len(two) == 1 and three not in _OLD
    }
    | {"XK": "XKX"}
)


def country(two: str) -> str:
    """Three letters of ISO 3166; empty for what is not a country of it."""
    return _THREE.get(two.upper(), "")


def applicant(person: Person) -> Document:
    fixed = {
        "firstName": person.first_name,
        "lastName": person.last_name,
        "middleName": person.middle_name,
        "dob": person.born.isoformat() if person.born else "",
        "country": country(person.country),
        "nationality": country(person.nationality),
    }
    body: Document = {
        "externalUserId": person.reference,
        "email": person.email,
        "phone": person.phone,
        "lang": person.language,
        "fixedInfo": {key: value for key, value in fixed.items() if value},
    }
    return {key: value for key, value in body.items() if value}


def picture(paper: Paper, side: Side, issued_by: str) -> Document:
    about: Document = {"idDocType": PAPERS[paper], "country": country(issued_by)}
    if side in _SIDES:
        about["idDocSubType"] = _SIDES[side]
    return about


def result(raw: bytes) -> Result:
    """A whole applicant with its review."""
    whole = loose.document(raw)
    review = mapping(whole.get("review"))
    verdict = mapping(review.get("reviewResult"))
    return Result(
        applicant=text(whole.get("id")),
        our_id=text(whole.get("externalUserId")),
        state=state_of(text(review.get("reviewStatus")), verdict),
        labels=_labels(verdict),
        because=text(verdict.get("moderationComment")),
        tell=text(verdict.get("clientComment")),
        level=text(review.get("levelName")),
        attempt=loose.whole(review.get("attemptCnt")) or 0,
        answered=loose.iso(review.get("reviewDate")),
        raw=raw,
    )


def events(raw: bytes, client: str) -> list[Event]:
    """One event. There is no event id that repeats reliably: the bytes themselves stand for it."""
    body = loose.document(raw)
    if client and text(body.get("clientId")) != client:
        raise Forged("The callback is for another client.")
    kind = text(body.get("type"))
    verdict = mapping(body.get("reviewResult"))
    known = kind.startswith("applicant") and kind not in _QUIET and "reviewStatus" in body
    return [
        Event(
            provider_event_id=signatures.digest_of(raw),
            raw_kind=kind,
            applicant=text(body.get("applicantId")),
            our_id=text(body.get("externalUserId")),
            state=state_of(text(body.get("reviewStatus")), verdict) if known else None,
            labels=_labels(verdict),
            at=loose.iso(body.get("createdAtMs")) or loose.iso(body.get("createdAt")),
        )
    ]


def state_of(status: str, verdict: Document) -> State:
    """A completed review without a verdict we know is for a person to look at."""
    if status != "completed":
        return _STATUSES.get(status, State.IN_REVIEW)
    # The published name is reviewRejectType; rejectType is met in older accounts.
    kind = text(verdict.get("reviewRejectType")) or text(verdict.get("rejectType"))
    match text(verdict.get("reviewAnswer")), kind:
        case "GREEN", _:
            return State.APPROVED
        case "RED", "RETRY":
            return State.REJECTED_RETRY
        case "RED", "FINAL":
            return State.REJECTED_FINAL
        case _:
            return State.IN_REVIEW


def _labels(verdict: Document) -> tuple[str, ...]:
    told = verdict.get("rejectLabels")
    return tuple(text(one) for one in told[:50] if text(one)) if isinstance(told, list) else ()
