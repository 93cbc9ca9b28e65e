"""Changes of settings that a second person agrees to: stored, rehearsed, decided.

A module says which of its settings decide about money or people (`guard`). A person's change of
one of those, on whichever page, import or restore it comes, waits here as a whole; what the house
itself sets up is in force at once.

    guard("payments", Guard(touched, rehearse))
    await ask(work, "payments", value, version=3, why="...")      what the gate does
    await agree(work, change, note) / refuse(...) / take_back(...)
"""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.tenancy import settings
from stoa.tenancy.actor import Kind
from stoa.tenancy.model import SettingChange
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_

learn(
    {
        "change waiting": Status(N_("Waits for a second person"), Tone.NEEDS),
        "change in-force": Status(N_("In force"), Tone.DONE),
        "change refused": Status(N_("Refused"), Tone.STOPPED),
        "change taken-back": Status(N_("Taken back"), Tone.STOPPED),
        "change outdated": Status(N_("Outdated"), Tone.STOPPED),
    }
)


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence of a rehearsal: a message id and what fills it. `tone` colours it."""

    text: str
    places: Mapping[str, str] = field(default_factory=dict)
    tone: str = "neutral"

    def record(self) -> dict[str, Any]:
        return {"text": self.text, "places": dict(self.places), "tone": self.tone}


Touched = Callable[[Any, Any], bool]
Rehearse = Callable[[Work, Any, Any], Awaitable[Sequence[Told]]]


@dataclass(frozen=True, slots=True)
class Guard:
    """`touched(before, after)` says whether a second person must agree; `rehearse` what the change
    would have done lately.
    """

    touched: Touched
    rehearse: Rehearse


_GUARDS: Final[dict[str, list[Guard]]] = {}


def guard(slice_name: str, what: Guard) -> None:
    """Register at import of the module whose settings these are."""
    _GUARDS.setdefault(slice_name, []).append(what)


async def _waits(work: Work, name: str, value: msgspec.Struct, version: int, why: str) -> bool:
    """The gate: a person's change of what is guarded is written down instead of stored."""
    before = work.settings(type(value))
    if work.actor.kind is Kind.SYSTEM or not any(
        one.touched(before, value) for one in _GUARDS.get(name, ())
    ):
        return False
    await ask(work, name, value, version=version, why=why)
    return True


settings.gates.append(_waits)


async def ask(
    work: Work, name: str, value: msgspec.Struct, *, version: int, why: str
) -> SettingChange:
    """Write the change down as waiting. Raises Conflict while another one of the section waits."""
    if await waiting(work, name) is not None:
        raise Conflict(
            "A change of these settings waits for a second person already. Have it decided or take "
            "it back first. Nothing was changed.",
            code="one-waits",
        )
    before = work.settings(type(value))
    row = SettingChange(
        id=work.new_id(),
        slice=name,
        version=version,
        body=settings.as_data(value),
        changes=[dataclasses.asdict(one) for one in settings.diff(before, value)],
        rehearsal=[one.record() for one in await rehearsed(work, name, before, value)],
        why=why,
        state="waiting",
        asked_by=work.actor.id,
        asked_name=work.actor.name[:120],
        asked_at=work.now,
    )
    work.add(row)
    await work.flush()
    work.announce("desk|approvals")
    return row


async def rehearsed(work: Work, name: str, before: Any, after: Any) -> list[Told]:
    found: list[Told] = []
    for one in _GUARDS.get(name, ()):
        if one.touched(before, after):
            found += await one.rehearse(work, before, after)
    return found


def guarded(name: str, before: Any, after: Any) -> bool:
    """Whether a second person must agree to this change."""
    return any(one.touched(before, after) for one in _GUARDS.get(name, ()))


async def waiting(work: Work, name: str) -> SettingChange | None:
    return await work.first(
        select(SettingChange).where(SettingChange.slice == name, SettingChange.state == "waiting")
    )


async def all_waiting(work: Work) -> Sequence[SettingChange]:
    """The oldest first; there is at most one per section."""
    return await work.rows(
        select(SettingChange).where(SettingChange.state == "waiting").order_by(SettingChange.id)
    )


async def agree(
    work: Work, change: UUID, slices: settings.Slices, note: str | None = None
) -> SettingChange:
    """Put it in force as somebody else than who asked. Outdated where the settings moved on.

    Raises Denied for its maker, Conflict when it was decided before.
    """
    row = await _to_decide(work, change)
    slice_type = slices.get(row.slice)
    if slice_type is None:
        raise NotFound
    _decided(work, row, note)
    if await settings.version_of(work, row.slice) != row.version:
        row.move("outdated")
        return row
    value = settings.parse(row.slice, slice_type, row.body)
    row.move("in-force")
    await settings.store(work, row.slice, value, why=row.why)
    return row


async def refuse(work: Work, change: UUID, note: str) -> SettingChange:
    """No, with a reason; nothing changes."""
    if len(note.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="note")
    row = await _to_decide(work, change)
    row.move("refused")
    _decided(work, row, note)
    return row


async def take_back(work: Work, change: UUID) -> SettingChange:
    """Whoever asked takes it back."""
    work.require(Settings.EDIT)
    row = await work.lock(SettingChange, change)
    if row.asked_by != work.actor.id:
        raise Denied("Only who asked for it can take it back.", code="not-own-work")
    row.move("taken-back")
    _decided(work, row, None)
    return row


async def _to_decide(work: Work, change: UUID) -> SettingChange:
    work.require(Settings.AGREE)
    row = await work.lock(SettingChange, change)
    if work.actor.kind is not Kind.STAFF or work.actor.id is None:
        raise Denied("Such a change is agreed to by a person who is signed in.")
    if row.asked_by == work.actor.id:
        raise Denied(
            "You asked for this yourself; someone else decides. Nothing was changed.", code="maker"
        )
    if row.state != "waiting":
        raise Conflict("This was decided already. Nothing was changed.", code="wrong-state")
    return row


def _decided(work: Work, row: SettingChange, note: str | None) -> None:
    row.decided_by, row.decided_at = work.actor.id, work.now
    row.note = (note or "").strip()[:400] or None
    work.announce("desk|approvals")
