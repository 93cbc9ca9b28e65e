"""What a withdrawal's timeline says: one list of moments with stable codes, read by everyone."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from brokerage.payments.model import Withdrawal
from stoa.tenancy.work import Work
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
    "part-paid": (N_("{amount} paid to {label}"), "done"),
    "paid": (N_("Paid"), "done"),
    "part-failed": (N_("{amount} could not be paid and is in your wallet again"), "stopped"),
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
