"""Sumsub's HTTP: every request is signed over time, method, path with query, and body."""

import re
import secrets
import time
from typing import Final

import msgspec

from brokerage.kyc.connectors.sumsub.settings import Settings
from stoa.connectors import loose, signatures
from stoa.connectors.egress import Reply
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import Document
from stoa.connectors.outcomes import Refused, Unknown, hard, technical
from stoa.kernel.refusals import NotFound, Unavailable

_UPLOAD_S: Final = 30.0
_NAME: Final = re.compile(r"[^A-Za-z0-9._ -]")


class Calls:
    """One Sumsub account's API."""

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line

    async def send(
        self, method: str, target: str, content: bytes, kind: str, total_s: float = 10.0
    ) -> Reply:
        """One signed exchange; `target` is the path with its query, exactly as signed.

        Raises:
            Unreachable: nothing was sent.
            NoAnswer: it was sent, and no answer came.
        """
        token = self._secrets.current(self._settings.app_token)
        secret = self._secrets.current(self._settings.secret_key)
        headers = sign(method, target, content, secret=secret, token=token, at=int(time.time()))
        if content:
            headers["content-type"] = kind
        url = self._settings.base_url.rstrip("/") + target
        return await self._line.request(
            method, url, headers=headers, content=content or None, total_s=total_s
        )

    async def post(self, target: str, body: Document | None = None) -> Reply:
        content = msgspec.json.encode(body) if body is not None else b""
        return await self.send("POST", target, content, "application/json")

    async def upload(
        self, target: str, about: Document, name: str, kind: str, file: bytes
    ) -> Reply:
        content, multipart = form(about, name, kind, file)
        return await self.send("POST", target, content, multipart, _UPLOAD_S)

    async def get(self, target: str) -> Reply:
        """A reading call.

        Raises:
            NotFound: there is no such object.
            Unavailable: anything else but the object.
        """
        reply = await self.send("GET", target, b"", "")
        if reply.ok:
            return reply
        if reply.status == 404:
            raise NotFound("The provider does not have that.")
        raise Unavailable("The provider refused to tell.", code=error(reply)[0])


def sign(
    method: str, target: str, content: bytes, *, secret: str, token: str, at: int
) -> dict[str, str]:
    """The three headers of a request; the signature is hex HMAC-SHA256 under the app's secret."""
    message = f"{at}{method.upper()}{target}".encode() + content
    return {
        "x-app-token": token,
        "x-app-access-ts": str(at),
        "x-app-access-sig": signatures.hmac_hex(secret, message),
    }


def form(about: Document, name: str, kind: str, file: bytes) -> tuple[bytes, str]:
    """A multipart body of metadata and one file, and its content type."""
    boundary = secrets.token_hex(16)
    while boundary.encode() in file:
        boundary = secrets.token_hex(16)
    plain = _NAME.sub("_", name)[-100:] or "document"
    parts = (
        (b'name="metadata"', b"application/json", msgspec.json.encode(about)),
        (f'name="content"; filename="{plain}"'.encode(), kind.encode(), file),
    )
    body = b"".join(
        b"--%s\r\nContent-Disposition: form-data; %s\r\nContent-Type: %s\r\n\r\n%s\r\n"
        % (boundary.encode(), what, media, content)
        for what, media, content in parts
    )
    end = b"--%s--\r\n" % boundary.encode()
    return body + end, f"multipart/form-data; boundary={boundary}"


def refusal(reply: Reply) -> Refused | Unknown:
    """5xx may come after the effect; all else was refused before anything was done."""
    code, text = error(reply)
    if reply.status >= 500:
        return Unknown(code, text)
    if reply.status in {401, 403, 429}:
        return technical(code, text)
    return hard(code, text)


def error(reply: Reply) -> tuple[str, str]:
    told = loose.document(reply.body)
    code = loose.text(told.get("errorName")) or f"http-{reply.status}"
    return code, loose.text(told.get("description"))
