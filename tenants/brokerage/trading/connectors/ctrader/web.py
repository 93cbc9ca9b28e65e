"""The WebServices: a manager's token in the query, JSON there and back, CSV for positions.

The token stands in every address. Addresses are never logged with their query, and no error here
carries one.
"""

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from brokerage.trading.connectors.ctrader import errors
from brokerage.trading.connectors.ctrader.session import hashed
from brokerage.trading.connectors.ctrader.settings import Settings
from stoa.connectors import loose
from stoa.connectors.egress import Reply
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, not_sent, technical
from stoa.connectors.trouble import NoAnswer, Unreachable, Unreadable
from stoa.kernel.refusals import Refusal, Unavailable

_JSON: Final = {"content-type": "application/json", "accept": "application/json"}
_UNAUTHENTICATED: Final = 401
_THEIR_FAULT: Final = 500
_TOKEN_S: Final = 1_500.0
_LARGEST_LIST: Final = 64 * 1024 * 1024

Said = dict[str, Any]


class Web:
    """One manager's way to one plant."""

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self.settings = settings
        self._secrets = secrets
        self._line = line
        self._base = settings.base_url.rstrip("/")

    async def change(self, method: str, path: str, body: Said) -> Said | Refused | Unknown:
        """A changing call, sent at most once.

        A token that is not valid any more is a refusal at the door: nothing was done, and the next
        try fetches a new one.
        """
        try:
            token = await self._token()
        except Refusal as why:
            return not_sent(why)
        try:
            reply = await self._send(method, path, token, {}, body)
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            return Unknown(why.code)
        if reply.ok:
            return loose.document(reply.body)
        if reply.status == _UNAUTHENTICATED:
            self._forget()
            return technical("token-ended", "the manager's token ended; it is asked for again")
        name, text = errors.named(loose.document(reply.body))
        if reply.status >= _THEIR_FAULT and name not in errors.NAMES:
            return Unknown(name or f"http-{reply.status}", text[:200])
        outcome = errors.outcome_of(name or f"HTTP_{reply.status}", text)
        return Unknown(errors.code_of(name)) if isinstance(outcome, Confirmed) else outcome

    async def outcome(self, method: str, path: str, body: Said, reference: str) -> Outcome:
        """As `change`, for calls whose success says no more than that."""
        said = await self.change(method, path, body)
        return said if isinstance(said, Refused | Unknown) else Confirmed(reference)

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Said:
        """A reading call.

        Raises:
            NotFound: there is no such thing.
            Unavailable: anything else but the object.
        """
        reply = await self._read(path, query or {})
        told = reply.json()
        if not isinstance(told, dict):
            raise Unreadable("The trading server's answer could not be read.")
        return told

    async def text(self, path: str, query: Mapping[str, str | int]) -> str:
        """A reading call that is answered with CSV. Raises as `get`."""
        reply = await self._read(path, query)
        try:
            return reply.body.decode("utf-8-sig")
        except UnicodeDecodeError as why:
            raise Unreadable("The trading server's list could not be read.") from why

    async def _read(self, path: str, query: Mapping[str, str | int]) -> Reply:
        reply = await self._send("GET", path, await self._token(), query, None)
        if reply.status == _UNAUTHENTICATED:
            self._forget()
            reply = await self._send("GET", path, await self._token(), query, None)
        if not reply.ok:
            name, text = errors.named(loose.document(reply.body))
            raise errors.refusal_of(name or f"HTTP_{reply.status}", text)
        return reply

    async def _send(
        self, method: str, path: str, token: str, query: Mapping[str, str | int], body: Said | None
    ) -> Reply:
        asked = urlencode({**query, "token": token})
        return await self._line.request(
            method,
            f"{self._base}{path}?{asked}",
            headers=dict(_JSON),
            content=msgspec.json.encode(body) if body is not None else None,
            total_s=self.settings.answer_s,
            max_bytes=_LARGEST_LIST,
            any_port=True,
        )

    async def _token(self) -> str:
        """Held by the line for as long as it surely lives. Raises Unavailable."""
        held = self._line.tokens.get(self._key)
        if held is not None and held[1] > time.monotonic():
            return held[0]
        password = self._secrets.current(self.settings.password)
        body = {"login": self.settings.login, "hashedPassword": hashed(password)}
        reply = await self._line.request(
            "POST",
            f"{self._base}/v2/webserv/managers/token",
            headers=dict(_JSON),
            content=msgspec.json.encode(body),
            total_s=self.settings.answer_s,
            any_port=True,
        )
        said = loose.document(reply.body)
        token = said.get("webservToken")
        if not reply.ok or not isinstance(token, str) or not token:
            name, text = errors.named(said)
            raise Unavailable(
                "The trading server did not let us in: {reason}.",
                code=errors.code_of(name or f"HTTP_{reply.status}"),
                reason=errors.NAMES[name][1] if name in errors.NAMES else text[:120] or "no token",
            )
        self._line.tokens[self._key] = (token, time.monotonic() + _TOKEN_S)
        return token

    def _forget(self) -> None:
        self._line.tokens.pop(self._key, None)

    @property
    def _key(self) -> str:
        return f"ctrader|{self._base}|{self.settings.login}"
