"""Four eyes: what one officer asks for and another has to agree to."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as people
from brokerage.kyc import cases, checks, effects, rules
from brokerage.kyc.model import KycCase, KycProposal, State
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.rules import Outcome
from brokerage.screening.model import HitState, ScreeningHit
from stoa.kernel.refusals import Conflict, Denied
from stoa.tenancy.work import Work

_REASON: Final = "kyc_proposal.reason"


async def propose(
    work: Work, case: KycCase, change: str, about: dict[str, Any], reason: str
) -> KycProposal:
    """Write down a change that waits for a second officer."""
    waiting = await work.first(
        select(KycProposal).where(
            KycProposal.case == case.id,
            KycProposal.change == change,
            KycProposal.state == "waiting",
        )
    )
    if waiting is not None:
        raise Conflict(
            "This waits for a second officer to agree. Nothing has changed yet.",
            code="second-officer",
        )
    assert work.actor.id is not None  # noqa: S101 - officers are people
    row_id = work.new_id()
    sealed = work.seal(row_id, _REASON, reason)
    assert sealed is not None  # noqa: S101 - only None seals to None
    row = KycProposal(
        id=row_id,
        client=case.client,
        case=case.id,
        change=change,
        about=about,
        reason_sealed=sealed,
        asked_by=work.actor.id,
        asked_name=work.actor.name[:120],
        asked_at=work.now,
        state="waiting",
    )
    work.add(row)
    await work.flush()
    # Whoever agrees must be able to take the case in hand.
    case.claimed_by = case.claimed_name = case.claimed_until = None
    cases.told(work, case)
    return row


def reason_of(work: Work, row: KycProposal) -> str:
    return work.unseal(row.id, _REASON, row.reason_sealed) or ""


async def answer(work: Work, proposal: UUID, *, agreed: bool) -> KycProposal:
    """The second officer's word. What is agreed happens now, as it was asked for."""
    work.require(Kyc.SECOND)
    row = await work.lock(KycProposal, proposal)
    await people.seen(work, row.client)
    if row.state != "waiting":
        raise Conflict("This has been answered already. Nothing was changed.", code="answered")
    if work.actor.id is None:
        raise Denied("Someone else must agree to this: you asked for it.", code="four-eyes")
    rules.four_eyes(asker=row.asked_by, approver=work.actor.id)

    row.move("agreed" if agreed else "refused")
    row.second_by, row.second_name, row.second_at = work.actor.id, work.actor.name[:120], work.now
    await work.flush()
    if agreed:
        case = await work.lock(KycCase, row.case)
        await _DOES[row.change](work, case, row)
    cases.told(work, await work.get(KycCase, row.case))
    return row


async def _do_override(work: Work, case: KycCase, row: KycProposal) -> None:
    effects.must_be(case, State.REVIEW)
    await effects.passed(work, case, row.about["code"], reason_of(work, row))


async def _do_approve(work: Work, case: KycCase, row: KycProposal) -> None:
    effects.must_be(case, State.REVIEW)
    known = await checks.of(work, case.id)
    refused = {c.code for c in known.values() if c.outcome in {Outcome.FAILED, Outcome.RETRY}}
    if not refused <= set(row.about["codes"]) or await effects.open_hits(work, case.client):
        raise Conflict(
            "Something else has failed since this was asked for. Nothing was changed.",
            code="changed-since",
        )
    await effects.approved(work, case, reason_of(work, row))


async def _do_lower(work: Work, case: KycCase, row: KycProposal) -> None:
    await effects.risk_set(work, case, row.about["to"])


async def _do_clear(work: Work, case: KycCase, row: KycProposal) -> None:
    del case
    hit = await work.lock(ScreeningHit, UUID(row.about["hit"]))
    await effects.hit_decided(work, hit, HitState.FALSE, reason_of(work, row))


async def _do_reopen(work: Work, case: KycCase, row: KycProposal) -> None:
    del row
    case.move(State.REVIEW)
    case.decided_at = case.decided_by = case.decided_name = case.decision = None
    case.in_review_at = work.now
    await checks.drop(work, case.id, ["decision"])
    await cases.settle(work, case.id)


_DOES: Final[dict[str, Callable[[Work, KycCase, KycProposal], Awaitable[None]]]] = {
    "override": _do_override,
    "approve": _do_approve,
    "risk-downgrade": _do_lower,
    "clear-match": _do_clear,
    "reopen": _do_reopen,
}
