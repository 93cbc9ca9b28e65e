"""What goes out and what is kept of the answer, in the Standard Webhooks form."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec

from stoa.connectors.egress import Reply
from stoa.connectors.signatures import standard_secret, standard_webhook

KEPT: Final = 256
"""Bytes of an answer that the tenant may read: enough for an error text, too little to pry."""


class Sender(Protocol):
    """The egress client: one request, checked addresses, no redirects, a bounded answer."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        total_s: float = ...,
        max_bytes: int = ...,
        cut: bool = ...,
    ) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """One claimed delivery with all that is needed to send it without a transaction."""

    id: UUID
    url: str
    secrets: tuple[str, ...]
    fact: UUID
    content: bytes
    method: str = "POST"

    def headers(self, at: int) -> dict[str, str]:
        """Standard Webhooks: the id stays the same over repeats, the stamp is of this try.

        A call without a body signs its address, which is what it says.
        """
        name = message_id(self.fact)
        proofs = [
            standard_webhook(standard_secret(one), name, at, self.content or self.url.encode())
            for one in self.secrets
        ]
        kind = {"content-type": "application/json"} if self.content else {}
        return kind | {
            "webhook-id": name,
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join(proofs),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    status: int | None
    text: str | None
    error: str | None


def message_id(fact: UUID) -> str:
    return f"evt_{fact.hex}"


def envelope(kind: str, told_at: datetime, body: dict[str, Any]) -> bytes:
    """What is posted: `type`, `timestamp` of the fact, `data` as the catalogue describes it."""
    return msgspec.json.encode({"type": kind, "timestamp": told_at, "data": body})


def readable(reply: Reply) -> str | None:
    """The beginning of a text answer; bytes that are no text are not kept."""
    kind = reply.headers.get("content-type", "text/plain").split(";")[0].strip().lower()
    if not (kind.startswith("text/") or kind == "application/json" or kind.endswith("+json")):
        return None
    text = reply.body[:KEPT].decode(errors="replace")
    return "".join(one if one.isprintable() or one in "\n\t" else "·" for one in text) or None
