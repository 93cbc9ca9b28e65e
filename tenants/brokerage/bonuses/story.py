"""What a bonus's timeline says, with its reasons; read by the client, support and files alike."""

from collections.abc import Mapping
from typing import Any, Final

from brokerage.bonuses.model import Grant
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

TITLES: Final[dict[str, tuple[str, str]]] = {
    "taken": (N_("Taken; it is credited with the next deposit that fits"), "moving"),
    "credited": (N_("{amount} credited: {percent} % of {deposit}, at most {most}"), "done"),
    "given": (N_("{amount} credited by hand"), "done"),
    "cashback-runs": (N_("Taken; each lot brings money from now on"), "moving"),
    "cashback": (N_("{amount} of cashback paid: {done} lots were traded"), "done"),
    "case-hedged": (
        N_("A person looks at {n} pairs of opposite positions: {lots} of {of} lots"),
        "needs",
    ),
    "case-rapid": (
        N_("A person looks at {n} positions closed within moments: {lots} of {of} lots"),
        "needs",
    ),
    "case-cleared": (N_("A person looked and found nothing wrong"), "done"),
    "released": (N_("{amount} is money now: {done} of {need} lots were traded"), "done"),
    "burnt-withdrawal": (N_("{amount} lost by a withdrawal, as shown before"), "stopped"),
    "burnt-negative": (N_("{amount} lost: a trading account fell below zero"), "stopped"),
    "expired": (N_("{amount} lapsed: its time was over"), "stopped"),
    "revoked": (N_("{amount} taken back by us"), "stopped"),
    "reversed": (N_("{amount} taken back: the deposit it came from was undone"), "stopped"),
    "stands-again": (N_("{amount} given again: the deposit it came from stands"), "done"),
    "not-recovered": (N_("{amount} was money already and no longer there"), "needs"),
    "refused": (N_("Not credited"), "stopped"),
}
REASONS: Final[dict[str, str]] = {
    "country": N_("It is not offered where you live."),
    "level": N_("It is for another level of verification."),
    "segment": N_("It is not offered to you."),
    "deposit-number": N_("It is for another of your deposits."),
    "forbidden": N_("The rules of your country forbid bonuses."),
    "had-before": N_("A person, household, device or card has it once."),
    "too-small": N_("The deposit was below the least amount."),
}


def tell(
    work: Work, row: Grant, what: str, places: Mapping[str, str] | None = None, text: str = ""
) -> None:
    """Add a moment; `text` is a person's own reason."""
    moment: dict[str, Any] = {
        "at": work.now.isoformat(),
        "what": what,
        "text": text,
        "places": dict(places or {}),
        "by": str(work.actor.id) if work.actor.id and work.actor.kind == "staff" else None,
    }
    row.story = [*row.story, moment]


def left_of(row: Grant) -> Money:
    """What of it is credit still, in the digits of its currency."""
    return Money(row.left, row.currency).rounded()
