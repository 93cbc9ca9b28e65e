"""What every stand-in shares: strict reading, its record of what it did, and its bad days."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from support.outside import Asked, Told

HOOK = "https://broker.example/hooks/psp/key"


class Wrong(Exception):
    """A request the real provider would refuse; what it would answer."""

    def __init__(self, told: Told, why: str) -> None:
        super().__init__(why)
        self.told, self.why = told, why


@dataclass
class Callback:
    """What a provider would send: raw bytes and headers, and the query of the address."""

    body: bytes
    headers: list[tuple[str, str]]
    query: str = ""

    def plain(self) -> dict[str, Any]:
        return {
            "raw": base64.b64encode(self.body).decode(),
            "headers": self.headers,
            "query": self.query,
        }


@dataclass
class Provider:
    """State and switches. `deposits`, `payouts` and `refunds` are by the provider's own ids."""

    base: str = ""
    deposits: dict[str, dict[str, Any]] = field(default_factory=dict)
    payouts: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    odd: str = ""
    schemes: tuple[str, ...] = ("https://",)  # a broker under test has no certificate
    declines: str = ""

    def handle(self, asked: Asked) -> Told:
        raise NotImplementedError

    def error(self, status: int, code: str, why: str = "") -> Told:
        """An error in the provider's own shape."""
        raise NotImplementedError

    def pay(self, reference: str, how: str, amount: str, currency: str) -> list[Callback]:
        """The payer acts: `paid`, `declined-hard`, `declined-technical`, `expired`."""
        raise NotImplementedError

    def settle(self, kind: str, reference: str, how: str) -> list[Callback]:
        """A payout or refund ends: `done` or `failed`."""
        raise NotImplementedError

    def send(self, reference: str, amount: str, how: str, transfer: str) -> list[Callback]:
        """Coins to an address that stays: `seen`, `there` or `gone`; the same transfer goes on."""
        raise NotImplementedError

    # Strict reading

    def must(self, fine: object, status: int, code: str, why: str) -> None:
        if not fine:
            raise Wrong(self.error(status, code, why), why)

    def fields(
        self,
        body: Any,
        *,
        need: dict[str, Any],
        may: dict[str, Any] | None = None,
        status: int = 400,
        code: str = "invalid",
    ) -> dict[str, Any]:
        """An object with these fields of these types and no others."""
        self.must(isinstance(body, dict), status, code, f"not an object: {body!r}")
        known = need | (may or {})
        for name in need:
            self.must(name in body, status, code, f"{name} is missing")
        for name, value in body.items():
            self.must(name in known, status, code, f"{name} is not a field")
            kind = known[name]
            fine = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
            self.must(fine, status, code, f"{name} is {value!r}")
        return dict(body)

    def address(self, told: Any, status: int, code: str, why: str) -> None:
        """An address of the merchant's, as the real one wants it."""
        self.must(str(told).startswith(tuple(self.schemes)), status, code, why)

    def once(self, key: str, asked: Asked, make: Any) -> Told:
        """The answer of the first call with this key; another body under it is refused."""
        held = self.keys.get(key)
        if held is not None:
            self.must(held[0] == asked.body, 422, "idempotency", "same key, other body")
            return Told(held[1], json=held[2])
        told: Told = make()
        self.keys[key] = (asked.body, told.status, told.json)
        return told


SIGNS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def coin_address(seed: str, version: int) -> str:
    """A well-formed address nobody has the key of: 0 is Bitcoin's, 65 is TRON's."""
    content = bytes([version]) + hashlib.sha256(seed.encode()).digest()[:20]
    whole = content + hashlib.sha256(hashlib.sha256(content).digest()).digest()[:4]
    number, text = int.from_bytes(whole), ""
    while number:
        number, rest = divmod(number, 58)
        text = SIGNS[rest] + text
    return SIGNS[0] * (len(whole) - len(whole.lstrip(b"\0"))) + text


def stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
