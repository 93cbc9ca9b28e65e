"""Challenges of WebAuthn: given out for one purpose, answered once.

A challenge is random and kept in Valkey for some minutes, with what it was asked for; the first answer
that names it takes it out, right or wrong. Without Valkey nobody can tell what was asked, so no
passkey is accepted.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stoa.kernel.refusals import Invalid, Unavailable
from stoa.theming.texts import N_

LIFE_S: Final = 300
"""How long a person may take over the browser's dialog."""
_CHALLENGE: Final = 32


class Fault(StrEnum):
    """Why an answer proves nothing."""

    LATE = "late"
    ORIGIN = "origin"
    HOST = "host"
    UNVERIFIED = "unverified"
    UNKNOWN = "unknown"
    COPIED = "copied"
    WRONG = "wrong"
    KNOWN = "known"


SAID: Final[Mapping[Fault, str]] = {
    Fault.LATE: N_("This took too long, or was used already. Try again. Nothing was changed."),
    Fault.ORIGIN: N_(
        "Your browser answered for another address than this page's. Nothing was changed."
    ),
    Fault.HOST: N_(
        "This passkey belongs to another address than this page's. Nothing was changed."
    ),
    Fault.UNVERIFIED: N_(
        "Your device did not check that it is you. Use its fingerprint, face or PIN and try again. "
        "Nothing was changed."
    ),
    Fault.UNKNOWN: N_("This passkey opens nothing here. Nothing was changed."),
    Fault.COPIED: N_(
        "This passkey was not accepted: by its own count it was used before it was last used here, "
        "as a copy would be. Sign in another way, and remove it if you did not expect this."
    ),
    Fault.WRONG: N_("We could not confirm this passkey. Nothing was changed."),
    Fault.KNOWN: N_("This device has a passkey for you already. Nothing was changed."),
}

Purpose = Literal["add", "show", "enter"]
"""Make one, show it as the second factor, or sign in by it alone."""


class Unproven(Invalid):
    """The browser's answer proves nothing; `fault` says why, for the person and as the code."""

    kind = "passkey"

    def __init__(self, fault: Fault) -> None:
        super().__init__(SAID[fault], code=f"passkey-{fault}")


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a ceremony is held: a passkey is good at `host` alone, a challenge for `bound` alone
    (a session, or a visitor before there is one).
    """

    host: str
    origin: str
    bound: str
    tenant: UUID | None
    redis: Redis


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a challenge was given out for."""

    purpose: Purpose
    host: str
    bound: str
    person: UUID | None = None
    handle: bytes = b""
    row: UUID | None = None
    name_sealed: bytes = b""
    """Of a passkey to be made: what its row will be, and what its owner calls it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The browser's answer with the question it belongs to. The question is used up."""

    credential: Mapping[str, Any]
    challenge: bytes
    asked: Asked

    @property
    def id(self) -> bytes:
        return unpacked(self.credential.get("rawId"))

    @property
    def handle(self) -> bytes:
        """Who the device says it is for; empty where it does not say."""
        told = _of(self.credential, "response").get("userHandle")
        return unpacked(told) if told else b""


def unpacked(text: object) -> bytes:
    """Base64url as browsers write it. Raises Unproven for anything else."""
    if not isinstance(text, str) or not text:
        raise Unproven(Fault.WRONG)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as why:
        raise Unproven(Fault.WRONG) from why


def _key(ground: Ground, challenge: bytes) -> str:
    return f"t:{ground.tenant}:passkey:{hashlib.sha256(challenge).hexdigest()}"


async def challenge(ground: Ground, asked: Asked) -> bytes:
    """A fresh one, which is good for one answer."""
    made = secrets.token_bytes(_CHALLENGE)
    try:
        await ground.redis.set(_key(ground, made), msgspec.json.encode(asked), ex=LIFE_S)
    except (RedisError, OSError) as why:
        raise _away() from why
    return made


def _away() -> Unavailable:
    return Unavailable("Passkeys do not work at the moment. Sign in another way, or try again.")


async def take(ground: Ground, purpose: Purpose, credential: Mapping[str, Any]) -> Answer:
    """The question this answers, taken out for good. Raises Unproven where it is none of ours."""
    named = unpacked(client(credential).get("challenge"))
    try:
        kept = await ground.redis.getdel(_key(ground, named))
    except (RedisError, OSError) as why:
        raise _away() from why
    if kept is None:
        raise Unproven(Fault.LATE)
    asked = msgspec.json.decode(kept, type=Asked)
    if (asked.purpose, asked.host, asked.bound) != (purpose, ground.host, ground.bound):
        raise Unproven(Fault.LATE)
    return Answer(credential, named, asked)


def _of(credential: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = credential.get(name)
    return part if isinstance(part, dict) else {}


def client(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the browser says it was asked, as it signed it."""
    raw = unpacked(_of(credential, "response").get("clientDataJSON"))
    try:
        told = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as why:
        raise Unproven(Fault.WRONG) from why
    return told if isinstance(told, dict) else {}
