"""What an officer's decision does, whether it holds at once or after a second one agreed."""

from uuid import UUID

from sqlalchemy import select

from brokerage.clients import clients
from brokerage.clients.model import Client, Risk
from brokerage.kyc import cases, checks, outcomes, rating, rules, screenings, standing
from brokerage.kyc.model import KycCase, State
from brokerage.kyc.rules import Outcome
from brokerage.screening.model import HitState, ScreeningHit
from stoa.kernel.refusals import Conflict
from stoa.tenancy.work import Work


def must_be(row: KycCase, *states: State) -> None:
    if row.state not in states:
        raise Conflict(
            "This is {state} now and cannot become {to}. Nothing was changed.",
            code="wrong-state",
            state=row.state,
            to="decided",
        )


async def passed(work: Work, row: KycCase, code: str, why: str) -> None:
    await checks.decided(work, row, code, Outcome.PASSED, why)
    await cases.settle(work, row.id)


async def open_hits(work: Work, client: UUID) -> int:
    return await work.count(
        select(ScreeningHit.id).where(
            ScreeningHit.client == client, ScreeningHit.state == HitState.OPEN
        )
    )


async def approved(work: Work, row: KycCase, reason: str) -> None:
    needed = cases.needed(work, row)
    known = await checks.of(work, row.id)
    for code in {*needed, *known}:
        if code not in known or known[code].outcome != Outcome.PASSED:
            await checks.decided(work, row, code, Outcome.PASSED, reason)
    found = await checks.run(work, row)
    verdict = rules.verdict(needed, found.values())
    await outcomes.approve(work, row, verdict, found)
    row.failed = []
    cases.told(work, row)


async def hit_decided(work: Work, row: ScreeningHit, state: HitState, why: str) -> None:
    row.move(state)
    row.decided_at, row.decided_by = work.now, work.actor.id
    row.decided_name = work.actor.name[:120]
    row.reason_sealed = work.seal(row.id, screenings.REASON, why)
    await work.flush()
    if state is HitState.TRUE:
        await screenings.note(work, row.client)
    else:
        await screenings.cleared(work, row.client)
    await _regrade(work, row.client)
    case = await cases.newest(work, row.client)
    if case is not None and case.state in {State.CHECKING, State.REVIEW}:
        known = (await checks.of(work, case.id)).get(checks.SCREENING)
        absent = known is not None and known.because.startswith("not loaded")
        if not absent:
            found = await screenings.check(work, row.client, [], [])
            await checks.put(work, case, found, checks.LISTS)
        await cases.settle(work, case.id)
    work.subject = row.client
    work.announce("desk|kyc", f"desk|client-{row.client}")


async def risk_set(work: Work, row: KycCase, band: str) -> None:
    place = await standing.locked(work, row.client)
    place.risk_set_band = band
    if place.approved_at is not None:
        pack = standing.pack_of(work, place.pack)
        place.review_on = rules.next_review(pack, band, standing.today(work))
    row.risk_band = band
    row.urgency_at = rating.urgency(row)
    await clients.set_risk(work, row.client, Risk(band))
    cases.told(work, row)


async def _regrade(work: Work, client: UUID) -> None:
    """A verified client who is on a list has no rights; one who was cleared has them again."""
    place = await standing.locked(work, client)
    if place.approved_at is None:
        return
    states = await work.rows(select(ScreeningHit.state).where(ScreeningHit.client == client))
    rest = [code for code in place.checks if code != checks.SCREENING]
    place.checks = rest if HitState.TRUE in states else sorted({*rest, checks.SCREENING})
    await standing.grade(work, place, await work.lock(Client, client))
