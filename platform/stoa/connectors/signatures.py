"""Proofs on callbacks: over the raw bytes, in constant time, under every secret that is active.

No secret means the endpoint is closed: a check against an empty list of secrets always refuses.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

from stoa.connectors.trouble import Forged, Stale

Headers = Sequence[tuple[str, str]]
"""Headers as they came, doubles included: a doubled proof is how two parsers are set at odds."""

Digest = Literal["sha1", "sha256", "sha512"]

TOLERANCE_S: Final = 300
_STAMPS: Final = 16


def same(given: str, due: str) -> bool:
    """Constant-time equality of two texts; what is not ASCII is simply not equal."""
    return hmac.compare_digest(given.encode(), due.encode())


def hmac_hex(secret: str, message: bytes, digest: Digest = "sha256") -> str:
    return hmac.new(secret.encode(), message, digest).hexdigest()


def hmac_base64(secret: bytes, message: bytes, digest: Digest = "sha256") -> str:
    return base64.b64encode(hmac.new(secret, message, digest).digest()).decode()


def only_header(headers: Headers, name: str) -> str:
    """The one value of a header that must be there exactly once.

    Raises:
        Forged: it is missing, empty or there twice.
    """
    found = [value for key, value in headers if key.lower() == name.lower()]
    if len(found) != 1 or not found[0].strip():
        raise Forged("The callback carries no usable signature.")
    return found[0].strip()


def require_hmac(
    raw: bytes, given: str, secrets: Iterable[str], *, digest: Digest = "sha256"
) -> None:
    """Hex HMAC of the raw body, upper or lower case.

    Raises:
        Forged: no active secret makes this signature.
    """
    told = given.lower()
    if not any_of([same(told, hmac_hex(secret, raw, digest)) for secret in secrets if secret]):
        raise Forged("The callback's signature is not ours.")


def require_stamped(
    raw: bytes,
    header: str,
    secrets: Iterable[str],
    now: datetime,
    *,
    tolerance_s: int = TOLERANCE_S,
) -> int:
    """`t=<unix>,v1=<hex>[,v1=<hex>]`: hex HMAC-SHA256 over `t.raw`, as Stripe signs.

    Returns the signed time in unix seconds.

    Raises:
        Forged: no pair of secret and signature fits, or the time is too far from `now`.
    """
    stamps, proofs = _stamped_parts(header)
    if len(stamps) != 1 or not stamps[0].isascii() or not stamps[0].isdigit():
        raise Forged("The callback carries no usable signature.")
    message = stamps[0].encode() + b"." + raw
    dues = [hmac_hex(secret, message) for secret in secrets if secret]
    if not any_of([same(proof, due) for due in dues for proof in proofs]):
        raise Forged("The callback's signature is not ours.")
    signed_at = int(stamps[0])
    if abs(now.timestamp() - signed_at) > tolerance_s:
        raise Stale("The callback was signed too long ago.")
    return signed_at


def standard_webhook(secret: bytes, message_id: str, at: int, raw: bytes) -> str:
    """One `v1,<base64>` proof of the Standard Webhooks form, over `id.timestamp.body`."""
    return "v1," + hmac_base64(secret, f"{message_id}.{at}.".encode() + raw)


def standard_secret(text: str) -> bytes:
    """The key bytes of a `whsec_<base64>` secret."""
    return base64.b64decode(text.removeprefix("whsec_"))


def digest_of(raw: bytes) -> str:
    """What stands for a callback that has no id of its own."""
    return hashlib.sha256(raw).hexdigest()


def any_of(checks: Sequence[bool]) -> bool:
    """`any` over a finished list, so that no answer comes sooner than another."""
    return any(checks)


def _stamped_parts(header: str) -> tuple[list[str], list[str]]:
    stamps: list[str] = []
    proofs: list[str] = []
    for part in header.split(",")[:_STAMPS]:
        key, _, value = part.strip().partition("=")
        if key == "t":
            stamps.append(value)
        elif key == "v1":
            proofs.append(value)
    return stamps, proofs
