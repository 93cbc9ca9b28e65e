"""Calls of the Brand API: readings that may be asked again, and changes that are sent once."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from brokerage.trading.connectors.tradelocker.settings import Settings
from stoa.connectors import loose
from stoa.connectors.egress import Reply
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Refused, Unknown
from stoa.connectors.rest import Fault, Rest, Said
from stoa.connectors.trouble import NoAnswer, Unreadable
from stoa.kernel.refusals import NotFound, Unavailable

ROOT: Final = "/brand-api"
_MAX_BYTES: Final = 64 * 1024 * 1024
_KEEP_S: Final = 600.0

T = TypeVar("T")


class Link:
    """One brand's API."""

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self.settings = settings
        self.line = line
        self._secrets = secrets
        self._rest = Rest(
            line, settings.base_url, headers=self.headers, error=fault, unsure=(408, 425)
        )
        self._kept: dict[str, tuple[float, Any]] = {}

    def headers(self) -> dict[str, str]:
        return {
            "accept": "application/json",
            "brand-api-key": self._secrets.current(self.settings.key),
        }

    async def read(self, path: str, body: Mapping[str, Any]) -> Said:
        """A reading call, which is a POST here; asked once more if the line broke meanwhile.

        Raises:
            NotFound: there is no such account or user.
            Unavailable: it did not answer, or would not.
        """
        try:
            reply = await self._post(path, body)
        except NoAnswer as why:
            if isinstance(why, Unreadable):
                raise
            reply = await self._post(path, body)
        if reply.ok:
            return self._rest.object_of(reply)
        raise _refusal(reply)

    async def rows(self, path: str, body: Mapping[str, Any]) -> list[Any]:
        """The rows of a report. Raises as `read`, and Unreadable where there are none to read."""
        rows = (await self.read(path, body)).get("data")
        if not isinstance(rows, list):
            raise Unreadable("The trading server's answer could not be read.")
        return rows

    async def change(
        self, method: str, path: str, body: Said, key: UUID | None = None
    ) -> Said | Refused | Unknown:
        """A changing call, sent once; with a key it is the same call however often it is sent.

        Raises:
            Unreachable: nothing was sent.
            NoAnswer: it was sent, and no answer came.
        """
        headers = {"idempotency-key": str(key)} if key is not None else {}
        return await self._rest.change(method, ROOT + path, body, headers=headers)

    async def keep(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        """What hardly changes, read anew every ten minutes."""
        held = self._kept.get(name)
        now = time.monotonic()
        if held is None or held[0] < now:
            held = self._kept[name] = (now + _KEEP_S, await read())
        found: T = held[1]
        return found

    def forget(self, name: str) -> None:
        self._kept.pop(name, None)

    async def alive(self) -> str:
        """Raises as `read`."""
        reply = await self.line.request("GET", self._url("/ready"), headers=self.headers())
        if not reply.ok:
            raise _refusal(reply)
        return loose.text(loose.document(reply.body).get("status")) or "ok"

    async def _post(self, path: str, body: Mapping[str, Any]) -> Reply:
        return await self.line.request(
            "POST",
            self._url(path),
            headers=self.headers() | {"content-type": "application/json"},
            content=msgspec.json.encode(body),
            total_s=self.settings.answer_s,
            max_bytes=_MAX_BYTES,
        )

    def _url(self, path: str) -> str:
        return self.settings.base_url.rstrip("/") + ROOT + path


def fault(said: Said) -> Fault:
    """Code and sentence of an error's body."""
    status = loose.text(said.get("status"))
    return status.lower().replace("_", "-"), loose.text(said.get("message"))


def _refusal(reply: Reply) -> NotFound | Unavailable:
    """The API words a strange account as 400, a strange user as 404."""
    code, text = fault(loose.document(reply.body))
    if reply.status == 404 or (reply.status == 400 and "not found" in text.lower()):
        return NotFound("The trading server does not have that.")
    return Unavailable(
        "The trading server refused: {reason}.",
        code=code or f"http-{reply.status}",
        reason=text or f"http-{reply.status}",
    )
