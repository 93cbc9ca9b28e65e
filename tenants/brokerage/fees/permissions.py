"""What may be granted around fees; changing the schedule is a change of settings."""

from enum import StrEnum


class Fees(StrEnum):
    VIEW = "fees:schedule:view"
