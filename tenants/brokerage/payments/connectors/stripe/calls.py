"""Stripe's HTTP: form-encoded in, JSON out, errors sorted by what they say of the effect."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from brokerage.payments.connectors.stripe.settings import Settings
from stoa.connectors import loose
from stoa.connectors.egress import Reply
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Refused, Refusing, Unknown, technical
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound, Unavailable

# Card troubles that say nothing about the card: another provider may well take it.
TECHNICAL_DECLINES: Final = frozenset(
    {
        "api_error",
        "issuer_not_available",
        "processing_error",
        "reenter_transaction",
        "try_again_later",
    }
)
_TECHNICAL_CODES: Final = TECHNICAL_DECLINES | {
    "account_closed",
    "balance_insufficient",
    "insufficient_funds",
    "rate_limit",
    "lock_timeout",
    "payouts_not_allowed",
    "could_not_process",
}

Said = dict[str, Any]


class Calls:
    """One Stripe account's API."""

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line

    async def post(
        self, path: str, form: Mapping[str, str | int], *, key: str = ""
    ) -> Said | Refused | Unknown:
        """A changing call; with `key` it may be repeated for a day and happens once.

        Raises:
            Unreachable: nothing was sent.
            NoAnswer: it was sent, and no answer came.
        """
        headers = self._headers() | {"content-type": "application/x-www-form-urlencoded"}
        if key:
            headers["idempotency-key"] = key
        content = urlencode({name: str(value) for name, value in form.items()}).encode()
        reply = await self._line.request("POST", self._url(path), headers=headers, content=content)
        return _object(reply) if reply.ok else refusal(reply)

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Said:
        """A reading call.

        Raises:
            NotFound: there is no such object.
            Unavailable: anything else but the object.
        """
        asked = f"?{urlencode(query)}" if query else ""
        reply = await self._line.request("GET", self._url(path) + asked, headers=self._headers())
        if reply.ok:
            return _object(reply)
        if reply.status == 404:
            raise NotFound("The provider does not have that.")
        raise _unavailable(reply)

    def _url(self, path: str) -> str:
        return self._settings.base_url.rstrip("/") + path

    def _headers(self) -> dict[str, str]:
        key = self._secrets.current(self._settings.api_key)
        return {"authorization": f"Bearer {key}", "stripe-version": self._settings.version}


def safe(key: str) -> str:
    """An id as a part of a path."""
    return quote(key, safe="")


def refusal(reply: Reply) -> Refused | Unknown:
    """What an error says about the effect.

    409 and idempotency errors speak of another call with the same key, whose end is not told; 5xx
    may come after the effect. All else was refused before anything was done.
    """
    error = error_of(reply)
    code = str(error.get("code") or error.get("type") or f"http-{reply.status}")
    text = str(error.get("message", ""))[:200]
    if reply.status == 409 or error.get("type") == "idempotency_error":
        return Unknown(code, text)
    if reply.status >= 500:
        return Unknown(code, text)
    if reply.status in {401, 403, 429}:
        return technical(code, text)
    return Refused(decline_of(error), code, text)


def decline_of(error: Said) -> Refusing:
    """Whether an error speaks of the payer's means (hard) or of the way to them (technical)."""
    words = {str(error.get(name) or "") for name in ("code", "decline_code", "type")}
    # A card without funds is the payer's trouble; an account of ours without is the provider's.
    of_card = bool(error.get("decline_code")) or error.get("type") == "card_error"
    known = TECHNICAL_DECLINES if of_card else _TECHNICAL_CODES
    return Refusing.TECHNICAL if words & known else Refusing.HARD


def error_of(reply: Reply) -> Said:
    return loose.mapping(loose.document(reply.body).get("error"))


def _object(reply: Reply) -> Said:
    body = reply.json()
    if not isinstance(body, dict):
        raise Unreadable("The provider's answer could not be read.")
    return body


def _unavailable(reply: Reply) -> Unavailable:
    error = error_of(reply)
    code = str(error.get("code") or error.get("type") or f"http-{reply.status}")
    return Unavailable("The provider refused to tell.", code=code)
