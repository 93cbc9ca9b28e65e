"""The ceremonies of WebAuthn: what a browser is asked, and whether its answer proves a passkey.

Source: Web Authentication Level 2, sections 7.1 and 7.2.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from stoa.identity.challenges import (
    LIFE_S,
    Answer,
    Asked,
    Fault,
    Ground,
    Unproven,
    challenge,
    client,
)

_HANDLE: Final = 32
_LONGEST_ID: Final = 1023
_FORMATS: Final = frozenset({"none", "packed"})
"""What a browser sends when asked to tell nothing of the device; others are taken apart by nobody."""


@dataclass(frozen=True, slots=True)
class Held:
    """A passkey as its owner's browser is told of it."""

    credential: bytes
    transports: Sequence[str]


@dataclass(frozen=True, slots=True)
class Made:
    """A new passkey, proven."""

    credential: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]


def new_handle() -> bytes:
    return secrets.token_bytes(_HANDLE)


def _told_from(ground: Ground, answer: Answer) -> None:
    told = client(answer.credential)
    if told.get("origin") != ground.origin or told.get("crossOrigin"):
        raise Unproven(Fault.ORIGIN)


def _of_here(ground: Ground, data: Any) -> None:
    """What the device signed: the address it thinks it is at, and that it looked who is there."""
    if data.rp_id_hash != hashlib.sha256(ground.host.encode()).digest():
        raise Unproven(Fault.HOST)
    if not data.flags.uv:
        raise Unproven(Fault.UNVERIFIED)


def _load() -> ModuleType:
    for part in ("exceptions", "structs"):
        import_module(f"webauthn.helpers.{part}")
    return import_module("webauthn")


async def _library() -> Any:
    """Loaded by whoever first uses a passkey: nobody else pays for it in memory."""
    return await asyncio.to_thread(_load)


def _faults(library: Any) -> tuple[type[Exception], ...]:
    """What the library raises over bytes that are not what they should be."""
    return (
        library.helpers.exceptions.WebAuthnException,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    )


def _described(library: Any, held: Sequence[Held]) -> list[Any]:
    structs = library.helpers.structs
    return [
        structs.PublicKeyCredentialDescriptor(
            id=one.credential,
            transports=[structs.AuthenticatorTransport(each) for each in one.transports],
        )
        for one in held
    ]


async def to_make(
    ground: Ground, asked: Asked, *, brand: str, account: str, shown: str, held: Sequence[Held]
) -> str:
    """Options for `navigator.credentials.create`: one that its device finds by itself, with a look at
    who is there. The same device makes no second one.
    """
    library, made = await _library(), await challenge(ground, asked)
    structs = library.helpers.structs
    options = library.generate_registration_options(
        rp_id=ground.host,
        rp_name=brand,
        user_id=asked.handle,
        user_name=account,
        user_display_name=shown,
        challenge=made,
        timeout=LIFE_S * 1000,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(library, held),
    )
    return str(library.options_to_json(options))


async def to_show(ground: Ground, asked: Asked, held: Sequence[Held] = ()) -> str:
    """Options for `navigator.credentials.get`; without `held`, any that the device has for here."""
    library, made = await _library(), await challenge(ground, asked)
    structs = library.helpers.structs
    options = library.generate_authentication_options(
        rp_id=ground.host,
        challenge=made,
        timeout=LIFE_S * 1000,
        allow_credentials=_described(library, held),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return str(library.options_to_json(options))


async def made(ground: Ground, answer: Answer) -> Made:
    """The passkey a device has made. Raises Unproven."""
    library = await _library()
    _told_from(ground, answer)
    try:
        read = library.helpers.parse_registration_credential_json(dict(answer.credential))
        attested = library.helpers.parse_attestation_object(read.response.attestation_object)
        _of_here(ground, attested.auth_data)
        if attested.fmt not in _FORMATS:
            raise Unproven(Fault.WRONG)
        proven = library.verify_registration_response(
            credential=read,
            expected_challenge=answer.challenge,
            expected_rp_id=ground.host,
            expected_origin=ground.origin,
            require_user_verification=True,
        )
    except _faults(library) as why:
        raise Unproven(Fault.WRONG) from why
    if len(proven.credential_id) > _LONGEST_ID:
        raise Unproven(Fault.WRONG)
    transports = sorted({str(one.value) for one in read.response.transports or ()})
    return Made(proven.credential_id, proven.credential_public_key, proven.sign_count, transports)


async def shown(ground: Ground, answer: Answer, public_key: bytes) -> int:
    """The device's count of uses, once it has proven the passkey. Raises Unproven."""
    library = await _library()
    _told_from(ground, answer)
    try:
        read = library.helpers.parse_authentication_credential_json(dict(answer.credential))
        _of_here(ground, library.helpers.parse_authenticator_data(read.response.authenticator_data))
        proven = library.verify_authentication_response(
            credential=read,
            expected_challenge=answer.challenge,
            expected_rp_id=ground.host,
            expected_origin=ground.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,  # Held against what is kept, by whoever keeps it.
            require_user_verification=True,
        )
    except _faults(library) as why:
        raise Unproven(Fault.WRONG) from why
    return int(proven.new_sign_count)


def fell(kept: int, told: int) -> bool:
    """Whether a device's count went back, or stood still where it counts at all: section 7.2, 21."""
    return (kept > 0 or told > 0) and told <= kept
