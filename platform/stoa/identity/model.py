"""People of a tenant (staff and clients), the operator's people, their sessions and roles."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import PlatformRow, TenantRow


class Standing(StrEnum):
    """Whether someone may sign in: invited people have not answered yet."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


_MOVES: Mapping[str, set[str]] = {
    Standing.INVITED: {Standing.ACTIVE, Standing.DISABLED},
    Standing.ACTIVE: {Standing.DISABLED},
    Standing.DISABLED: {Standing.ACTIVE, Standing.INVITED},
}


class _Login:
    """What signing in needs, for a tenant's people and for the operator's alike."""

    MOVES: ClassVar[Mapping[str, set[str]]] = _MOVES

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(12), server_default="active")
    password_sealed: Mapped[bytes | None]
    """An argon2id hash, sealed as well: a copy of the database alone gives nothing to guess on."""
    totp_sealed: Mapped[bytes | None]
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    recovery_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary), server_default="{}")
    """What is left of the recovery codes: a used one is taken out."""
    passkeys: Mapped[int] = mapped_column(server_default="0")
    """How many there are: written with each that comes or goes, under the lock of this row."""
    password_set_at: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(server_default="1")
    locale: Mapped[str] = mapped_column(String(8), server_default="en")
    mode: Mapped[str] = mapped_column(String(8), server_default="auto")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]


class _Session:
    """A signed-in browser. Only the token's hash is kept."""

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    stage: Mapped[str] = mapped_column(String(12))
    epoch: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    second_factor_at: Mapped[datetime | None]
    way: Mapped[str] = mapped_column(String(8), server_default="password")
    """How it began: password, sso or passkey."""
    ip: Mapped[str | None] = mapped_column(String(45))
    device: Mapped[str | None] = mapped_column(String(120))


class _Passkey:
    """A credential of WebAuthn, good at one host. What is kept of it proves nothing by itself."""

    __unaudited__: ClassVar[frozenset[str]] = frozenset({"sign_count", "last_used_at"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    credential: Mapped[bytes] = mapped_column(unique=True)
    handle: Mapped[bytes]
    """Random, the same for all of one person's at one host: what their devices know them by."""
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    host: Mapped[str] = mapped_column(String(253))
    transports: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    name_sealed: Mapped[bytes]
    made_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class _Tries:
    """Wrong tries against one thing, known or not: counted before the answer is worked out.

    `whom` is a blind index of what was typed, so that an unknown e-mail locks as a known one does
    and nobody learns from it who has an account.
    """

    what: Mapped[str] = mapped_column(String(12), primary_key=True)
    whom: Mapped[bytes] = mapped_column(primary_key=True)
    tries: Mapped[int]
    last_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class Person(_Login, TenantRow):
    """Someone who signs in at a tenant: `kind` is staff or client. A client's id is theirs too."""

    __tablename__ = "person"

    kind: Mapped[str] = mapped_column(String(8))
    email_blind: Mapped[bytes]
    email_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes | None]
    team: Mapped[str | None] = mapped_column(String(60))
    email_verified_at: Mapped[datetime | None]
    campaigns_off_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("kind", "email_blind"),
        CheckConstraint("kind in ('staff', 'client')", name="kind"),
        CheckConstraint("state in ('invited', 'active', 'disabled')", name="state"),
        Index("ix_person_staff", "created_at", postgresql_where=text("kind = 'staff'")),
    )


class Session(_Session, TenantRow):
    """A session at a tenant; `support` names the operator's support session it belongs to."""

    __tablename__ = "session"
    __audited__ = False

    person: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    audience: Mapped[str] = mapped_column(String(8))
    support: Mapped[UUID | None]
    support_operator: Mapped[UUID | None]
    support_name: Mapped[str | None] = mapped_column(String(120))


class Role(TenantRow):
    """A named set of permissions with a data scope: own, team or all."""

    __tablename__ = "role"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(String(80)))
    scope: Mapped[str] = mapped_column(String(8), server_default="all")
    built_in: Mapped[bool] = mapped_column(server_default="false")


class StaffRole(TenantRow):
    __tablename__ = "staff_role"

    person: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[UUID] = mapped_column(ForeignKey("role.id"), primary_key=True, index=True)
    granted_at: Mapped[datetime]
    granted_by: Mapped[UUID | None]


class OneTimeToken(TenantRow):
    """An invitation, verification or reset link: one purpose, one use, an end."""

    __tablename__ = "one_time_token"
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    person: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    about: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default="0")


class SignInTry(_Tries, TenantRow):
    __tablename__ = "sign_in_try"
    __audited__ = False

    __table_args__ = (Index("ix_sign_in_try_last_at", "last_at"),)


class ExternalIdentity(TenantRow):
    """A person as an outside identity provider knows them: (issuer, subject), never the e-mail."""

    __tablename__ = "external_identity"

    issuer: Mapped[str] = mapped_column(String(200), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    person: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    linked_at: Mapped[datetime]


class Passkey(_Passkey, TenantRow):
    __tablename__ = "passkey"

    owner: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)


class Operator(_Login, PlatformRow):
    """One of the operator's own people."""

    __tablename__ = "operator"

    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    permissions: Mapped[list[str]] = mapped_column(ARRAY(String(80)))


class OperatorSession(_Session, PlatformRow):
    __tablename__ = "operator_session"
    __audited__ = False

    operator: Mapped[UUID] = mapped_column(ForeignKey("platform.operator.id"), index=True)


class OperatorPasskey(_Passkey, PlatformRow):
    __tablename__ = "operator_passkey"

    owner: Mapped[UUID] = mapped_column(ForeignKey("platform.operator.id"), index=True)


class OperatorTry(_Tries, PlatformRow):
    __tablename__ = "operator_try"
    __audited__ = False


class OperatorToken(PlatformRow):
    """An operator's API token: only its hash is kept; it may less than its owner, never more."""

    __tablename__ = "operator_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    operator: Mapped[UUID] = mapped_column(ForeignKey("platform.operator.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(String(80)))
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


Index("ix_session_ends_at", Session.ends_at)
