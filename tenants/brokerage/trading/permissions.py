"""What may be granted around trading."""

from enum import StrEnum


class Trading(StrEnum):
    VIEW = "trading:account:view"
    EDIT = "trading:account:edit"
    EXPOSURE = "trading:exposure:view"
    SERVERS = "trading:server:view"
    IMPORT = "trading:import:run"
    EXPORT = "trading:account:export"
    DECIDE = "trading:request:decide"
    BULK = "trading:batch:run"
    COVER = "trading:negative:decide"
    OWN = "trading:account:own"
