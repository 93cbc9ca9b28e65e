"""What may be granted about proof against the outside."""

from enum import StrEnum


class Recon(StrEnum):
    VIEW = "recon:proof:view"
    BRING = "recon:files:bring"
    MATCH = "recon:matches:make"
    BREAKS = "recon:breaks:work"
    ACCOUNTS = "recon:accounts:edit"
    SIGN = "recon:client-money:sign"
    REVIEW = "recon:client-money:review"
    EXPORT = "recon:files:export"
    ORDER = "recon:orders:make"
    ORDER_AGREE = "recon:orders:agree"


_ALL = list(Recon)

ROLES: dict[str, list[str]] = {
    "Owner": [*_ALL],
    "Head of finance": [*_ALL],
    "Finance": [
        Recon.VIEW,
        Recon.BRING,
        Recon.MATCH,
        Recon.BREAKS,
        Recon.SIGN,
        Recon.EXPORT,
        Recon.ORDER,
    ],
    "Compliance": [Recon.VIEW, Recon.REVIEW],
    "Auditor": [Recon.VIEW],
}
