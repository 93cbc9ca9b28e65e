"""Elliptic's AML API v2 as the product's chain analyst.

One transfer, asked and answered in one call (`POST /v2/analyses/synchronous`). Requests are signed
as developers.elliptic.co says: base64 HMAC-SHA256, under the decoded secret, of the time in
milliseconds, the method, the path in small letters, and the body as it is sent.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from brokerage.payments.source.port import Exposure, Finding, Transfer
from stoa.connectors import loose
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring, SecretName
from stoa.connectors.lines import Line
from stoa.connectors.loose import mapping, rows, text
from stoa.connectors.rest import Said
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import Invalid, NotFound, Refusal, Unavailable

_ANALYSES: Final = "/v2/analyses"
_ANALYSE: Final = f"{_ANALYSES}/synchronous"
_TENFOLD: Final = 10
_MOST: Final = 20


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key pair of one workspace; scores of 0 to 10 there are 0 to 100 here."""

    api_key: Annotated[SecretName, Meta(title="API key")] = "elliptic.key"
    api_secret: Annotated[
        SecretName, Meta(title="API secret", description="As shown when the key was made: base64.")
    ] = "elliptic.secret"  # noqa: S105
    base_url: Annotated[str, Meta(title="API address", max_length=255)] = (
        "https://aml-api.elliptic.co"
    )
    unscored: Annotated[
        Literal["unknown", "clear"],
        Meta(
            title="An answer without a score",
            description="Whether none of your rules at Elliptic means no risk, or nothing known.",
            extra={"options": {"unknown": "Nothing known", "clear": "No risk"}},
        ),
    ] = "unknown"


class Elliptic:
    """One workspace. Asset and network are left to Elliptic: `holistic` follows coins across chains."""

    code: ClassVar[str] = "elliptic"
    label: ClassVar[str] = "Elliptic"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line

    async def examine(self, transfer: Transfer) -> Finding:
        said = await self._call("POST", _ANALYSE, asked_of(transfer))
        return finding_of(said, clear=self._settings.unscored == "clear")

    async def test_connection(self) -> list[Check]:
        """Read the list of analyses: changes nothing and costs nothing."""
        try:
            await self._call("GET", f"{_ANALYSES}?page=1&per_page=1", None)
        except Refusal as why:
            return [failed("Use the API key and secret", why)]
        return [Check("Use the API key and secret", fine=True)]

    async def _call(self, method: str, path: str, body: Said | None) -> Said:
        """Raises as `examine`."""
        content = msgspec.json.encode(body) if body is not None else None
        at = str(int(time.time() * 1000))
        secret = self._secrets.current(self._settings.api_secret)
        headers = {
            "x-access-key": self._secrets.current(self._settings.api_key),
            "x-access-timestamp": at,
            "x-access-sign": signed(secret, at, method, path, content or b"{}"),
            "accept": "application/json",
        }
        if content is not None:
            headers["content-type"] = "application/json"
        reply = await self._line.request(
            method, self._settings.base_url.rstrip("/") + path, headers=headers, content=content
        )
        if reply.ok:
            told = reply.json()
            if not isinstance(told, dict):
                raise Unreadable("The analyst's answer could not be read.")
            return told
        if reply.status == 404:
            raise NotFound("The analyst has not seen this transfer.")
        fault = loose.document(reply.body)
        code = (text(fault.get("name")) or text(fault.get("code")) or f"http-{reply.status}")[:80]
        if reply.status in {400, 422}:
            raise Invalid("The analyst cannot examine this transfer ({code}).", code=code)
        raise Unavailable("The analyst did not tell.", code=code)


def signed(secret: str, at: str, method: str, path: str, body: bytes) -> str:
    """The mark of a request. Raises Unavailable for a secret that is not base64."""
    try:
        key = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError) as why:
        raise Unavailable("The analyst's secret is not as it was given.", code="secret") from why
    message = f"{at}{method}{path.lower()}".encode() + body
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def asked_of(transfer: Transfer) -> Said:
    return {
        "subject": {
            "asset": "holistic",
            "blockchain": "holistic",
            "type": "transaction",
            "hash": transfer.hash,
            "output_type": "address",
            "output_address": transfer.address,
        },
        "type": "source_of_funds",
        "customer_reference": transfer.customer,
    }


def finding_of(said: Said, *, clear: bool) -> Finding:
    """Raises Unavailable while the analysis is still running, or came to nothing."""
    state = text(said.get("process_status"))
    if state and state != "complete":
        raise Unavailable("The analyst is still looking.", code=f"elliptic-{state}"[:80])
    reference = text(said.get("id"))
    if not reference or "risk_score" not in said:
        raise Unreadable("The analyst's answer could not be read.")
    raw = said["risk_score"]
    score = _number(raw)
    if raw is not None and (score is None or not 0 <= score <= 10):
        raise Unreadable("The analyst's score could not be read.")
    tenfold = score * _TENFOLD if score is not None else (Decimal(0) if clear else None)
    matched = [one for rule in _rules(said) for one in rows(rule.get("matched_elements"))]
    return Finding(
        reference=reference[:80], score=tenfold, exposures=tuple(_worst(_exposures(matched)))
    )


def _rules(said: Said) -> list[Said]:
    """A list, or one for each direction."""
    told = said.get("evaluation_detail")
    if isinstance(told, dict):
        return [*rows(told.get("source")), *rows(told.get("destination"))]
    return rows(told)


def _exposures(matched: Iterable[Said]) -> Iterable[Exposure]:
    for one in matched:
        entities = [mapping(each) for each in rows(one.get("contributions"))]
        yield Exposure(
            category=text(one.get("category"))[:60],
            percent=_percent(one.get("contribution_percentage")),
            entity=next((text(each.get("entity"))[:60] for each in entities), ""),
        )
        for each in entities:
            if mapping(each.get("risk_triggers")).get("is_sanctioned") is True:
                yield Exposure(
                    category="Sanctioned Entity",
                    percent=_percent(each.get("contribution_percentage")),
                    entity=text(each.get("entity"))[:60],
                )


def _percent(told: object) -> Decimal:
    found = _number(told)
    return min(max(found, Decimal(0)), Decimal(100)) if found is not None else Decimal(100)


def _number(told: object) -> Decimal | None:
    """A JSON number as it was written; None for anything else."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    found = Decimal(repr(told))
    return found if found.is_finite() else None


def _worst(found: Iterable[Exposure]) -> list[Exposure]:
    """The largest part of each category, the largest first."""
    largest: dict[str, Exposure] = {}
    for one in found:
        if one.category and (
            one.category not in largest or largest[one.category].percent < one.percent
        ):
            largest[one.category] = one
    return sorted(largest.values(), key=lambda one: -one.percent)[:_MOST]
