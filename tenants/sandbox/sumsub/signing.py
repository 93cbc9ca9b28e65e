"""Who calls: the app token, and a signature over time, method, path with query, and body."""

import hashlib
import hmac
import time
from collections.abc import Iterable

from sandbox.common.book import Row
from sandbox.common.wire import Asked
from sandbox.sumsub.errors import refused

TOLERANCE_S = 300
DIGESTS = {"HMAC_SHA1_HEX": "sha1", "HMAC_SHA256_HEX": "sha256", "HMAC_SHA512_HEX": "sha512"}


def request_mark(secret: str, at: str, method: str, target: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of `ts + METHOD + path?query + body` under the app's secret key."""
    message = f"{at}{method.upper()}{target}".encode() + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def caller(asked: Asked, merchants: Iterable[Row]) -> Row:
    """The merchant whose token and signature these are.

    Raises:
        Refused: 401, in the provider's shape, for what is missing, old, unknown or wrong.
    """
    token = asked.headers.get("x-app-token", "")
    at = asked.headers.get("x-app-access-ts", "")
    mark = asked.headers.get("x-app-access-sig", "")
    if not (token and at and mark):
        raise refused(401, "App token, timestamp and signature are required", 4000, "app-token")
    merchant = next((row for row in merchants if row["app_token"] == token), None)
    if merchant is None:
        raise refused(401, "Invalid app token", 4003, "app-token-not-found")
    if not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE_S:
        raise refused(401, "Request timestamp is out of range", 4001, "app-token-timestamp")
    right = request_mark(merchant["secret_key"], at, asked.method, asked.target, asked.content)
    if not hmac.compare_digest(right.encode(), mark.lower().encode()):
        raise refused(401, "Request signature mismatch", 4002, "app-token-signature-mismatch")
    return merchant


def digest(merchant: Row, raw: bytes) -> dict[str, str]:
    """The headers of a callback: a digest of the raw body under the webhook's own secret."""
    how = merchant["digest_alg"]
    mark = hmac.new(str(merchant["webhook_secret"]).encode(), raw, DIGESTS[how]).hexdigest()
    return {"x-payload-digest": mark, "x-payload-digest-alg": how}
