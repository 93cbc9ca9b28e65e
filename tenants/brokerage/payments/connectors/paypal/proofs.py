"""PayPal's proof on a callback: RSA under a certificate it names. Pure."""

import base64
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from stoa.connectors.trouble import Forged

PARTS: Final = (
    "TRANSMISSION-ID",
    "TRANSMISSION-TIME",
    "TRANSMISSION-SIG",
    "AUTH-ALGO",
    "CERT-URL",
)


def public_key(certificate: bytes, now: datetime) -> rsa.RSAPublicKey:
    """Raises Forged for a certificate that is none, or not of today."""
    try:
        read = x509.load_pem_x509_certificate(certificate)
    except ValueError as why:
        raise Forged("The callback's certificate could not be read.") from why
    key = read.public_key()
    if not read.not_valid_before_utc <= now <= read.not_valid_after_utc:
        raise Forged("The callback's certificate is not of today.", code="stale")
    if not isinstance(key, rsa.RSAPublicKey):
        raise Forged("The callback's certificate could not be read.")
    return key


def signed(key: rsa.RSAPublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as why:
        raise Forged("The callback carries no usable signature.") from why
