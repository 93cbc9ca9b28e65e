"""A device that keeps passkeys, in software, and what a browser sends on for it."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One passkey. Each `show` counts; what a test wants wrong, it says by name."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""
    host: str = ""
    count: int = 0

    def make(self, options: dict[str, Any], origin: str, /, **wrong: Any) -> dict[str, Any]:
        """The answer to `navigator.credentials.create`."""
        self.host = options["rp"]["id"]
        self.handle = unpacked(options["user"]["id"])
        signed = self._data(wrong, attested=True)
        attestation = {"fmt": wrong.get("fmt", "none"), "attStmt": {}, "authData": signed}
        return self._sent(
            clientDataJSON=self._client("webauthn.create", options, origin, wrong),
            attestationObject=cbor2.dumps(attestation),
        ) | {"transports": ["internal"]}

    def show(self, options: dict[str, Any], origin: str, /, **wrong: Any) -> dict[str, Any]:
        """The answer to `navigator.credentials.get`."""
        self.count = wrong.get("count", self.count + 1)
        client = self._client("webauthn.get", options, origin, wrong)
        data = self._data(wrong)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._sent(
            clientDataJSON=client,
            authenticatorData=data,
            signature=wrong.get("signature", signature),
            userHandle=wrong.get("handle", self.handle),
        )

    def _client(
        self, kind: str, options: dict[str, Any], origin: str, wrong: dict[str, Any]
    ) -> bytes:
        told = {
            "type": kind,
            "challenge": wrong.get("challenge", options["challenge"]),
            "origin": wrong.get("origin", origin),
            "crossOrigin": wrong.get("cross_origin", False),
        }
        return json.dumps(told).encode()

    def _data(self, wrong: dict[str, Any], *, attested: bool = False) -> bytes:
        flags = _PRESENT
        if wrong.get("verified", True):
            flags |= _VERIFIED
        if attested:
            flags |= _ATTESTED
        host = hashlib.sha256(wrong.get("host", self.host).encode()).digest()
        data = host + bytes([flags]) + self.count.to_bytes(4, "big")
        return data + self._attested() if attested else data

    def _attested(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = (part.to_bytes(32, "big") for part in (numbers.x, numbers.y))
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        return secrets.token_bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public

    def _sent(self, **response: bytes) -> dict[str, Any]:
        return {
            "id": packed(self.id),
            "rawId": packed(self.id),
            "type": "public-key",
            "response": {name: packed(raw) for name, raw in response.items() if raw},
        }


async def sent(browser: Any, path: str, told: dict[str, Any]) -> Any:
    """Post JSON as the page's script does."""
    headers = {"x-csrftoken": browser.csrf, "hx-request": "true", "accept": "application/json"}
    return await browser.http.post(path, json=told, headers=headers)


async def shown(
    browser: Any, path: str, device: Authenticator, query: str = "", **wrong: Any
) -> Any:
    """Ask at `path`, answer with the device, and send it on."""
    asked = await sent(browser, f"{path}/options", {})
    assert asked.status_code == 200, asked.text
    answer = device.show(asked.json(), origin_of(browser), **wrong)
    return await _arrived(browser, await sent(browser, path + query, {"credential": answer}))


async def added(
    browser: Any,
    device: Authenticator,
    prefix: str = "",
    wrong: dict[str, Any] | None = None,
    **fields: Any,
) -> Any:
    path = f"{prefix}/second-factor/passkey/new"
    await browser.get(path)
    asked = await sent(browser, f"{path}/options", {"name": "My telephone"} | fields)
    if asked.status_code != 200:
        return asked
    made = device.make(asked.json(), origin_of(browser), **wrong or {})
    return await _arrived(browser, await sent(browser, path, {"credential": made}))


async def _arrived(browser: Any, answer: Any) -> Any:
    """Where it leads to is opened: its page carries the token of the session as it is now."""
    if "hx-redirect" in answer.headers:
        await browser.get(answer.headers["hx-redirect"])
    return answer


def origin_of(browser: Any) -> str:
    return str(browser.http.base_url).rstrip("/")
