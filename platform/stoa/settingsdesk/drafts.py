"""Settings that are being written: kept as text, by name, until they are asked for or dropped.

    draft = await begin(work, "fees", "New year", text)
    await write(work, draft.id, text)               whatever the text says, nothing of it is lost
    await asked(work, draft.id, version)            before it becomes a change; refuses what is outdated

A draft is a row of the changes of settings, so it is audited and kept as they are; it decides nothing.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.model import Setting, SettingChange
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work

STATES: Final = ("draft", "asked")
_MOST: Final = 20
_MOST_TEXT: Final = 200_000


async def version(work: Work, name: str) -> int:
    """The newest version of a section; 0 while it was never changed."""
    found = await work.value(select(func.max(Setting.version)).where(Setting.slice == name))
    return int(found or 0)


async def begin(work: Work, name: str, title: str, text: str) -> SettingChange:
    """A draft of a section. Raises Invalid without a name and Conflict beside too many others."""
    work.require(Settings.EDIT)
    if not title.strip():
        raise Invalid("Give the draft a name.", field="name")
    if len(await listed(work, name)) >= _MOST:
        raise Conflict("There are {n} drafts already. Drop one first.", n=_MOST)
    row = SettingChange(
        id=work.new_id(),
        slice=name,
        version=await version(work, name),
        body={"text": text[:_MOST_TEXT]},
        changes=[],
        rehearsal=[],
        why=title.strip()[:120],
        state="draft",
        asked_by=work.actor.id,
        asked_name=work.actor.name[:120],
        asked_at=work.now,
    )
    work.add(row)
    await work.flush()
    return row


async def listed(work: Work, name: str) -> Sequence[SettingChange]:
    """Those that are written or were asked for, the newest first."""
    return await work.rows(
        select(SettingChange)
        .where(SettingChange.slice == name, SettingChange.state.in_(STATES))
        .order_by(SettingChange.id.desc())
        .limit(_MOST)
    )


def text_of(row: SettingChange) -> str:
    return str(row.body.get("text", ""))


async def _open(work: Work, draft: UUID) -> SettingChange:
    work.require(Settings.EDIT)
    row = await work.lock(SettingChange, draft)
    if row.state != "draft":
        raise Conflict("This draft is not being written any more. Nothing was changed.")
    return row


async def write(work: Work, draft: UUID, text: str) -> SettingChange:
    """Keep the text as it is, also where it cannot be read yet."""
    row = await _open(work, draft)
    row.body = {"text": text[:_MOST_TEXT]}
    return row


async def asked(work: Work, draft: UUID) -> SettingChange:
    """It is being asked for. Raises Conflict where the section changed since the draft was begun."""
    row = await _open(work, draft)
    if row.version != await version(work, row.slice):
        raise Conflict(
            "The settings in force were changed since this draft was begun. Begin a new one from "
            "them. Nothing was changed.",
            code="outdated",
        )
    row.move("asked")
    return row


async def again(work: Work, draft: UUID) -> None:
    """Back to writing, after the change was refused or taken back."""
    work.require(Settings.EDIT)
    (await work.lock(SettingChange, draft)).move("draft")


async def drop(work: Work, draft: UUID) -> None:
    work.require(Settings.EDIT)
    (await work.lock(SettingChange, draft)).move("dropped")
