"""What may be granted about money and its records."""

from enum import StrEnum


class Ledger(StrEnum):
    VIEW = "ledger:entries:view"
    ACCOUNTS_VIEW = "ledger:accounts:view"
    FREEZE = "ledger:wallets:freeze"
    ADJUSTMENTS_VIEW = "ledger:adjustments:view"
    ADJUST = "ledger:adjustments:ask"
    APPROVE = "ledger:adjustments:approve"
    EXPORT = "ledger:entries:export"
    CLOSE = "ledger:periods:close"
    SIGN = "ledger:periods:sign"
    WALLETS_OWN = "wallets:own"
    EXCHANGE_OWN = "exchange:own"
    TRANSFER_OWN = "transfer:own"


VIEWS = (Ledger.VIEW, Ledger.ACCOUNTS_VIEW, Ledger.ADJUSTMENTS_VIEW)

ROLES: dict[str, list[str]] = {
    "Owner": [p for p in Ledger if not p.endswith(":own")],
    "Head of finance": [
        *VIEWS,
        Ledger.FREEZE,
        Ledger.ADJUST,
        Ledger.APPROVE,
        Ledger.EXPORT,
        Ledger.CLOSE,
        Ledger.SIGN,
    ],
    "Finance": [*VIEWS, Ledger.ADJUST, Ledger.EXPORT, Ledger.CLOSE],
    "Compliance": [*VIEWS, Ledger.FREEZE],
    "Support": [Ledger.VIEW],
    "Dealing": [Ledger.VIEW],
    "Auditor": [*VIEWS],
}
