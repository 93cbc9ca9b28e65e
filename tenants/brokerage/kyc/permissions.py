"""What may be granted about verification."""

from enum import StrEnum


class Kyc(StrEnum):
    CASES_VIEW = "kyc:cases:view"
    DOCUMENTS_VIEW = "kyc:documents:view"
    SCREENING_VIEW = "kyc:screening:view"
    """Hits and risk: what may never reach the client (no tipping off)."""
    DECIDE = "kyc:cases:decide"
    SECOND = "kyc:cases:second"
    RISK_SET = "kyc:risk:set"
    VERIFY_OWN = "kyc:verification:own"


READING = (Kyc.CASES_VIEW, Kyc.DOCUMENTS_VIEW, Kyc.SCREENING_VIEW)
STAFF = [permission for permission in Kyc if not permission.endswith(":own")]
ROLES: dict[str, list[str]] = {
    "Owner": [*STAFF],
    "Compliance": [*STAFF],
    "Head of finance": [Kyc.CASES_VIEW],
    "Finance": [Kyc.CASES_VIEW],
    "Support": [Kyc.CASES_VIEW],
    "Sales": [],
    "Dealing": [],
    "Auditor": [*READING],
}
