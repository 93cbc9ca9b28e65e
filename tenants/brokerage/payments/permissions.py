"""What may be granted around deposits, disputes and withdrawals."""

from enum import StrEnum


class Payments(StrEnum):
    DEPOSITS = "payments:deposit:view"
    RESOLVE = "payments:deposit:resolve"
    WITHDRAWALS = "payments:withdrawal:view"
    APPROVE = "payments:withdrawal:approve"
    ESCALATED = "payments:withdrawal:escalated"
    PSPS = "payments:psp:view"
    TEST = "payments:psp:test"
    PAUSE = "payments:psp:pause"
    DISPUTES = "payments:dispute:view"
    DISPUTES_EDIT = "payments:dispute:edit"
    EVIDENCE = "payments:dispute:evidence"
    GIVE_UP = "payments:dispute:give-up"
    EXPORT = "payments:export"
    DEPOSIT_OWN = "payments:deposit:own"
    WITHDRAW_OWN = "payments:withdrawal:own"
