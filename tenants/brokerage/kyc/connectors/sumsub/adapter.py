"""Sumsub as the product's verification port."""

from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Final
from urllib.parse import quote

import msgspec

from brokerage.kyc.connector import (
    Capabilities,
    Document,
    Event,
    Person,
    Result,
)
from brokerage.kyc.connectors.sumsub import shapes
from brokerage.kyc.connectors.sumsub.calls import Calls, refusal
from brokerage.kyc.connectors.sumsub.settings import Settings
from stoa.connectors import loose, signatures
from stoa.connectors.checks import Check, failed
from stoa.connectors.egress import Reply
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Confirmed, Outcome, Unknown, hard, not_sent
from stoa.connectors.signatures import Digest, Headers
from stoa.connectors.trouble import Forged, NoAnswer
from stoa.kernel.refusals import NotFound, Refusal

_CONFLICT: Final = 409
_DIGESTS: Final[MappingProxyType[str, Digest]] = MappingProxyType(
    {"HMAC_SHA1_HEX": "sha1", "HMAC_SHA256_HEX": "sha256", "HMAC_SHA512_HEX": "sha512"}
)
_LARGEST: Final = 10 * 1024 * 1024


class Sumsub:
    """One Sumsub account. An applicant is found again by our own reference."""

    code: ClassVar[str] = "sumsub"
    label: ClassVar[str] = "Sumsub"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        papers=frozenset(shapes.PAPERS),
        media_types=frozenset({"image/jpeg", "image/png", "application/pdf"}),
        largest_bytes=_LARGEST,
        automatic=True,
        callbacks=True,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._calls = Calls(settings, secrets, line)

    @property
    def identity(self) -> str:
        token = self._secrets.current(self._settings.app_token)
        return f"{self.code}|{self._settings.client or signatures.digest_of(token.encode())[:24]}"

    async def create_applicant(self, person: Person, level: str = "") -> Outcome:
        """One applicant per reference: where there is one already, it is that one."""
        target = f"/resources/applicants?levelName={quote(level or self._settings.level, safe='')}"
        try:
            reply = await self._calls.post(target, shapes.applicant(person))
            if reply.status == _CONFLICT:
                return await self._existing(person.reference)
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        return _created(reply)

    async def add_document(self, applicant: str, document: Document) -> Outcome:
        if document.media_type not in self.capabilities.media_types:
            return hard("media-type", document.media_type)
        if not 0 < len(document.content) <= _LARGEST:
            return hard("size", str(len(document.content)))
        about = shapes.picture(document.paper, document.side, document.country)
        try:
            reply = await self._calls.upload(
                f"{_one(applicant)}/info/idDoc",
                about,
                document.file_name,
                document.media_type,
                document.content,
            )
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        return Confirmed(reply.headers.get("x-image-id", "")) if reply.ok else refusal(reply)

    async def submit(self, applicant: str) -> Outcome:
        return await self._act(applicant, "status/pending")

    async def reopen(self, applicant: str) -> Outcome:
        return await self._act(applicant, "reset")

    async def fetch_result(self, applicant: str) -> Result:
        reply = await self._calls.get(f"{_one(applicant)}/one")
        return shapes.result(reply.body)

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """The digest is named in a header of its own; only those the tenant allows count."""
        del now
        proof = signatures.only_header(headers, "X-Payload-Digest")
        named = signatures.only_header(headers, "X-Payload-Digest-Alg")
        if named not in self._settings.digests:
            raise Forged("The callback is signed in a way that does not count here.")
        secrets = self._secrets.active(self._settings.webhook_secret)
        signatures.require_hmac(raw, proof, secrets, digest=_DIGESTS[named])
        return shapes.events(raw, self._settings.client)

    async def test_connection(self) -> list[Check]:
        """Ask for an applicant nobody has: "not there" needs a good signature."""
        try:
            await self._calls.get(_by_reference("connection-test"))
        except NotFound:
            pass
        except Refusal as why:
            return [failed("Sign requests", why)]
        hook = bool(self._secrets.active(self._settings.webhook_secret))
        return [Check("Sign requests", fine=True), Check("Verify callbacks", fine=hook)]

    async def _existing(self, reference: str) -> Outcome:
        return _created(await self._calls.get(_by_reference(reference)))

    async def _act(self, applicant: str, what: str) -> Outcome:
        """Calls that only bring about a state: a conflict says that it is so already."""
        try:
            reply = await self._calls.post(f"{_one(applicant)}/{what}")
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        if reply.ok:
            return Confirmed(applicant)
        if reply.status == _CONFLICT:
            return await self._conflicted(applicant, reply)
        return refusal(reply)

    async def _conflicted(self, applicant: str, reply: Reply) -> Outcome:
        """Under review already is what was asked for; finally rejected is not."""
        try:
            state = (await self.fetch_result(applicant)).state
        except Refusal as why:
            return Unknown(why.code)
        return refusal(reply) if state.decided else Confirmed(applicant)


def _created(reply: Reply) -> Outcome:
    if not reply.ok:
        return refusal(reply)
    key = loose.text(loose.document(reply.body).get("id"))
    return Confirmed(key) if key else Unknown("no-reference")


def _one(applicant: str) -> str:
    return f"/resources/applicants/{quote(applicant, safe='')}"


def _by_reference(reference: str) -> str:
    return f"/resources/applicants/-;externalUserId={quote(reference, safe='')}/one"
