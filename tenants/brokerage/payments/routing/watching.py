"""Watches the providers: opens a circuit when one fails, tries it, lets its share come back.

await heard(open_work, psp)        after a call that went badly: look at once
await sweep(open_work)             every few seconds: who fails, who may be tried, who steps up
await pause(work, psp, why) / await resume(work, psp)          a person's word
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import insert

from brokerage.payments.model import AttemptState, PaymentAttempt
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import providers
from brokerage.payments.routing import circuit
from brokerage.payments.routing.circuit import Calls, Stand
from brokerage.payments.routing.model import ProviderIncident, ProviderState
from brokerage.payments.routing.terms import Breaker
from brokerage.payments.settings import PaymentsSettings
from stoa.identity import roles
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_MOST_CALLS: Final = 500
_SILENT: Final = timedelta(seconds=15)
"""A call that has had no answer for so long counts as one that failed."""
_MOST_STORY: Final = 200


async def heard(open_work: OpenWork, psp: str) -> None:
    """A call went badly: open the circuit now if that was one too many."""
    async with open_work() as work:
        await _judge(work, psp)


_STATES: Final = select(ProviderState)


async def states(work: Work) -> dict[str, ProviderState]:
    """What is written of each provider; a provider without a row stands well."""
    return {row.psp: row for row in await work.rows(_STATES)}


def kind_of(connector: str) -> str:
    """The row that remembers what is wanted of a connector, for providers that are yet to come."""
    return f"connector:{connector}"[:32]


async def inherit(work: Work, psp: str, connector: str) -> bool:
    """Let a provider that was just added stand as the platform wants its connector to; whether it is
    paused by it.
    """
    wanted = (await states(work)).get(kind_of(connector))
    if wanted is None or wanted.operator_paused_at is None:
        return False
    row = (await locked(work, [psp]))[psp]
    row.operator_paused_at = wanted.operator_paused_at
    row.operator_paused_why = wanted.operator_paused_why
    return True


async def locked(work: Work, psps: Iterable[str]) -> dict[str, ProviderState]:
    """The rows of these providers, made where missing, locked in the order of their codes."""
    wanted = sorted(set(psps))
    if not wanted:
        return {}
    await work.run(
        insert(ProviderState)
        .values([{"psp": psp, "circuit": "closed", "since": work.now} for psp in wanted])
        .on_conflict_do_nothing()
    )
    rows = await work.rows(
        select(ProviderState)
        .where(ProviderState.psp.in_(wanted))
        .order_by(ProviderState.psp)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.psp: row for row in rows}


async def calls(work: Work, since: Mapping[str, datetime], limits: Breaker) -> dict[str, Calls]:
    """What was seen of each provider after its own moment, in one query."""
    if not since:
        return {}
    overdue = work.now - _SILENT
    rows = await work.table(
        select(
            PaymentAttempt.psp,
            PaymentAttempt.technical,
            PaymentAttempt.took_ms,
            PaymentAttempt.state,
        )
        .where(
            or_(
                *(
                    and_(PaymentAttempt.psp == psp, PaymentAttempt.asked_at > at)
                    for psp, at in since.items()
                )
            ),
            or_(PaymentAttempt.state != AttemptState.ASKING, PaymentAttempt.asked_at < overdue),
        )
        .order_by(PaymentAttempt.asked_at.desc())
        .limit(_MOST_CALLS)
    )
    found: dict[str, list[tuple[bool, bool]]] = {psp: [] for psp in since}
    for row in rows:
        bad = bool(row.technical) or row.state == AttemptState.ASKING
        slow = row.took_ms is not None and row.took_ms >= limits.slow_ms
        found[row.psp].append((bad, slow))
    return {psp: _counted(seen) for psp, seen in found.items()}


def _counted(seen: list[tuple[bool, bool]]) -> Calls:
    row = next((place for place, (bad, _) in enumerate(seen) if not bad), len(seen))
    return Calls(len(seen), sum(bad for bad, _ in seen), sum(slow for _, slow in seen), row)


def stand_of(row: ProviderState) -> Stand:
    known: Any = row.circuit
    return Stand(known, row.share, row.next_at, row.pause_s)


async def _judge(work: Work, psp: str) -> None:
    """Take the step that follows from what was seen; the row is locked, so it is taken once."""
    limits = work.settings(PaymentsSettings).breaker
    row = (await locked(work, [psp]))[psp]
    if row.circuit == "open":
        return
    if row.circuit == "returning":
        since = row.since
    else:
        window = work.now - timedelta(seconds=limits.window_s)
        since = max(window, await _came_back(work, psp) or window)
    seen = (await calls(work, {psp: since}, limits))[psp]
    if row.circuit == "returning":
        to = circuit.stepped(limits, stand_of(row), row.since, seen, work.now)
        if to is not None:
            await _move(work, row, to, seen, "errors" if seen.failures else "slow")
        return
    cause = circuit.trips(limits, seen)
    if cause is not None:
        await _move(work, row, circuit.opened(limits, stand_of(row), work.now), seen, cause)


async def _came_back(work: Work, psp: str) -> datetime | None:
    """When its last incident ended: what was seen before says nothing about now."""
    found: datetime | None = await work.first(
        select(ProviderIncident.closed_at)
        .where(ProviderIncident.psp == psp, ProviderIncident.closed_at.is_not(None))
        .order_by(ProviderIncident.opened_at.desc())
    )
    return found


async def _move(work: Work, row: ProviderState, to: Stand, seen: Calls, cause: str) -> None:
    was = row.circuit
    row.circuit, row.share, row.next_at, row.pause_s = to.circuit, to.share, to.next_at, to.pause_s
    row.since = work.now
    work.announce("desk|payments", "desk|psps")
    if was == "closed" and to.circuit == "open":
        await _opened(work, row, seen, cause)
        return
    incident = await work.lock(ProviderIncident, row.incident) if row.incident else None
    if incident is None:
        return
    _tell_story(work, incident, to)
    if to.circuit == "closed":
        incident.move("closed")
        incident.closed_at = work.now
        row.incident = None
        await tell_people(work, N_("{psp} is back: all its traffic returned"), row.psp)


async def _opened(work: Work, row: ProviderState, seen: Calls, cause: str) -> None:
    incident = ProviderIncident(
        id=work.new_id(),
        psp=row.psp,
        cause=cause,
        opened_at=work.now,
        calls=seen.calls,
        failures=seen.failures,
        slow=seen.slow,
        story=[[work.now.isoformat(), "open", 0]],
    )
    work.add(incident)
    await work.flush()
    row.incident = incident.id
    await tell_people(work, N_("{psp} fails; new payments go elsewhere"), row.psp)


def _tell_story(work: Work, incident: ProviderIncident, to: Stand) -> None:
    line = [work.now.isoformat(), to.circuit, to.share]
    incident.story = [*incident.story[-_MOST_STORY:], line]


async def tell_people(work: Work, title: str, psp: str) -> None:
    """Once to everybody who looks after the providers."""
    people = await roles.holders(work, Payments.PSPS)
    await notices.tell_all(work, people, title, path=f"/desk/psps/{psp}/health", psp=psp)


async def sweep(open_work: OpenWork) -> None:
    """Every few seconds: judge who was called, try who has waited, let who is well step up."""
    async with open_work() as work:
        settings = work.settings(PaymentsSettings)
        on = [psp.code for psp in settings.psps if psp.on]
        known = await states(work)
        window = work.now - timedelta(seconds=settings.breaker.window_s)
        closed = {psp: window for psp in on if psp not in known or known[psp].circuit == "closed"}
        seen = await calls(work, closed, settings.breaker)
        doubtful = [psp for psp, one in seen.items() if circuit.trips(settings.breaker, one)]
        due = [
            psp
            for psp in on
            if psp in known
            and known[psp].circuit == "open"
            and (known[psp].next_at or work.now) <= work.now
        ]
        returning = [psp for psp in on if psp in known and known[psp].circuit == "returning"]
    for psp in [*doubtful, *returning]:
        await heard(open_work, psp)
    for psp in due:
        await _try(open_work, psp)


async def _try(open_work: OpenWork, psp: str) -> None:
    """The half-open trial: the connection alone, no payment; no transaction is open meanwhile."""
    found = await providers.tested(open_work, psp)
    fine = bool(found) and all(one.fine for one in found)
    async with open_work() as work:
        row = (await locked(work, [psp]))[psp]
        if row.circuit != "open" or (row.next_at or work.now) > work.now:
            return
        limits = work.settings(PaymentsSettings).breaker
        await _move(
            work, row, circuit.tried(limits, stand_of(row), work.now, fine=fine), Calls(), "errors"
        )


async def pause(work: Work, psp: str, why: str) -> None:
    """No new payments to this provider until resumed; what is under way goes on.

    Raises NotFound, Invalid without a reason, Conflict when it is paused already.
    """
    work.require(Payments.PAUSE)
    row = await _known(work, psp)
    if not why.strip():
        raise Invalid("Please say why; others read it.", field="why")
    if row.paused_at is not None:
        raise Conflict("This provider is paused already. Nothing was changed.")
    row.paused_at, row.paused_by, row.paused_why = work.now, work.actor.id, why.strip()[:200]
    work.announce("desk|payments", "desk|psps")


async def resume(work: Work, psp: str) -> None:
    """New payments may go there again. Raises NotFound, and Conflict when it was not paused."""
    work.require(Payments.PAUSE)
    row = await _known(work, psp)
    if row.paused_at is None:
        raise Conflict("This provider is not paused. Nothing was changed.")
    row.paused_at = row.paused_by = row.paused_why = None
    work.announce("desk|payments", "desk|psps")


async def _known(work: Work, psp: str) -> ProviderState:
    if work.settings(PaymentsSettings).psp(psp) is None:
        raise NotFound
    return (await locked(work, [psp]))[psp]
