"""What may be granted around notices."""

from enum import StrEnum


class Notices(StrEnum):
    INBOX_OWN = "notices:inbox:own"
