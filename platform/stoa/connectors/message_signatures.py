"""HTTP message signatures on callbacks: RFC 9421 over RFC 9530 digests, by a public key. Pure.

Only what a callback needs: one signature, components of the request itself, the algorithms
ecdsa-p256-sha256, ecdsa-p384-sha384, rsa-v1_5-sha256 and rsa-pss-sha512.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from stoa.connectors.signatures import TOLERANCE_S, Headers, any_of, only_header, same
from stoa.connectors.trouble import Forged, Stale

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_INPUT: Final = re.compile(r'([a-z][a-z0-9_-]*)=(\(((?:"[^"()]+"\s*)*)\)((?:;[^,]*)?))', re.ASCII)
_PARAMETER: Final = re.compile(r';([a-z]+)=("[^"]*"|[0-9]+)', re.ASCII)
_SIGNATURE: Final = re.compile(r"([a-z][a-z0-9_-]*)=:([A-Za-z0-9+/=]+):", re.ASCII)
_DIGEST: Final = re.compile(r"(sha-256|sha-512)=:([A-Za-z0-9+/=]+):", re.ASCII)
_HASHES: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_OWED: Final = frozenset({"content-digest"})


def require(
    raw: bytes, headers: Headers, keys: Iterable[str], *, address: str, now: datetime
) -> None:
    """Check the one signature of a POST to `address`; `keys` are public keys as PEM.

    Raises:
        Forged: it is missing, does not cover the body, has run out, or no key made it.
    """
    _require_digest(raw, only_header(headers, "content-digest"))
    told = _INPUT.fullmatch(only_header(headers, "signature-input"))
    given = _SIGNATURE.fullmatch(only_header(headers, "signature"))
    if told is None or given is None or told[1] != given[1]:
        raise Forged("The callback carries no usable signature.")
    names = re.findall(r'"([^"]+)"', told[3])
    parameters = dict(_PARAMETER.findall(told[4]))
    if not set(names) >= _OWED:
        raise Forged("The callback's signature does not cover its body.")
    _require_time(parameters, now)
    lines = [f'"{name}": {_component(name, headers, address)}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {told[2]}']).encode()
    algorithm = parameters.get("alg", "").strip('"')
    signature = _decoded(given[2])
    readable_keys = [key for key in map(_key, keys) if key is not None]
    if not any_of([_made_by(key, algorithm, signature, base) for key in readable_keys]):
        raise Forged("The callback's signature is not ours.")


def readable(pem: str) -> bool:
    """Whether a text is a public key that can check a signature."""
    return _key(pem) is not None


def digest(raw: bytes) -> str:
    """The Content-Digest of a body."""
    return f"sha-512=:{base64.b64encode(hashlib.sha512(raw).digest()).decode()}:"


def _require_digest(raw: bytes, told: str) -> None:
    found = _DIGEST.fullmatch(told)
    if found is None:
        raise Forged("The callback carries no usable digest of its body.")
    due = base64.b64encode(_HASHES[found[1]](raw).digest()).decode()
    if not same(found[2], due):
        raise Forged("The callback's body is not the one that was signed.")


def _require_time(parameters: dict[str, str], now: datetime) -> None:
    at = int(now.timestamp())
    created, expires = parameters.get("created", ""), parameters.get("expires", "")
    if not created.isdigit() or int(created) > at + TOLERANCE_S:
        raise Forged("The callback carries no usable signature.")
    ends = int(expires) if expires.isdigit() else int(created) + TOLERANCE_S
    if at > ends + TOLERANCE_S:
        raise Stale("The callback was signed too long ago.")


def _component(name: str, headers: Headers, address: str) -> str:
    where = urlsplit(address)
    derived = {
        "@method": "POST",
        "@authority": where.netloc.lower(),
        "@path": where.path or "/",
        "@target-uri": address,
        "@scheme": where.scheme,
        "@request-target": where.path or "/",
        "@query": f"?{where.query}",
    }
    if name.startswith("@"):
        if name not in derived:
            raise Forged("The callback's signature covers what it cannot.")
        return derived[name]
    return only_header(headers, name)


def _key(pem: str) -> PublicKey | None:
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) else None


def _made_by(key: PublicKey, algorithm: str, signature: bytes, base: bytes) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            _ecdsa(key, algorithm, signature, base)
        elif algorithm == "rsa-v1_5-sha256":
            key.verify(signature, base, padding.PKCS1v15(), hashes.SHA256())
        elif algorithm == "rsa-pss-sha512":
            pss = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
            key.verify(signature, base, pss, hashes.SHA512())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _ecdsa(key: ec.EllipticCurvePublicKey, algorithm: str, signature: bytes, base: bytes) -> None:
    """The two numbers side by side (RFC 9421), or as DER where a sender writes it so."""
    known = {
        "ecdsa-p256-sha256": (hashes.SHA256(), 32),
        "ecdsa-p384-sha384": (hashes.SHA384(), 48),
    }
    if algorithm not in known:
        raise InvalidSignature
    digest_of, size = known[algorithm]
    if len(signature) == 2 * size:
        r, s = (int.from_bytes(signature[at : at + size]) for at in (0, size))
        signature = utils.encode_dss_signature(r, s)
    key.verify(signature, base, ec.ECDSA(digest_of))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as why:
        raise Forged("The callback carries no usable signature.") from why
