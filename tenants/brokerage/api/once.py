"""Idempotency keys: an operation is done once, and asking again gives the same answer.

The answer is stored in the transaction of the operation itself: what was undone left no answer
behind, and the key may be tried again.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select

from stoa.kernel.refusals import Conflict, Invalid, Refusal
from stoa.tenancy.model import IdempotentAnswer
from stoa.tenancy.work import Work, hash_of

HEADER: Final = "idempotency-key"
KEPT: Final = timedelta(days=7)
_KEY: Final = re.compile(r"[\x21-\x7e]{8,120}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: str
    replayed: bool


def key_of(headers: Any) -> str:
    """Raises Refusal (400) where the header is missing or not 8 to 120 visible characters."""
    key = str(headers.get(HEADER, ""))
    if not _KEY.fullmatch(key):
        raise Refusal(
            "Send an Idempotency-Key header of 8 to 120 visible characters, a new one for every "
            "new operation. Nothing was changed.",
            code="idempotency-key",
        )
    return key


async def answered(
    work: Work, key: str, asked: Any, run: Callable[[], Awaitable[tuple[int, str]]]
) -> Answered:
    """The answer of `run`, or the one given before under this key.

    Raises Conflict (`in-flight`) while the first is still at it, Invalid (`key-reused`) when
    something else was asked under the key.
    """
    owner = work.actor.session
    assert owner is not None  # noqa: S101 - an API actor always has its key
    name = hashlib.sha256(f"{work.tenant.id}|{owner}|{key}".encode()).digest()
    lock = int.from_bytes(name[:8], "big", signed=True)
    if not await work.value(select(func.pg_try_advisory_xact_lock(lock))):
        raise Conflict(
            "The first request with this Idempotency-Key is still being worked on. Ask again "
            "in a moment with the same key.",
            code="in-flight",
        )
    asked_hash = hash_of(asked)
    known = await work.session.get(IdempotentAnswer, (owner, key))
    if known is not None:
        if known.asked_hash != asked_hash or known.answer is None or known.status is None:
            raise Invalid(
                "This Idempotency-Key was used for another request. Nothing was changed. Take a "
                "new key.",
                code="key-reused",
            )
        return Answered(known.status, str(known.answer["body"]), replayed=True)

    status, body = await run()
    work.add(
        IdempotentAnswer(
            owner=owner,
            key=key,
            asked_hash=asked_hash,
            status=status,
            answer={"body": body},
            at=work.now,
        )
    )
    await work.flush()
    return Answered(status, body, replayed=False)


async def forget(work: Work) -> None:
    """Sweep: a key is good for a week."""
    await work.run(delete(IdempotentAnswer).where(IdempotentAnswer.at < work.now - KEPT))
