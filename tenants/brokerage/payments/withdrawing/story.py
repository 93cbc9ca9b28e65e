"""What a withdrawal's timeline says: one list of moments with stable codes, read by everyone."""

from collections.abc import Mapping
from typing import Any, Final, Self
from uuid import UUID

from markupsafe import Markup

from brokerage.payments import declines
from brokerage.payments.model import Withdrawal
from stoa.tenancy.work import Work
from stoa.theming.look import shown
from stoa.theming.texts import N_

TITLES: Final[dict[str, tuple[str, str]]] = {
    "requested": (N_("Requested; the money is set aside"), "moving"),
    "held": (N_("Waiting"), "needs"),
    "review": (N_("A person looks at it"), "moving"),
    "one-approved": (N_("Approved by {given} of {needed}"), "moving"),
    "approved": (N_("Approved"), "done"),
    "approved-by-rule": (N_("Approved at once: every rule passed"), "done"),
    "sent": (N_("Sent to {label}"), "moving"),
    "looked-up": (
        N_("No answer from the provider: we ask until it tells. It is not sent twice."),
        "waiting",
    ),
    "queued": (
        N_(
            "Queued for {label}: the provider takes nothing at the moment. It is sent as soon as it "
            "does; until then it can be cancelled."
        ),
        "waiting",
    ),
    "again-technical": (
        N_("The provider had trouble with {label} and did not send it; it is tried again"),
        "waiting",
    ),
    "again-balance": (
        N_("The provider could not pay to {label} yet; it is tried again until it can"),
        "waiting",
    ),
    "elsewhere-balance": (N_("Another provider is asked to pay to {label}"), "waiting"),
    "elsewhere-declined": (
        N_("The provider declined to pay to {label}; another one is asked"),
        "waiting",
    ),
    "bad-destination": (
        N_("There is no such place to pay to, or it takes no payments. Choose another one."),
        "stopped",
    ),
    "unknown-long": (
        N_("Still no answer; people were told and ask the provider. It is not sent twice."),
        "waiting",
    ),
    "bank-accepted": (N_("The bank has the order"), "moving"),
    "part-paid": (N_("{amount} paid to {label}"), "done"),
    "paid": (N_("Paid"), "done"),
    "part-failed": (N_("{amount} could not be paid and is in your wallet again"), "stopped"),
    "part-held": (N_("A part waits"), "needs"),
    "part-refused": (N_("{amount} could not be paid; it stays set aside"), "stopped"),
    "came-back-held": (N_("{amount} came back; it stays set aside"), "stopped"),
    "place-wanted": (N_("Waiting for a new place to be paid to"), "needs"),
    "redirected": (N_("{amount} goes to {label} instead"), "moving"),
    "rest-cancelled": (N_("The rest is cancelled; it is in your wallet again"), "waiting"),
    "late": (N_("Later than we promised; someone senior was told"), "stopped"),
    "bonus-lost": (N_("{amount} of bonus was lost, as shown before"), "stopped"),
    "fee-refunded": (N_("The fee of {amount} was given back"), "done"),
    "came-back": (N_("{amount} came back and is in your wallet again"), "stopped"),
    "rejected": (N_("Not approved; the money is in your wallet again"), "stopped"),
    "cancelled": (N_("Cancelled; the money is in your wallet again"), "waiting"),
}


def tell(
    work: Work,
    row: Withdrawal,
    what: str,
    code: str = "",
    text: str = "",
    places: Mapping[str, str] | None = None,
    by: UUID | None = None,
) -> None:
    """Add a moment. `text` is a message id filled by `places`, or a person's own words."""
    moment: dict[str, Any] = {
        "at": work.now.isoformat(),
        "what": what,
        "code": code or what,
        "text": text,
        "places": dict(places or {}),
        "by": str(by) if by else None,
    }
    row.story = [*row.story, moment]


class Sentence(str):  # noqa: SLOT000 - it carries what it was made from
    """A message with its places: drawn in the reader's language in pages and files."""

    message: str
    places: Mapping[str, str]

    def __new__(cls, message: str, places: Mapping[str, str]) -> Self:
        made = super().__new__(cls, message.format_map(places) if places else message)
        made.message, made.places = message, places
        return made

    def __html__(self) -> Markup:
        return Markup("{}").format(shown().texts.say(self.message, **self.places))


def reason_of(row: Withdrawal) -> str:
    """Why it waits or ended as it did: the one stored sentence, for the client, support and files."""
    if row.reason and row.code != "payout-returned":
        return Sentence(declines.named(row.reason), {})
    for one in row.checks:
        if one["code"] == row.code:
            return Sentence(one["text"], one["places"])
    return ""
