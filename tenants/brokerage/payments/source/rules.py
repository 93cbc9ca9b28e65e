"""What follows from an analyst's word on incoming coins. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from brokerage.payments.source.port import Finding
from brokerage.payments.source.settings import Sources
from stoa.theming import words
from stoa.theming.texts import N_


class Verdict(StrEnum):
    """CREDIT: into the wallet. HOLD: an officer looks. REFUSE: an officer looks; proposed: back."""

    CREDIT = "credit"
    HOLD = "hold"
    REFUSE = "refuse"


class Judged(msgspec.Struct, frozen=True):
    """A verdict with its reason's code and what the reason names: a category, a score."""

    verdict: Verdict
    why: str
    named: str = ""

    @property
    def problem(self) -> str:
        """How the queue of the unresolved names it; nothing for what is credited."""
        if self.verdict is Verdict.CREDIT:
            return ""
        if self.verdict is Verdict.REFUSE:
            return "source-refused"
        return "source-risk" if self.why in {"score", "category"} else "source-unknown"


WHY: Final = MappingProxyType(
    {
        "clear": N_("The analyst sees no risk above your limits."),
        "small": N_("There is no finding, and the amount is small enough to be credited without."),
        "score": N_("The analyst's risk score is {named} of 100."),
        "category": N_("A part of it comes from: {named}."),
        "no-analyst": N_("No chain analyst is connected, and the amount is above your limit."),
        "no-transfer": N_("The provider does not tell by which transfer it was paid."),
        "unscored": N_("The analyst knows too little of the source to give a score."),
        "unanswered": N_("The analyst did not answer in time."),
        "cannot": N_("The analyst cannot examine this transfer."),
    }
)


CATEGORIES: Final = MappingProxyType(
    {
        "Bridge": N_("Bridge between chains"),
        "Child Abuse Material": N_("Child abuse material"),
        "Coin Swap Service": N_("Coin swap service"),
        "Dark Market": N_("Dark market"),
        "Decentralised Exchange": N_("Decentralised exchange"),
        "DeFi": N_("Decentralised finance"),
        "Exchange": N_("Exchange of coins"),
        "Gambling": N_("Gambling"),
        "High Risk Jurisdiction": N_("Jurisdiction of high risk"),
        "Illicit Organisation": N_("Illicit organisation"),
        "Malware": N_("Malware"),
        "Mining": N_("Mining"),
        "Mixer": N_("Mixer"),
        "Payment Processor": N_("Payment processor"),
        "Ponzi Scheme": N_("Ponzi scheme"),
        "Ransomware": N_("Ransomware"),
        "Sanctioned Entity": N_("Sanctioned party"),
        "Scam": N_("Scam"),
        "Terrorist Financing": N_("Terrorist financing"),
        "Theft": N_("Theft"),
    }
)
"""What analysts call the sources of coins; one that is not here is shown as the analyst wrote it."""
words.learn(CATEGORIES)


def judge(findings: Sequence[Finding], sources: Sources) -> Judged:
    """By what is known of all transfers together: the worst of it counts."""
    refused = _category(findings, sources.refuse, sources.least_percent)
    if refused:
        return Judged(Verdict.REFUSE, "category", refused)
    score = max((one.score for one in findings if one.score is not None), default=Decimal(0))
    if score >= sources.refuse_from:
        return Judged(Verdict.REFUSE, "score", _plain(score))
    held = _category(findings, sources.hold, sources.least_percent)
    if held:
        return Judged(Verdict.HOLD, "category", held)
    if score >= sources.hold_from:
        return Judged(Verdict.HOLD, "score", _plain(score))
    return Judged(Verdict.CREDIT, "clear")


def without(why: str, *, small: bool) -> Judged:
    """Where something was not found out: by the amount."""
    return Judged(Verdict.CREDIT, "small", why) if small else Judged(Verdict.HOLD, why)


def worse(one: Judged, other: Judged) -> Judged:
    """The stricter; of two that credit, the one that says what was not found out."""
    order = list(Verdict)
    if one.verdict is other.verdict is Verdict.CREDIT:
        return other if one.why == "clear" else one
    return one if order.index(one.verdict) >= order.index(other.verdict) else other


def _category(findings: Sequence[Finding], named: Sequence[str], least: Decimal) -> str:
    wanted = {one.casefold() for one in named}
    found = [
        one
        for finding in findings
        for one in finding.exposures
        if one.category.casefold() in wanted and one.percent >= least
    ]
    return max(found, key=lambda one: one.percent).category if found else ""


def _plain(score: Decimal) -> str:
    return f"{score.quantize(Decimal('0.1')).normalize():f}"
