"""Why a partner's figure and ours differ on a deal: one cause for each, as plain sums tell it.

Pure. What is compared is what both sides show: the partner's figure, rounded as they wrote it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.partners.objecting.sheets import Line
from stoa.kernel.money import EXACT
from stoa.theming.texts import N_

SAYS: Final[dict[str, str]] = {
    "same": N_("The same on both sides"),
    "short": N_("Held too shortly: {why}"),
    "excluded": N_("Excluded: {why}"),
    "cap": N_("The cap on our income left {share} % of it"),
    "ratio": N_("Your personal and master ratio together is {ratio}; your figure is without it"),
    "other-ratio": N_("Your figure is with the ratio {theirs}; in force was {ratio}"),
    "nearer": N_("Somebody nearer to the client earns {below} of the rate {rate}"),
    "lots": N_("Your sheet has {theirs} lots, the deal {ours}"),
    "version": N_(
        "You count the rate {rate}, last in force on {day}; the deal is of {plan}, version {version}"
    ),
    "rate": N_("Your figure is the rate {theirs}; in force was {ours} ({plan}, version {version})"),
    "conversion": N_("Converted into {currency} at {rate}"),
    "month": N_("The deal closed on {day}, in another month"),
    "clock": N_("By our clock the deal closed on {day}; months are counted by that"),
    "late": N_("The deal reached us on {day} and is rewarded with the month of its close"),
    "opening": N_("This deal opens a position; its closing earns"),
    "waits": N_("The opening of this position is not here yet; it is rewarded once it is"),
    "demo": N_("A demo account earns nothing"),
    "moved": N_("The client was not yours when the deal closed"),
    "not-yours": N_("We know no deal of a client of yours by this number"),
    "symbol": N_("Your plan pays nothing for {symbol}"),
    "nothing": N_("The deal has nothing that your share is of, such as a commission"),
    "twice": N_("The deal is in your sheet twice"),
    "missing": N_("Not in your sheet"),
    "taken-back": N_("Taken back: the client's payment is disputed"),
    "shared": N_("You gave it to a client of yours"),
    "unexplained": N_("No cause was found; somebody looks at it"),
}
KINDS: Final[dict[str, str]] = {
    "same": N_("The same"),
    "short": N_("Held too shortly"),
    "excluded": N_("Excluded by the plan"),
    "cap": N_("Cap on our income"),
    "ratio": N_("Ratio"),
    "other-ratio": N_("Another ratio"),
    "nearer": N_("A partner nearer to the client"),
    "lots": N_("Lots"),
    "version": N_("Rate of another version"),
    "rate": N_("Rate"),
    "conversion": N_("Conversion"),
    "month": N_("Another month"),
    "clock": N_("Time zone"),
    "late": N_("Late deal"),
    "opening": N_("Opening deal"),
    "waits": N_("Opening still missing"),
    "demo": N_("Demo account"),
    "moved": N_("Not your client then"),
    "not-yours": N_("Unknown deal"),
    "symbol": N_("Symbol not in the plan"),
    "nothing": N_("Nothing to share"),
    "twice": N_("Listed twice"),
    "missing": N_("Not in your sheet"),
    "taken-back": N_("Taken back"),
    "shared": N_("Given to the client"),
    "unexplained": N_("No cause found"),
}

_OF_THEM: Final[dict[str, str]] = {
    "ratio": N_(
        "The partner's personal and master ratio together is {ratio}; their figure is without it"
    ),
    "other-ratio": N_("Their figure is with the ratio {theirs}; in force was {ratio}"),
    "lots": N_("Their sheet has {theirs} lots, the deal {ours}"),
    "version": N_(
        "They count the rate {rate}, last in force on {day}; the deal is of {plan}, version {version}"
    ),
    "rate": N_(
        "Their figure is the rate {theirs}; in force was {ours} ({plan}, version {version})"
    ),
    "moved": N_("The client was not theirs when the deal closed"),
    "not-yours": N_("We know no deal of a client of theirs by this number"),
    "symbol": N_("Their plan pays nothing for {symbol}"),
    "nothing": N_("The deal has nothing that their share is of, such as a commission"),
    "twice": N_("The deal is in their sheet twice"),
    "missing": N_("Not in their sheet"),
    "shared": N_("They gave it to a client of theirs"),
    "unexplained": N_("No cause was found; look at the deal"),
}
DESK_SAYS: Final[dict[str, str]] = SAYS | _OF_THEM
"""The same told to staff, who are not the partner."""
DESK_KINDS: Final[dict[str, str]] = KINDS | {
    "moved": N_("Not their client then"),
    "missing": _OF_THEM["missing"],
}


@dataclass(frozen=True, slots=True)
class Ours:
    """What we wrote for a deal: one reward, or the sum of several kinds with the largest's inputs."""

    reward: UUID
    server: str
    deal: int
    symbol: str
    lots: Decimal
    base: Decimal
    rate: Decimal
    below: Decimal
    factor: Decimal
    fx: Decimal
    excluded: str
    amount: Decimal
    currency: str
    plan: str
    version: int
    taken_back: Decimal = Decimal(0)
    ratio: Decimal = Decimal(1)
    """Personal and master ratio together; `factor` is what the cap left besides."""


