"""Does the document say what the client typed? Field by field, as an officer would. Pure."""

from datetime import date
from typing import Final

import msgspec

from brokerage.kyc.evidence.icao import same_number
from brokerage.kyc.evidence.mrz import Zone
from brokerage.kyc.rules import Check, Outcome
from brokerage.screening import match, names

SAME_NAME: Final = 80


class Typed(msgspec.Struct, frozen=True):
    """What the client gave; empty fields are not compared."""

    first_names: str
    last_name: str
    birth_date: date | None = None
    nationality: str = ""
    number: str = ""


class Compared(msgspec.Struct, frozen=True):
    """One field beside its counterpart; `agrees` None when only a person can tell."""

    field: str
    typed: str
    printed: str
    agrees: bool | None


def compare(zone: Zone, typed: Typed) -> tuple[Compared, ...]:
    """Every field that both sides give; names may differ in spelling, order and second names."""
    lines = [_name(zone, typed)]
    if typed.birth_date:
        lines.append(
            Compared(
                "birth_date",
                typed.birth_date.isoformat(),
                zone.birth_date.isoformat() if zone.birth_date else "",
                typed.birth_date == zone.birth_date if zone.birth_date else None,
            )
        )
    if typed.nationality:
        agrees = typed.nationality == zone.nationality if zone.nationality else None
        lines.append(Compared("nationality", typed.nationality, zone.nationality, agrees))
    if typed.number:
        agrees = same_number(typed.number, zone.number)
        lines.append(Compared("number", typed.number, zone.number, agrees))
    return tuple(lines)


def _name(zone: Zone, typed: Typed) -> Compared:
    ours = f"{typed.first_names} {typed.last_name}"
    theirs = f"{zone.first_names} {zone.last_name}"
    points = match.name_points(names.fold(ours), names.fold(theirs))
    return Compared("name", ours, theirs, points >= SAME_NAME)


def check(zone: Zone, typed: Typed, today: date) -> Check:
    """Passed only when all digits hold and every field agrees; anything else goes to a person."""
    code = "document-data"
    broken = [digit.covers for digit in zone.digits if not digit.holds]
    if broken:
        return Check(code, Outcome.REVIEW, f"check digit of {', '.join(broken)} does not hold")
    if zone.expires_on and zone.expires_on < today:
        return Check(
            code,
            Outcome.RETRY,
            f"expired on {zone.expires_on}",
            "This document has expired. Send one that is still valid.",
        )
    differ = [line for line in compare(zone, typed) if line.agrees is not True]
    if differ:
        # Fields, not values: reasons are kept where personal data may not be.
        return Check(code, Outcome.REVIEW, f"differs: {', '.join(line.field for line in differ)}")
    if zone.number_mended and not typed.number:
        return Check(code, Outcome.REVIEW, "its number could be read in two ways")
    if not (zone.issuer and zone.nationality):
        return Check(code, Outcome.REVIEW, "its country is not known")
    return Check(code, Outcome.PASSED)
