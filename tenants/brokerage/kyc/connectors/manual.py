"""Verification by the tenant's own officers: nothing leaves the house, nobody else decides."""

from datetime import datetime
from typing import ClassVar

import msgspec

from brokerage.kyc.connector import (
    Capabilities,
    Document,
    Event,
    Paper,
    Person,
    Result,
    State,
)
from stoa.connectors import signatures
from stoa.connectors.checks import Check
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Confirmed, Outcome
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import Forged


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """There is nothing to tell."""


class Manual:
    """Always says that a person is looking; the officer's verdict is the product's own."""

    code: ClassVar[str] = "manual"
    label: ClassVar[str] = "Our own officers"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        papers=frozenset(Paper),
        media_types=frozenset({"image/jpeg", "image/png", "image/webp", "application/pdf"}),
        largest_bytes=20 * 1024 * 1024,
        automatic=False,
        callbacks=False,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        del settings, secrets, line

    @property
    def identity(self) -> str:
        """Officers are nobody's account: every tenant has its own."""
        return ""

    async def create_applicant(self, person: Person, level: str = "") -> Outcome:
        del level
        return Confirmed(person.reference)

    async def add_document(self, applicant: str, document: Document) -> Outcome:
        del applicant
        return Confirmed(signatures.digest_of(document.content))

    async def submit(self, applicant: str) -> Outcome:
        return Confirmed(applicant)

    async def reopen(self, applicant: str) -> Outcome:
        return Confirmed(applicant)

    async def fetch_result(self, applicant: str) -> Result:
        return Result(applicant=applicant, our_id=applicant, state=State.IN_REVIEW)

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        del raw, headers, now
        raise Forged("Nobody outside decides here.")

    async def test_connection(self) -> list[Check]:
        return [Check("Decide by our own officers", fine=True)]
