"""Calls of the Broker API at our pace: readings that may be asked again, changes that are sent once."""

import time
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from brokerage.trading.connectors.matchtrader.pace import Pace
from brokerage.trading.connectors.matchtrader.settings import Settings
from stoa.connectors import loose
from stoa.connectors.egress import Reply
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Refused, Unknown, technical
from stoa.connectors.rest import Fault, Rest, Said
from stoa.connectors.trouble import NoAnswer, Unreadable
from stoa.kernel.refusals import NotFound, Unavailable

OUTDATED: Final = "outdated"
_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)
_MAX_BYTES: Final = 64 * 1024 * 1024
_KEEP_S: Final = 600.0
_TOO_MANY: Final = 429
_CONFLICT: Final = 409
_WAIT_S: Final = 5.0
_WAIT_MOST_S: Final = 60.0

T = TypeVar("T")


class Link:
    """One broker's API."""

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self.settings = settings
        self._line = line
        self._secrets = secrets
        self._pace = Pace(settings.per_minute)
        self._rest = Rest(
            line, settings.base_url, headers=self._headers, error=fault, unsure=(408, 425)
        )
        self._kept: dict[str, tuple[float, Any]] = {}

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """A reading call; asked once more if the line broke, or the platform let us wait.

        Raises:
            NotFound: there is no such thing.
            Unavailable: it did not answer, or would not.
        """
        asked = f"?{urlencode(query)}" if query else ""
        return await self._read("GET", path + asked, None)

    async def ask(self, path: str, body: Said) -> Any:
        """A reading call that is a POST here. Raises as `get`."""
        return await self._read("POST", path, body)

    async def change(self, method: str, path: str, body: Said) -> Said | Refused | Unknown:
        """A changing call, sent once. An outdated version is a `Refused` of the code `outdated`.

        Raises:
            Unreachable: nothing was sent.
            NoAnswer: it was sent, and no answer came.
        """
        reply = await self._send(method, path, body, changing=True)
        if reply.ok:
            return self._rest.object_of(reply)
        said = self._rest.refusal(reply)
        code, text = self._rest.fault(reply)
        if _outdated(method, reply.status, code, text):
            return technical(OUTDATED, text or code)
        return said

    async def keep(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        """What hardly changes, read anew every ten minutes."""
        held = self._kept.get(name)
        now = time.monotonic()
        if held is None or held[0] < now:
            held = self._kept[name] = (now + _KEEP_S, await read())
        found: T = held[1]
        return found

    async def _read(self, method: str, path: str, body: Said | None) -> Any:
        try:
            reply = await self._send(method, path, body, changing=False)
        except NoAnswer as why:
            if isinstance(why, Unreadable):
                raise
            reply = await self._send(method, path, body, changing=False)
        else:
            if reply.status == _TOO_MANY:
                reply = await self._send(method, path, body, changing=False)
        if reply.ok:
            return _decoded(reply.body)
        if reply.status == 404:
            raise NotFound("The trading server does not have that.")
        code, text = self._rest.fault(reply)
        raise Unavailable("The trading server refused: {reason}.", code=code, reason=text or code)

    async def _send(self, method: str, path: str, body: Said | None, *, changing: bool) -> Reply:
        await self._pace.turn(changing=changing)
        headers = self._headers()
        if body is not None:
            headers["content-type"] = "application/json"
        reply = await self._line.request(
            method,
            self.settings.base_url.rstrip("/") + path,
            headers=headers,
            content=msgspec.json.encode(body) if body is not None else None,
            total_s=self.settings.answer_s,
            max_bytes=_MAX_BYTES,
        )
        if reply.status == _TOO_MANY:
            self._pace.pause(_asked_to_wait(reply.headers.get("retry-after", "")))
        return reply

    def _headers(self) -> dict[str, str]:
        token = self._secrets.current(self.settings.token)
        return {
            "accept": "application/json",
            "authorization": f"{self.settings.scheme} {token}".strip(),
        }


def _decoded(body: bytes) -> Any:
    """Numbers with a point as decimals: money is not kept in floats."""
    try:
        return _JSON.decode(body)
    except (*loose.BENT, InvalidOperation) as why:
        raise Unreadable("The trading server's answer could not be read.") from why


def _outdated(method: str, status: int, code: str, text: str) -> bool:
    """Which status an outdated version has is not told; its own code, or its sentence, names it."""
    if method != "PATCH" or status not in (_CONFLICT, 400, 412, 422):
        return False
    return status in (_CONFLICT, 412) or "version" in f"{code} {text}".lower()


def _asked_to_wait(text: str) -> float:
    seconds = float(text) if text.isascii() and text.isdigit() and len(text) < 6 else _WAIT_S
    return min(max(seconds, 1.0), _WAIT_MOST_S)


def fault(said: Said) -> Fault:
    """Code and sentence of an error's body."""
    kind = loose.text(said.get("type")).rpartition("broker-api/")[2]
    code = kind.replace("/", "-") if kind and kind != "about:blank" else ""
    return code, loose.text(said.get("detail")) or loose.text(said.get("title"))
