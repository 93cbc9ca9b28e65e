"""What may be granted around risk. The pages are read with `trading:exposure:view`."""

from enum import StrEnum


class Risk(StrEnum):
    ALERTS = "risk:alert:decide"
    ESCALATED = "risk:alert:escalated"
    FOLLOWERS = "risk:follower:edit"
    ACT = "risk:action:ask"
    APPROVE = "risk:action:approve"
    HEDGE = "risk:hedge:edit"
    EXPORT = "risk:book:export"
