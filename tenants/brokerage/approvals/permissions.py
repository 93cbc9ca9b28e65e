"""What may be granted around the list of approvals; deciding needs each kind's own permission."""

from enum import StrEnum


class Approvals(StrEnum):
    VIEW = "approvals:inbox:view"
