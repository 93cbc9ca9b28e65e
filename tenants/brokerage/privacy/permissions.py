"""What may be granted about keeping and erasing."""

from enum import StrEnum


class Privacy(StrEnum):
    VIEW = "privacy:erasure:view"
    ASK = "privacy:erasure:ask"
    """Write down a wish that came by letter."""
    DECIDE = "privacy:erasure:decide"
    AGREE = "privacy:erasure:agree"
    HOLD = "privacy:hold:set"
    LIFT = "privacy:hold:agree"
    OWN = "privacy:own"


_ALL = [one for one in Privacy if not one.endswith(":own")]
ROLES: dict[str, list[str]] = {
    "Owner": [*_ALL],
    "Compliance": [*_ALL],
    "Support": [Privacy.VIEW, Privacy.ASK],
    "Auditor": [Privacy.VIEW],
}
