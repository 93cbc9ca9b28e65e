"""Hyperswitch's HTTP: JSON both ways. Our ids become its ids, so a repeated call finds the first."""

import base64
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import msgspec

from brokerage.payments.connectors.hyperswitch.settings import Settings
from stoa.connectors import loose
from stoa.connectors.egress import Reply
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Refused, Refusing, Unknown, technical
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound, Unavailable

DUPLICATE: Final = "HE_01"
_ID_LENGTH: Final = 30

_TECHNICAL: Final = frozenset(
    {
        "HE_00",
        "api_error",
        "could_not_process",
        "issuer_not_available",
        "processing_error",
        "reenter_transaction",
        "try_again_later",
    }
)

Said = dict[str, Any]


class Calls:
    """One merchant account's API."""

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line

    async def post(self, path: str, body: Said) -> Said | Refused | Unknown:
        """A changing call. Refused with DUPLICATE means that this id exists already.

        Raises:
            Unreachable: nothing was sent.
            NoAnswer: it was sent, and no answer came.
        """
        headers = self._headers() | {"content-type": "application/json"}
        content = msgspec.json.encode(body)
        reply = await self._line.request("POST", self._url(path), headers=headers, content=content)
        return _object(reply) if reply.ok else refusal(reply)

    async def get(self, path: str) -> Said:
        """A reading call.

        Raises:
            NotFound: there is no such object.
            Unavailable: anything else but the object.
        """
        reply = await self._line.request("GET", self._url(path), headers=self._headers())
        if reply.ok:
            return _object(reply)
        if reply.status == 404:
            raise NotFound("The provider does not have that.")
        raise Unavailable("The provider refused to tell.", code=_error(reply)[0])

    def _url(self, path: str) -> str:
        return self._settings.base_url.rstrip("/") + path

    def _headers(self) -> dict[str, str]:
        return {"api-key": self._secrets.current(self._settings.api_key)}


def their_id(prefix: str, ours: UUID) -> str:
    """An id of exactly 30 characters that holds the whole of ours."""
    key = prefix + base64.b32encode(ours.bytes).decode().rstrip("=").lower()
    assert len(key) == _ID_LENGTH, "Hyperswitch's ids have 30 characters"  # noqa: S101
    return key


def safe(key: str) -> str:
    """An id as a part of a path."""
    return quote(key, safe="")


def refusal(reply: Reply) -> Refused | Unknown:
    """5xx may come after the effect; all else was refused before anything was done."""
    code, text = _error(reply)
    if reply.status >= 500:
        return Unknown(code, text)
    if reply.status in {401, 403, 404, 429}:
        return technical(code, text)
    return Refused(decline_of(code), code, text)


def decline_of(code: str) -> Refusing:
    return Refusing.TECHNICAL if code in _TECHNICAL else Refusing.HARD


def _error(reply: Reply) -> tuple[str, str]:
    told = loose.mapping(loose.document(reply.body).get("error"))
    return str(told.get("code") or f"http-{reply.status}"), str(told.get("message", ""))[:200]


def _object(reply: Reply) -> Said:
    body = reply.json()
    if not isinstance(body, dict):
        raise Unreadable("The provider's answer could not be read.")
    return body
