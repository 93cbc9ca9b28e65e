"""JSON over HTTP with one provider: sent once, and its answers sorted by what they say of the effect.

api = Rest(line, base_url, headers=..., error=..., technical=...)
said = await api.post("/payments", body, headers={"idempotency-key": key})
said = await api.get("/payments/1")
"""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from stoa.connectors import loose
from stoa.connectors.egress import Reply
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Refused, Refusing, Unknown
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound, Unavailable

Said = dict[str, Any]
Fault = tuple[str, str]
"""A provider's own code and sentence for what went wrong."""

_NOT_DONE: Final = frozenset({401, 403, 429})
_EARLY_S: Final = 60


class Rest:
    """One account's API at one provider.

    `error` reads code and sentence out of an answer that is none; `technical` names the codes that
    speak of the provider or the way to it rather than of the payer; `unsure` the answers after which
    nobody knows: 409 and 5xx always are.
    """

    def __init__(
        self,
        line: Line,
        base_url: str,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        error: Callable[[Said], Fault],
        technical: Collection[str] = (),
        unsure: Collection[int] = (),
        media: str = "application/json",
    ) -> None:
        self._line = line
        self._base = base_url.rstrip("/")
        self._headers = headers
        self._error = error
        self._technical = frozenset(technical)
        self._unsure = frozenset(unsure) | {409}
        self._media = media

    async def post(
        self, path: str, body: Said, *, headers: Mapping[str, str] | None = None
    ) -> Said | Refused | Unknown:
        """A changing call.

        Raises:
            Unreachable: nothing was sent.
            NoAnswer: it was sent, and no answer came.
        """
        return await self.change("POST", path, body, headers=headers)

    async def change(
        self, method: str, path: str, body: Said | None, *, headers: Mapping[str, str] | None = None
    ) -> Said | Refused | Unknown:
        """As `post`, by another method."""
        sent = dict(self._headers()) | dict(headers or {})
        content = None
        if body is not None:
            sent.setdefault("content-type", self._media)
            content = msgspec.json.encode(body)
        reply = await self._line.request(method, self._base + path, headers=sent, content=content)
        return self.object_of(reply) if reply.ok else self.refusal(reply)

    async def get(
        self,
        path: str,
        query: Mapping[str, str | int] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        """A reading call.

        Raises:
            NotFound: there is no such object.
            Unavailable: anything else but the object.
        """
        return self.found(await self._read(path, query, headers))

    async def rows(self, path: str, query: Mapping[str, str | int] | None = None) -> list[Said]:
        """A reading call that is answered with a list. Raises as `get`."""
        reply = await self._read(path, query, None)
        return loose.rows(reply.json()) if reply.ok else [self.found(reply)]

    async def _read(
        self,
        path: str,
        query: Mapping[str, str | int] | None,
        headers: Mapping[str, str] | None,
    ) -> Reply:
        asked = f"?{urlencode(query)}" if query else ""
        sent = dict(self._headers()) | dict(headers or {})
        return await self._line.request("GET", self._base + path + asked, headers=sent)

    async def ask(self, path: str, body: Said, *, headers: Mapping[str, str] | None = None) -> Said:
        """A reading call that is a POST at this provider. Raises as `get`."""
        sent = {"content-type": self._media} | dict(self._headers()) | dict(headers or {})
        content = msgspec.json.encode(body)
        reply = await self._line.request("POST", self._base + path, headers=sent, content=content)
        return self.found(reply)

    def found(self, reply: Reply) -> Said:
        """The object of a reading call's answer. Raises as `get`."""
        if reply.ok:
            return self.object_of(reply)
        if reply.status == 404:
            raise NotFound("The provider does not have that.")
        raise Unavailable("The provider refused to tell.", code=self.fault(reply)[0])

    def refusal(self, reply: Reply) -> Refused | Unknown:
        """What an error says: 5xx and 409 may come after the effect, all else came before it."""
        code, text = self.fault(reply)
        if reply.status >= 500 or reply.status in self._unsure:
            return Unknown(code, text)
        if reply.status in _NOT_DONE:
            return Refused(Refusing.TECHNICAL, code, text)
        return Refused(self.sort(code), code, text)

    def sort(self, code: str) -> Refusing:
        return Refusing.TECHNICAL if code in self._technical else Refusing.HARD

    def fault(self, reply: Reply) -> Fault:
        code, text = self._error(loose.document(reply.body))
        return (code or f"http-{reply.status}")[:80], text[:200]

    def object_of(self, reply: Reply) -> Said:
        """Raises Unreadable for an answer that is no object; an empty one is an empty object."""
        if not reply.body.strip():
            return {}
        body = reply.json()
        if not isinstance(body, dict):
            raise Unreadable("The provider's answer could not be read.")
        return body


async def token(line: Line, key: str, fetch: Callable[[], Awaitable[tuple[str, int]]]) -> str:
    """An access token of this line, fetched anew a minute before it ends.

    `key` tells accounts and their secrets apart; `fetch` gives the token and its life in seconds.
    """
    held = line.tokens.get(key)
    now = time.monotonic()
    if held is not None and held[1] > now:
        return held[0]
    text, life_s = await fetch()
    line.tokens.clear()
    line.tokens[key] = (text, now + max(0, life_s - _EARLY_S))
    return text


def safe(key: str) -> str:
    """An id as a part of a path."""
    return quote(key, safe="")
