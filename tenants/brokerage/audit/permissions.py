"""What may be granted about the audit log."""

from enum import StrEnum


class Audit(StrEnum):
    VIEW = "audit:log:view"
    EXPORT = "audit:log:export"
    PROVE = "audit:chain:prove"


ROLES: dict[str, list[str]] = {
    "Owner": [*Audit],
    "Compliance": [*Audit],
    "Auditor": [*Audit],
}
