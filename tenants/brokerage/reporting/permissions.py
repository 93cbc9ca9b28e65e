"""What may be granted around reports."""

from enum import StrEnum


class Reporting(StrEnum):
    VIEW = "reports:daily:view"
    STATEMENT = "reports:statement:view"
    STATEMENT_OWN = "reports:statement:own"
