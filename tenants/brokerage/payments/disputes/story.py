"""What a dispute's timeline says; staff read it, and the evidence is made of the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from brokerage.clients import queries as clients
from brokerage.payments.disputes.model import Dispute
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

STAGES: Final[dict[str, str]] = {
    "inquiry": N_("The bank asks"),
    "chargeback": N_("Chargeback"),
    "pre-arb": N_("Before arbitration"),
    "reversed": N_("Given back by the bank"),
    "won": N_("Won"),
    "lost": N_("Lost"),
}
TITLES: Final[dict[str, tuple[str, str]]] = {
    "inquiry": (N_("The payer's bank asks about the payment"), "moving"),
    "chargeback": (N_("The payer's bank takes {amount} back"), "needs"),
    "pre-arb": (N_("The payer's bank does not accept the answer"), "needs"),
    "reversed": (N_("The payer's bank gave the money back"), "done"),
    "won": (N_("Decided for us"), "done"),
    "lost": (N_("Decided for the payer"), "stopped"),
    "late": (N_("A notice came late and changes nothing"), "waiting"),
    "held": (N_("{amount} set aside in the wallet"), "moving"),
    "owed": (N_("{amount} was no longer there: the client owes it"), "needs"),
    "nothing-credited": (N_("Nothing of this deposit was credited: nothing is held"), "waiting"),
    "other-claims": (N_("Only {amount} of the deposit is left to ask for"), "waiting"),
    "converted": (N_("Told in {currency}: {amount} by the rate of the day"), "waiting"),
    "undone": (N_("Everything posted for it was reversed"), "done"),
    "gone": (N_("{amount} of what was set aside is lost"), "stopped"),
    "debited": (N_("The provider took {amount}"), "moving"),
    "fee": (N_("The provider took a fee of {amount}"), "moving"),
    "returned": (N_("The provider gave {amount} back"), "done"),
    "collected": (N_("{amount} of what is owed was taken from the wallet"), "done"),
    "asked-lost": (N_("Asked to book it as lost"), "waiting"),
    "asked-write-off": (N_("Asked to give up {amount}"), "waiting"),
    "not-agreed": (N_("Not agreed"), "stopped"),
    "written-off": (N_("{amount} given up: two people agreed"), "stopped"),
    "answered": (N_("Answered at the provider"), "done"),
    "owner": (N_("Taken on"), "moving"),
    "note": (N_("Note"), "waiting"),
    "evidence": (N_("The evidence was downloaded"), "moving"),
}


def tell(
    work: Work, row: Dispute, what: str, places: Mapping[str, str] | None = None, text: str = ""
) -> None:
    """Add a moment; `text` is a person's own reason."""
    staff = work.actor.id if work.actor.kind == "staff" else None
    moment: dict[str, Any] = {
        "at": work.now.isoformat(),
        "what": what,
        "text": text,
        "places": dict(places or {}),
        "by": str(staff) if staff else None,
    }
    row.story = [*row.story, moment]
    work.announce("desk|disputes")


async def shown(work: Work, row: Dispute) -> list[dict[str, Any]]:
    """The timeline, newest first, with the names of staff."""
    by = {UUID(one["by"]) for one in row.story if one["by"]}
    names = await clients.names(work, by)
    found: list[dict[str, Any]] = []
    for one in reversed(row.story):
        title, tone = TITLES[one["what"]]
        found.append(
            {
                "at": datetime.fromisoformat(one["at"]),
                "title": title,
                "places": one["places"],
                "text": one["text"],
                "tone": tone,
                "by": names.get(UUID(one["by"]), "") if one["by"] else "",
            }
        )
    return found