@dataclass(frozen=True, slots=True)
class Known:
    """A deal that earned this partner nothing in the month: what is known of it, for the cause."""

    why: str
    places: Mapping[str, str] = field(default_factory=dict[str, str])
    inside: str = ""
    """For staff alone, such as whose client it is."""


@dataclass(frozen=True, slots=True)
class Before:
    """A rate of the partner and the last deal it was used for."""

    rate: Decimal
    until: datetime


@dataclass(frozen=True, slots=True)
class Lined:
    """All differing deals, largest difference first, and the sums by cause."""

    lines: list[dict[str, Any]]
    counted: list[dict[str, Any]]
    theirs: Decimal
    ours: Decimal


def plain(value: Decimal | None) -> str:
    """Without idle zeros, never in exponents."""
    if value is None:
        return ""
    told = format(value.normalize(EXACT), "f")
    return "0" if told == "-0" else told


def same(theirs: Decimal, ours: Decimal) -> bool:
    """Equal as the partner wrote it: ours rounded to their digits, two at least, eight at most."""
    exponent = theirs.as_tuple().exponent
    digits = min(max(2, -exponent if isinstance(exponent, int) else 2), 8)
    unit = Decimal(1).scaleb(-digits)

    def rounded(value: Decimal) -> Decimal:
        return value.quantize(unit, rounding=ROUND_HALF_UP, context=EXACT)

    return rounded(ours) == rounded(theirs)


def line_up(
    theirs: Sequence[Line],
    ours: Mapping[tuple[str, int], Ours],
    known: Mapping[int, Known],
    before: Sequence[Before],
    *,
    whole: bool = True,
) -> Lined:
    """Each deal of either side once, with its cause. `whole`: the sheet claims to be all of a month."""
    by_number: dict[int, list[Ours]] = {}
    for one in ours.values():
        by_number.setdefault(one.deal, []).append(one)
    seen: set[tuple[str, int]] = set()
    listed: set[tuple[str | None, int]] = set()
    lines: list[dict[str, Any]] = []
    for line in theirs:
        mine = [one for one in by_number.get(line.deal, []) if line.server in (None, one.server)]
        found = mine[0] if mine else None
        if (line.server, line.deal) in listed:
            lines.append(_told(line, None, "twice", {}))
            continue
        listed.add((line.server, line.deal))
        if found is not None:
            seen.add((found.server, found.deal))
            cause, places = _cause(line, found, before)
            lines.append(_told(line, found, cause, places))
        else:
            told = known.get(line.deal, Known("not-yours"))
            lines.append(_told(line, None, told.why, told.places, told.inside))
    if whole:
        lines += [
            _told(None, one, _unlisted(one), {})
            for key, one in ours.items()
            if key not in seen and one.amount
        ]
    return _summed(lines, theirs, ours)


def _unlisted(one: Ours) -> str:
    """Why a line of ours may not be in a partner's sheet."""
    if one.server.startswith("share:"):
        return "shared"
    return "taken-back" if one.taken_back and not one.amount else "missing"


def _cause(line: Line, one: Ours, before: Sequence[Before]) -> tuple[str, dict[str, str]]:
    if same(line.amount, one.amount):
        return "same", {}
    if one.excluded:
        return ("short" if one.excluded.startswith("held ") else "excluded"), {"why": one.excluded}
    if one.taken_back and same(line.amount, one.amount - one.taken_back):
        return "taken-back", {}
    return (
        _of_lots(line, one)
        or _of_rates(line, one, before)
        or _of_conversion(line, one)
        or _of_a_rate_of_theirs(line, one)
        or ("unexplained", {})
    )


Found = tuple[str, dict[str, str]] | None


def _of_lots(line: Line, one: Ours) -> Found:
    if line.lots is None or line.lots == one.lots or not one.lots:
        return None
    scaled = EXACT.divide(EXACT.multiply(one.amount, line.lots), one.lots)
    if not same(line.amount, scaled):
        return None
    return "lots", {"theirs": plain(line.lots), "ours": plain(one.lots)}


