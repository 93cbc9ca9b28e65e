"""What may be granted about clients."""

from enum import StrEnum


class Clients(StrEnum):
    VIEW = "clients:all:view"
    SEE_PII = "clients:pii:view"
    EXPORT = "clients:all:export"
    ASSIGN = "clients:owner:assign"
    TAG = "clients:tags:edit"
    NOTE = "clients:notes:add"
    EDIT = "clients:details:edit"
    CLOSE = "clients:account:close"
    FACTOR = "clients:factor:reset"
    SEE_AUDIT = "clients:audit:view"
    SEE_TODAY = "desk:today:view"
    SEARCH = "desk:search:view"
    HOME_OWN = "home:own"
    PROFILE_OWN = "profile:own"


READING = (Clients.VIEW, Clients.SEE_TODAY, Clients.SEARCH)

ROLES: dict[str, list[str]] = {
    "Owner": [p for p in Clients if not p.endswith(":own")],
    "Head of finance": [*READING, Clients.SEE_PII, Clients.EXPORT, Clients.NOTE],
    "Finance": [*READING, Clients.SEE_PII, Clients.NOTE],
    "Compliance": [
        *READING,
        Clients.SEE_PII,
        Clients.EXPORT,
        Clients.EDIT,
        Clients.NOTE,
        Clients.TAG,
        Clients.CLOSE,
        Clients.FACTOR,
        Clients.SEE_AUDIT,
    ],
    "Sales": [*READING, Clients.NOTE, Clients.TAG],
    "Support": [*READING, Clients.SEE_PII, Clients.NOTE, Clients.TAG, Clients.EDIT],
    "Dealing": [*READING, Clients.NOTE],
    "Auditor": [*READING, Clients.SEE_PII, Clients.SEE_AUDIT],
}
