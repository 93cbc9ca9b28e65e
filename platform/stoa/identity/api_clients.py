"""Keys of a tenant's own systems: what they may, from where, until when, and who answers for them.

A key acts for the person who made it, never beyond them: what they may no longer do, it may not
do either, it ends when they leave, and it is never a second pair of eyes beside their own.
"""

import hashlib
import ipaddress
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, String, delete, func, select, true, update
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow
from stoa.identity import roles
from stoa.identity.model import Person, Role, StaffRole
from stoa.kernel.ids import token
from stoa.kernel.refusals import Conflict, Invalid, Unauthenticated
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.work import Work

TOKEN_LIFE: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=366)
MOST_CLIENTS: Final = 50
_MOST_ADDRESSES: Final = 20
_SEEN_EVERY: Final = timedelta(minutes=1)


class ApiAccess(StrEnum):
    VIEW = "api:clients:view"
    EDIT = "api:clients:edit"


class ApiClient(TenantRow):
    """One system of the tenant's. Of its secret only the hash and the last letters are kept."""

    __tablename__ = "api_client"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(40), unique=True)
    secret_hash: Mapped[bytes]
    secret_tail: Mapped[str] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(80)))
    allowed_ips: Mapped[list[str]] = mapped_column(ARRAY(String(43)), default=list)
    owner: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[UUID | None]
    last_used_at: Mapped[datetime | None]
    last_ip: Mapped[str | None] = mapped_column(String(45))


class ApiToken(TenantRow):
    """An access token, by its hash; short-lived, and worth nothing once its key is revoked."""

    __tablename__ = "api_token"
    __audited__ = False

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("api_client.id"), index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(80)))
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)


def hashed(secret: str) -> bytes:
    """Secrets and tokens carry 256 bits of chance; a slow hash would guard nothing more."""
    return hashlib.sha256(secret.encode()).digest()


async def create(
    work: Work,
    *,
    name: str,
    scopes: Collection[str],
    days: int,
    allowed_ips: Iterable[str] = (),
    offered: Collection[str],
) -> tuple[ApiClient, str]:
    """A new key and its secret, which is not kept and never shown again.

    Nobody gives a key what they lack themselves. Raises Invalid, Denied or Conflict.
    """
    work.require(ApiAccess.EDIT)
    if work.actor.id is None:
        raise Invalid("A key needs a person who answers for it. Nothing was made.")
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(offered):
        raise Invalid("Choose at least one of the offered permissions.", field="scopes")
    if not name.strip():
        raise Invalid("Please fill this in.", field="name")
    if not timedelta(0) < timedelta(days=days) <= LONGEST:
        raise Invalid("A key lives for 1 to 366 days.", field="days")
    roles.may_grant(work, wanted, "all")
    alive = await work.value(
        select(func.count())
        .select_from(ApiClient)
        .where(ApiClient.revoked_at.is_(None), ApiClient.ends_at > work.now)
    )
    if alive >= MOST_CLIENTS:
        raise Conflict("There are as many keys as we keep. Revoke one first.")
    networks = _networks(allowed_ips)

    secret = f"sk_{token(32)}"
    row = ApiClient(
        id=work.new_id(),
        client_id=f"ak_{token(12)}",
        secret_hash=hashed(secret),
        secret_tail=secret[-4:],
        name=name.strip()[:80],
        scopes=wanted,
        allowed_ips=networks,
        owner=work.actor.id,
        made_at=work.now,
        ends_at=work.now + timedelta(days=days),
    )
    work.add(row)
    await work.flush()
    return row, secret


def _networks(typed: Iterable[str]) -> list[str]:
    """Addresses and networks in their plain spelling. Raises Invalid."""
    found: list[str] = []
    for one in typed:
        try:
            found.append(str(ipaddress.ip_network(one.strip(), strict=False)))
        except ValueError as why:
            raise Invalid(
                "“{typed}” is not an address or a network such as 203.0.113.0/24.",
                field="allowed_ips",
                typed=one[:60],
            ) from why
    if len(found) > _MOST_ADDRESSES:
        raise Invalid("At most 20 addresses or networks.", field="allowed_ips")
    return found


