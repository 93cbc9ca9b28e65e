"""Calls of DXtrade's two APIs: a session token for each, exact numbers, ETags, outcomes.

A token that ended is refused with 401 before anything is done, so the call is made again with a fresh
one, once. Everything else is sent once.
"""

import asyncio
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from brokerage.trading.connectors.dxtrade.settings import Settings
from stoa.connectors import loose
from stoa.connectors.egress import Reply
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Refused, Unknown, hard, technical
from stoa.connectors.trouble import NoAnswer, Unreadable
from stoa.kernel.refusals import NotFound, Unavailable

ADMIN: Final = "/dxweb/rest"
TRADE: Final = "/dxsca-web"
_MAX_BYTES: Final = 64 * 1024 * 1024
_LIFE_S: Final = 20 * 60
_KEEP_S: Final = 600.0
_TECHNICAL: Final = frozenset({401, 403, 408, 425, 429})
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode

Json = dict[str, Any]


class Link:
    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self.settings = settings
        self._secrets = secrets
        self._line = line
        self._tokens: dict[str, tuple[str, float]] = {}
        self._entering = asyncio.Lock()
        self._kept: dict[str, tuple[float, Any]] = {}

    async def read(
        self, root: str, path: str, query: Mapping[str, str | int] | None = None
    ) -> tuple[Any, str]:
        """What a path holds, and its ETag; asked once more if the line broke meanwhile.

        Raises:
            NotFound: there is nothing of that name.
            Unavailable: it did not answer, or would not.
        """
        asked = f"{path}?{urlencode(query)}" if query else path
        try:
            reply = await self._call(root, "GET", asked)
        except NoAnswer as why:
            if isinstance(why, Unreadable):
                raise
            reply = await self._call(root, "GET", asked)
        return self._found(reply), reply.headers.get("etag", "")

    async def ask(self, root: str, path: str, body: Json) -> Any:
        """A reading call that is a POST. Raises as `read`."""
        return self._found(await self._call(root, "POST", path, body))

    async def rows(
        self, path: str, name: str, query: Mapping[str, str | int] | None = None
    ) -> list[Any]:
        """A list of the trading side. Raises as `read`, and Unreadable where there is none."""
        body, _ = await self.read(TRADE, path, query)
        rows = body.get(name) if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise Unreadable("The trading server's answer could not be read.")
        return rows

    async def change(
        self, method: str, path: str, body: Any, etag: str = ""
    ) -> Json | Refused | Unknown:
        """A changing call of the administrative side, sent once. 412 is a technical refusal.

        Raises:
            Unreachable: nothing was sent.
            NoAnswer: it was sent, and no answer came.
        """
        headers = {"if-match": etag} if etag else {}
        reply = await self._call(ADMIN, method, path, body, headers)
        if reply.ok:
            found = self._json(reply)
            return found if isinstance(found, dict) else {}
        code, text = fault(reply)
        if reply.status == 412:
            return technical("changed-meanwhile", text)
        if reply.status >= 500 or reply.status in {408, 409, 425}:
            return Unknown(code, text)
        return technical(code, text) if reply.status in _TECHNICAL else hard(code, text)

    async def keep(self, name: str, value: Any) -> None:
        """Keep for ten minutes what a server rarely changes."""
        await asyncio.sleep(0)
        self._kept[name] = (time.monotonic() + _KEEP_S, value)

    def kept(self, name: str) -> Any:
        until, value = self._kept.get(name, (0.0, None))
        return value if until > time.monotonic() else None

    def account(self, login: int) -> str:
        """The administrative path of an account."""
        clearing = quote(self.settings.clearing, safe="")
        return f"/api/register/account/{clearing}/{login}"

    def code(self, login: int) -> str:
        """An account as the trading side names it."""
        return f"{self.settings.clearing}:{login}"

    async def _call(
        self,
        root: str,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        reply = await self._send(root, method, path, body, headers, await self._token(root))
        if reply.status == 401:
            self._tokens.pop(root, None)
            reply = await self._send(root, method, path, body, headers, await self._token(root))
        return reply

    async def _send(
        self,
        root: str,
        method: str,
        path: str,
        body: Any,
        headers: Mapping[str, str] | None,
        token: str,
    ) -> Reply:
        sent = {"accept": "application/json"} | dict(headers or {})
        if token:
            sent["authorization"] = f"DXAPI {token}"
        content = None
        if body is not None:
            sent["content-type"] = "application/json"
            content = _encode(body)
        return await self._line.request(
            method,
            self.settings.base_url.rstrip("/") + root + path,
            headers=sent,
            content=content,
            total_s=self.settings.answer_s,
            max_bytes=_MAX_BYTES,
        )

    async def _token(self, root: str) -> str:
        """The session's token, fetched anew before half an hour of it is over."""
        async with self._entering:
            token, until = self._tokens.get(root, ("", 0.0))
            if token and until > time.monotonic():
                return token
            one = self.settings
            body = {
                "username": one.username,
                "domain": one.domain,
                "password": self._secrets.current(one.password),
            }
            try:
                reply = await self._send(root, "POST", "/login", body, None, "")
            except NoAnswer as why:
                raise Unavailable("The trading server did not let us in.", code=why.code) from why
            if not reply.ok:
                code, text = fault(reply)
                raise Unavailable(
                    "The trading server refused: {reason}.", code=code, reason=text or code
                )
            found = self._json(reply)
            token = loose.text(found.get("sessionToken")) if isinstance(found, dict) else ""
            if not token:
                raise Unreadable("The trading server's answer could not be read.")
            self._tokens[root] = (token, time.monotonic() + _LIFE_S)
            return token

    def _found(self, reply: Reply) -> Any:
        if reply.ok:
            return self._json(reply)
        if reply.status == 404:
            raise NotFound("The trading server does not have that.")
        code, text = fault(reply)
        raise Unavailable("The trading server refused: {reason}.", code=code, reason=text or code)

    def _json(self, reply: Reply) -> Any:
        try:
            return _decode(reply.body) if reply.body.strip() else {}
        except (msgspec.MsgspecError, ArithmeticError, UnicodeDecodeError) as why:
            raise Unreadable("The trading server's answer could not be read.") from why


def fault(reply: Reply) -> tuple[str, str]:
    """Code and sentence of an error's body."""
    said = loose.document(reply.body)
    code = loose.text(said.get("errorCode"))
    text = loose.text(said.get("description"))
    return (f"dx-{code}" if code else f"http-{reply.status}")[:80], text[:200]
