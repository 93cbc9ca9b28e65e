"""One transaction in one tenant's schema: the only way any code reaches tenant data."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stoa.audit.capture import plain
from stoa.audit.model import AuditEntry, OperatorAudit
from stoa.events.facts import Fact, to_body
from stoa.events.model import Outbox
from stoa.kernel.ids import uuid7
from stoa.tenancy.actor import Actor
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.unit import Unit
from stoa.vault.keys import TenantKeys

S = TypeVar("S", bound=msgspec.Struct)


class Work(Unit):
    """What a verb takes first: tenant, actor, time, rows, facts, settings and sealed fields."""

    def __init__(
        self,
        session: AsyncSession,
        *,
        tenant: TenantRef,
        actor: Actor,
        now: datetime,
        purpose: str,
        keys: TenantKeys,
        settings: dict[type[msgspec.Struct], msgspec.Struct],
        settings_epoch: int,
    ) -> None:
        super().__init__(session, actor=actor, now=now, purpose=purpose)
        self.tenant = tenant
        self.keys = keys
        self.settings_epoch = settings_epoch
        self._settings = settings
        self.told: list[Fact] = []
        self.announced: set[str] = set()

    def settings(self, slice_type: type[S]) -> S:
        """The tenant's settings of one module, as this transaction found them."""
        found = self._settings[slice_type]
        assert isinstance(found, slice_type)  # noqa: S101 - the registry keys slices by their type
        return found

    def _noted(self) -> Sequence[list[Any]]:
        return (*super()._noted(), self.told)

    def tell(self, fact: Fact) -> None:
        """Write the fact beside the change; its readers hear it after the commit."""
        self.told.append(fact)

    def announce(self, *topics: str) -> None:
        """Wake the screens that watch these topics, after the commit."""
        self.announced.update(topics)

    def seal(self, row: UUID, place: str, plain_text: str | None) -> bytes | None:
        """Encrypt for `table.column` of one row; None stays None."""
        if plain_text is None:
            return None
        return self.keys.seal(place, row, plain_text.encode())

    def unseal(self, row: UUID, place: str, sealed: bytes | None) -> str | None:
        """The text; None stays None, and what was erased is an empty one."""
        if not sealed:
            return None if sealed is None else ""
        return self.keys.unseal(place, row, sealed).decode()

    def blind(self, place: str, plain_text: str) -> bytes:
        return self.keys.blind(place, plain_text)

    async def close(self) -> None:
        """Flush, then write the audit entry and the facts. Called by the door alone."""
        await self.flush()
        if self.changes:
            await self.run(insert(AuditEntry), entry(self))
        if self.told:
            await self.run(
                insert(Outbox),
                [
                    {
                        "fact": uuid7(),
                        "kind": type(fact).kind,
                        "lane": type(fact).lane,
                        "body": to_body(fact),
                        "told_at": self.now,
                    }
                    for fact in self.told
                ],
            )

    def shut(self) -> None:
        self._session = None


class PlatformWork(Unit):
    """One transaction in the operator's schema. A different type, so that neither is the other."""

    about_tenant: UUID | None = None

    async def close(self) -> None:
        await self.flush()
        if self.changes:
            await self.run(insert(OperatorAudit), entry(self) | {"about_tenant": self.about_tenant})

    def shut(self) -> None:
        self._session = None


def entry(unit: Unit) -> dict[str, Any]:
    actor: Actor = unit.actor
    return {
        "at": unit.now,
        "action": unit.purpose[:200],
        "actor_kind": str(actor.kind),
        "actor": actor.id,
        "actor_name": actor.name[:120],
        "on_behalf_of": actor.on_behalf_of,
        "reason": unit.reason,
        "request": unit.request,
        "subject": unit.subject,
        "changes": [plain(change) for change in unit.changes],
    }


def hash_of(asked: Any) -> str:
    """The hash of what was asked, to tell a repeated operation from a different one."""
    return hashlib.sha256(msgspec.json.encode(plain(asked), order="deterministic")).hexdigest()
