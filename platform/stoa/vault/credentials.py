"""Secrets a tenant gave us, by name: written, used, renewed; never shown again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import delete, func, select

from stoa.kernel.refusals import Invalid, Unavailable
from stoa.tenancy.work import Work
from stoa.vault.model import Secret

_PLACE: Final = "secret.sealed"
_TELLING: Final = 8
"""Shorter secrets show nothing of themselves: four letters would be half of them."""
_LONGEST: Final = 16_384
KEPT: Final = 5
"""Versions kept, so that a provider's old key still opens what is under way."""

log = structlog.get_logger("stoa.vault")


@dataclass(frozen=True, slots=True)
class Known:
    """What may be shown of a secret."""

    name: str
    version: int
    last_four: str
    set_at: datetime
    set_by: UUID | None

    @property
    def masked(self) -> str:
        return f"••••{self.last_four}"


async def put(work: Work, name: str, text: str) -> int:
    """Keep a new version of the secret; returns its number. Equal text stores nothing new."""
    if not text or len(text) > _LONGEST:
        raise Invalid("A secret has 1 to 16384 characters.", field=name)
    newest = await _newest(work, name)
    if newest is not None and work.unseal(newest.id, _PLACE, newest.sealed) == text:
        return newest.version
    row = work.new_id()
    sealed = work.seal(row, _PLACE, text)
    assert sealed is not None  # noqa: S101 - only None seals to None
    version = newest.version + 1 if newest is not None else 1
    work.add(
        Secret(
            id=row,
            name=name,
            version=version,
            sealed=sealed,
            last_four=text[-4:] if len(text) > _TELLING else "",
            set_at=work.now,
            set_by=work.actor.id,
        )
    )
    await work.flush()
    await work.run(delete(Secret).where(Secret.name == name, Secret.version <= version - KEPT))
    return version


async def read(work: Work, name: str, *, version: int | None = None) -> str:
    """The secret itself, for a connector's call; the use is logged, the value never.

    Raises Unavailable when there is none: whoever needs it is switched off until it is given.
    """
    row = await _newest(work, name, version)
    if row is None:
        raise Unavailable(
            "The secret “{name}” is not set. Someone who manages settings can enter it.",
            name=name,
        )
    log.info(
        "secret used",
        name=name,
        version=row.version,
        tenant=str(work.tenant.id),
        purpose=work.purpose,
    )
    text = work.unseal(row.id, _PLACE, row.sealed)
    assert text is not None  # noqa: S101 - the column is never empty
    return text


async def both(work: Work, name: str) -> list[str]:
    """The newest and the one before it, for checking a signature while a key is being changed."""
    rows = await work.rows(
        select(Secret).where(Secret.name == name).order_by(Secret.version.desc()).limit(2)
    )
    return [work.unseal(row.id, _PLACE, row.sealed) or "" for row in rows]


async def known(work: Work, names: Iterable[str]) -> dict[str, Known]:
    """What may be shown of these secrets; the ones not set are left out."""
    newest = (
        select(Secret.name, func.max(Secret.version).label("version"))
        .where(Secret.name.in_(list(names)))
        .group_by(Secret.name)
        .subquery()
    )
    rows = await work.rows(
        select(Secret).join(
            newest, (Secret.name == newest.c.name) & (Secret.version == newest.c.version)
        )
    )
    return {
        row.name: Known(row.name, row.version, row.last_four, row.set_at, row.set_by)
        for row in rows
    }


async def version(work: Work, name: str) -> int:
    """The number of the newest version, 0 where there is none: tells a kept connector to renew."""
    return int(await work.value(select(func.max(Secret.version)).where(Secret.name == name)) or 0)


async def forget(work: Work, name: str) -> None:
    """Take the secret away with all its versions."""
    await work.run(delete(Secret).where(Secret.name == name))
    work.record("forgot secret", name=name)


async def _newest(work: Work, name: str, version: int | None = None) -> Secret | None:
    statement = select(Secret).where(Secret.name == name)
    if version is not None:
        statement = statement.where(Secret.version == version)
    return await work.first(statement.order_by(Secret.version.desc()))
