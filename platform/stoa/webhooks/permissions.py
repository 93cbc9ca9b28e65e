"""What may be granted about webhooks."""

from enum import StrEnum


class Webhooks(StrEnum):
    VIEW = "api:webhooks:view"
    EDIT = "api:webhooks:edit"
