"""Things staff are to do: opened by a person or a rule, done or dropped."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from brokerage.crm.model import Task
from brokerage.crm.permissions import Crm
from stoa.identity.model import Person
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.work import Work

LONGEST = 300


def visible(work: Work) -> ColumnElement[bool]:
    """Own tasks, those of one's team, or all, by the actor's data scope."""
    actor = work.actor
    if actor.sees_all:
        return true()
    mine = (Task.owner == actor.id) | (Task.opened_by == actor.id)
    if actor.scope == "team" and actor.team:
        return mine | (Task.team == actor.team)
    return mine


async def open(  # noqa: A001 - called as tasks.open
    work: Work,
    title: str,
    *,
    owner: UUID | None = None,
    about: UUID | None = None,
    about_kind: str | None = None,
    path: str | None = None,
    due: datetime | None = None,
    hours: int = 24,
    rule: str | None = None,
    once: str | None = None,
) -> Task | None:
    """Open a task, due at a moment or in so many hours.

    `rule` names the rule that asked for it (a person otherwise); with the same `once` it is
    opened a single time: None when it was before. `path` is where one acts, below /desk/.
    """
    if rule is None:
        work.require(Crm.TASKS_EDIT)
    cleaned = " ".join(title.split())
    if not cleaned or len(cleaned) > LONGEST:
        raise Invalid("Say in up to 300 letters what is to be done.", field="title")
    if path is not None and not path.startswith("/desk/"):
        raise Invalid("A task leads to a page of the desk.", field="path")
    if once and await work.first(select(Task.id).where(Task.once == once)) is not None:
        return None
    row_id = work.new_id()
    sealed = work.seal(row_id, "task.title", cleaned)
    assert sealed is not None  # noqa: S101 - only None seals to None
    row = Task(
        id=row_id,
        title_sealed=sealed,
        state="open",
        about=about,
        about_kind=about_kind,
        path=path,
        owner=owner,
        team=await _team(work, owner),
        due_at=due or work.now + timedelta(hours=hours),
        opened_at=work.now,
        opened_by=work.actor.id,
        rule=rule,
        once=once,
    )
    work.add(row)
    await work.flush()
    work.announce("desk|tasks")
    return row


async def _team(work: Work, owner: UUID | None) -> str | None:
    if owner is None:
        return None
    person = await work.get(Person, owner)
    if person.kind != "staff" or person.state != "active":
        raise Invalid("Choose one of your active staff. Nothing was changed.", field="owner")
    return person.team


async def _held(work: Work, task: UUID) -> Task:
    work.require(Crm.TASKS_EDIT)
    seen = await work.first(select(Task.id).where(Task.id == task, visible(work)))
    if seen is None:
        raise NotFound
    return await work.lock(Task, task)


async def done(work: Work, task: UUID, *, dropped: bool = False) -> Task:
    """Done, or not needed any more. Twice is as once."""
    row = await _held(work, task)
    if row.state != "open":
        return row
    row.move("dropped" if dropped else "done")
    row.done_at, row.done_by = work.now, work.actor.id
    work.announce("desk|tasks")
    return row


async def again(work: Work, task: UUID) -> Task:
    row = await _held(work, task)
    row.move("open")
    row.done_at = row.done_by = None
    work.announce("desk|tasks")
    return row


async def give(work: Work, task: UUID, owner: UUID | None, due: datetime | None = None) -> Task:
    """Another owner, another day."""
    row = await _held(work, task)
    row.owner, row.team = owner, await _team(work, owner)
    row.due_at = due or row.due_at
    work.announce("desk|tasks")
    return row
