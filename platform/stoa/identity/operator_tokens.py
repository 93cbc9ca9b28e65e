"""API tokens of the operator's people: named, limited, kept as hashes."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update

from stoa.identity.grants import may_grant
from stoa.identity.model import Operator, OperatorToken, Standing
from stoa.identity.sessions import hash_token
from stoa.kernel.ids import token, uuid7
from stoa.kernel.refusals import Invalid, NotFound, Unauthenticated
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.work import PlatformWork

MARK: Final = "stoa_op_"
LONGEST_DAYS: Final = 365
_USED_EVERY: Final = timedelta(minutes=1)


async def make_token(
    work: PlatformWork, operator: Operator, *, name: str, permissions: Iterable[str], days: int
) -> str:
    """An API token with some of its owner's permissions; told once, kept as a hash."""
    asked = may_grant(work, permissions)
    if not asked:
        raise Invalid("Choose at least one permission.", field="permissions")
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid("A token is good for 1 to 365 days.", field="days")
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > 80:
        raise Invalid("Give the token a name of at most 80 letters.", field="name")
    bearer = MARK + token()
    work.add(
        OperatorToken(
            id=uuid7(),
            operator=operator.id,
            name=tidy,
            token_hash=hash_token(bearer),
            permissions=asked,
            made_at=work.now,
            ends_at=work.now + timedelta(days=days),
        )
    )
    await work.flush()
    return bearer


async def tokens_of(work: PlatformWork, operator: UUID) -> Sequence[OperatorToken]:
    return await work.rows(
        select(OperatorToken)
        .where(
            OperatorToken.operator == operator,
            OperatorToken.ended_at.is_(None),
            OperatorToken.ends_at > work.now,
        )
        .order_by(OperatorToken.made_at.desc())
    )


async def end_token(work: PlatformWork, operator: UUID, token_id: UUID) -> None:
    row = await work.lock(OperatorToken, token_id)
    if row.operator != operator:
        raise NotFound
    row.ended_at = row.ended_at or work.now


async def operator_api_actor(request: Any, work: PlatformWork) -> Actor:
    """Who calls with a token in the Authorization header: never more than its owner may now."""
    scheme, _, bearer = str(request.headers.get("authorization", "")).partition(" ")
    if scheme.lower() != "bearer" or not bearer.startswith(MARK):
        raise Unauthenticated("This token is not good.")
    found: Any = (
        await work.run(
            select(OperatorToken, Operator)
            .join(Operator, Operator.id == OperatorToken.operator)
            .where(
                OperatorToken.token_hash == hash_token(bearer),
                OperatorToken.ended_at.is_(None),
                OperatorToken.ends_at > work.now,
                Operator.state == Standing.ACTIVE,
            )
        )
    ).first()
    if found is None:
        raise Unauthenticated("This token is not good.")
    row, operator = found
    if row.last_used_at is None or work.now - row.last_used_at > _USED_EVERY:
        await work.run(
            update(OperatorToken).where(OperatorToken.id == row.id).values(last_used_at=work.now)
        )
    return Actor(
        kind=Kind.OPERATOR,
        id=operator.id,
        name=f"{operator.name} · {row.name}"[:120],
        permissions=frozenset(row.permissions) & frozenset(operator.permissions),
    )
