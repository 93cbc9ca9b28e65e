"""What may be granted around partners."""

from enum import StrEnum


class Partners(StrEnum):
    VIEW = "partners:partner:view"
    EDIT = "partners:partner:edit"
    PAY = "partners:payout:create"
    APPROVE = "partners:payout:approve"
    FEES = "partners:fee:create"
    DECIDE = "partners:objection:decide"
    OWN = "partners:portal:own"
