"""The shape of a fact and the catalogue of all of them."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID

import msgspec

LANES: Final = ("money", "platform", "kyc", "mail", "reports")
"""Order of urgency; the worker drains them in this order."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened: past tense, flat, ids and not rows, never personal data.

    `kind` is its stable name outside, such as `withdrawal.approved`; `public` facts are offered
    to the tenant's own systems as webhooks.
    """

    kind: ClassVar[str]
    lane: ClassVar[str] = "platform"
    public: ClassVar[bool] = False


F = TypeVar("F", bound=type[Fact])

_catalogue: dict[str, type[Fact]] = {}


def fact(kind: F) -> F:
    """Class decorator: enter a fact into the catalogue under its `kind`."""
    if kind.kind in _catalogue and _catalogue[kind.kind].__qualname__ != kind.__qualname__:
        raise ValueError(f"two facts are called {kind.kind}")
    if kind.lane not in LANES:
        raise ValueError(f"no lane {kind.lane}")
    _catalogue[kind.kind] = kind
    return kind


@dataclass(frozen=True, slots=True)
class Heard:
    """Which telling of a fact a reaction is hearing: the same id however often it is repeated."""

    id: UUID
    told_at: datetime


hearing: ContextVar[Heard] = ContextVar("hearing")
"""Set while a reaction runs, for those that pass the fact on under its own id."""


def catalogue() -> dict[str, type[Fact]]:
    return dict(_catalogue)


def to_body(told: Fact) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(told)
    return body


def from_body(kind: str, body: dict[str, Any]) -> Fact:
    """Raises KeyError for a kind no module tells any more."""
    return msgspec.convert(body, _catalogue[kind], strict=False)