async def renew(work: Work, client: UUID) -> tuple[ApiClient, str]:
    """Another secret for a living key; the one before it opens nothing from now on."""
    work.require(ApiAccess.EDIT)
    row = await work.lock(ApiClient, client)
    if row.revoked_at is not None or row.ends_at <= work.now:
        raise Conflict("This key is over. Make a new one. Nothing was changed.")
    if row.owner != work.actor.id:
        roles.may_grant(work, row.scopes, "all")

    secret = f"sk_{token(32)}"
    row.secret_hash, row.secret_tail = hashed(secret), secret[-4:]
    await work.run(delete(ApiToken).where(ApiToken.client == client))
    return row, secret


async def revoke(work: Work, client: UUID) -> ApiClient:
    """The key and every token it was given open nothing from this moment."""
    work.require(ApiAccess.EDIT)
    row = await work.lock(ApiClient, client)
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = work.now, work.actor.id
        await work.run(delete(ApiToken).where(ApiToken.client == client))
    return row


async def listed(work: Work) -> Sequence[ApiClient]:
    """Every key there ever was, the living ones first."""
    return await work.rows(
        select(ApiClient)
        .order_by(ApiClient.revoked_at.is_not(None), ApiClient.ends_at <= work.now)
        .order_by(ApiClient.id.desc())
        .limit(200)
    )


_GRANTED: Final = (
    select(
        func.string_agg(func.array_to_string(Role.permissions, " "), " ").label("permissions"),
        func.bool_or(Role.scope == "all").label("all_clients"),
    )
    .join(StaffRole, StaffRole.role == Role.id)
    .where(StaffRole.person == ApiClient.owner)
    .lateral("granted")
)
BEHIND: Final = (
    select(ApiClient, Person.state, _GRANTED.c.permissions, _GRANTED.c.all_clients)
    .join(Person, Person.id == ApiClient.owner)
    .join(_GRANTED, true())
)
"""A key with what decides whether it is good: its owner's standing and what they may."""


def good(found: Any, now: datetime, ip: str) -> bool:
    """Whether a row of `BEHIND` may be let in at this moment from this address."""
    client: ApiClient = found[0]
    return (
        client.revoked_at is None
        and client.ends_at > now
        and found[1] == "active"
        and bool(found[3])
        and _from_here(client.allowed_ips, ip)
    )


def _from_here(allowed: Sequence[str], ip: str) -> bool:
    if not allowed:
        return True
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ipaddress.ip_network(one) for one in allowed)


async def admitted(work: Work, bearer: str, ip: str) -> Actor:
    """Who acts with an access token; `session` is the key's id, `id` the person behind it.

    Raises Unauthenticated, the same for a token that is unknown, over, another tenant's, or asked
    from an address the key does not allow.
    """
    found: Any = (
        await work.run(
            BEHIND.add_columns(ApiToken.scopes)
            .join(ApiToken, ApiToken.client == ApiClient.id)
            .where(ApiToken.token_hash == hashed(bearer), ApiToken.ends_at > work.now)
        )
    ).first()
    if found is None or not good(found, work.now, ip):
        raise Unauthenticated(
            "This access token is not good. Ask for a new one at /api/oauth/token.", code="token"
        )
    client: ApiClient = found[0]
    await _note_use(work, client, ip)
    held = set((found[2] or "").split())
    return Actor(
        kind=Kind.API,
        id=client.owner,
        name=f"key {client.name}"[:120],
        permissions=frozenset(held & set(found[4]) & set(client.scopes)),
        session=client.id,
    )


async def _note_use(work: Work, client: ApiClient, ip: str) -> None:
    """When and from where it was last used, at most once a minute and without waiting for it."""
    if client.last_used_at is not None and work.now - client.last_used_at < _SEEN_EVERY:
        return
    free = select(ApiClient.id).where(ApiClient.id == client.id).with_for_update(skip_locked=True)
    await work.run(
        update(ApiClient)
        .where(ApiClient.id.in_(free))
        .values(last_used_at=work.now, last_ip=ip[:45])
        .execution_options(synchronize_session=False)
    )


async def forget_tokens(work: Work) -> None:
    """Sweep: tokens that are over say nothing to anyone."""
    await work.run(delete(ApiToken).where(ApiToken.ends_at < work.now - timedelta(days=1)))