def _of_rates(line: Line, one: Ours, before: Sequence[Before]) -> Found:
    """The ratio, the cap, what somebody nearer earns, or a rate that is over; each with and without
    the cap and the ratio.
    """
    full = EXACT.multiply(one.base, max(one.rate - one.below, Decimal(0)))
    told = _of_ratios(line, one, full)
    if told is not None:
        return told
    if one.factor != 1 and any(same(line.amount, full * share) for share in (one.ratio, 1)):
        return "cap", {"share": plain((one.factor * 100).quantize(Decimal("0.01")))}
    both = EXACT.multiply(one.factor, one.ratio)
    for share in dict.fromkeys((Decimal(1), one.factor, one.ratio, both)):
        whole = EXACT.multiply(EXACT.multiply(one.base, one.rate), share)
        if one.below and same(line.amount, whole):
            return "nearer", {"below": plain(one.below), "rate": plain(one.rate)}
        for old in before:
            earlier = EXACT.multiply(one.base, max(old.rate - one.below, Decimal(0)))
            if old.rate != one.rate and same(line.amount, EXACT.multiply(earlier, share)):
                return "version", {
                    "rate": plain(old.rate),
                    "day": old.until.date().isoformat(),
                    "plan": one.plan,
                    "version": str(one.version),
                }
    return None


def _of_ratios(line: Line, one: Ours, full: Decimal) -> Found:
    """A figure without the ratio, or with another one that looks like one."""
    if one.ratio == 1 or not full:
        return None
    capped = EXACT.multiply(full, one.factor)
    if same(line.amount, capped):
        return "ratio", {"ratio": plain(one.ratio)}
    implied = EXACT.divide(line.amount, capped) if capped else Decimal(0)
    two = implied.quantize(Decimal("0.01"), context=EXACT)
    if 0 < two < 1 and same(line.amount, EXACT.multiply(capped, two)):
        return "other-ratio", {"theirs": plain(two), "ratio": plain(one.ratio)}
    return None


def _of_conversion(line: Line, one: Ours) -> Found:
    if one.fx in (0, 1) or not same(line.amount, EXACT.divide(one.amount, one.fx)):
        return None
    return "conversion", {"currency": one.currency, "rate": plain(one.fx)}


def _of_a_rate_of_theirs(line: Line, one: Ours) -> Found:
    """Our base is nothing, or their figure is our base by a rate that looks like one."""
    if not one.base:
        return "nothing", {}
    implied = EXACT.divide(line.amount, one.base)
    if implied != implied.quantize(Decimal("0.0001"), context=EXACT):
        return None
    return "rate", {
        "theirs": plain(implied),
        "ours": plain(one.rate - one.below),
        "plan": one.plan,
        "version": str(one.version),
    }


def _told(
    line: Line | None, one: Ours | None, cause: str, places: Mapping[str, str], inside: str = ""
) -> dict[str, Any]:
    return {
        "deal": line.deal if line is not None else one.deal if one is not None else 0,
        "server": one.server if one is not None else (line.server if line else None),
        "symbol": one.symbol if one is not None else "",
        "reward": str(one.reward) if one is not None else None,
        "theirs": plain(line.amount) if line is not None else None,
        "ours": plain(one.amount) if one is not None else None,
        "lots": [
            plain(line.lots) if line is not None else "",
            plain(one.lots) if one is not None else "",
        ],
        "cause": cause,
        "places": dict(places),
        "inside": inside,
    }


def difference(line: Mapping[str, Any]) -> Decimal:
    """Theirs less ours."""
    return Decimal(line["theirs"] or 0) - Decimal(line["ours"] or 0)


def _summed(lines: list[dict[str, Any]], theirs: Sequence[Line], ours: Mapping[Any, Ours]) -> Lined:
    count: Counter[str] = Counter()
    sums: dict[str, Decimal] = {}
    for line in lines:
        count[line["cause"]] += 1
        sums[line["cause"]] = sums.get(line["cause"], Decimal(0)) + difference(line)
    order = sorted(count, key=lambda cause: (cause == "same", -abs(sums[cause]), cause))
    return Lined(
        sorted(
            (line for line in lines if line["cause"] != "same"),
            key=lambda line: -abs(difference(line)),
        ),
        [{"cause": one, "count": count[one], "difference": plain(sums[one])} for one in order],
        sum((line.amount for line in theirs), Decimal(0)),
        sum((one.amount for one in ours.values()), Decimal(0)),
    )
