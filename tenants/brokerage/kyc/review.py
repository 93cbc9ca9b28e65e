"""An officer at work: claims a case, decides its checks and hits, approves, rejects, asks back."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select

from brokerage.clients import clients
from brokerage.clients import queries as people
from brokerage.clients.model import Risk
from brokerage.kyc import (
    cases,
    checks,
    documents,
    identity,
    mrz,
    outcomes,
    risk,
    rules,
    screenings,
    standing,
    wordings,
)
from brokerage.kyc.model import KycCase, KycDocument, KycProposal, State
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.rules import Check, Outcome
from brokerage.kyc.settings import KycSettings
from brokerage.screening.model import HitState, ScreeningHit
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.tenancy.work import Work

LEAST_REASON: Final = 3
_REASON: Final = "kyc_proposal.reason"


def said(reason: str) -> str:
    """A reason in words. Raises Invalid when there is none."""
    text = reason.strip()
    if len(text) < LEAST_REASON:
        raise Invalid("Please say why; it is kept with the decision.", field="reason")
    if len(text) > 2_000:
        raise Invalid("This is too long.", field="reason")
    return text


async def seen(work: Work, case: UUID) -> KycCase:
    """A case whose client is in the officer's scope. Raises NotFound."""
    work.require(Kyc.CASES_VIEW)
    row = await work.get(KycCase, case)
    await people.seen(work, row.client)
    return row


async def _mine(work: Work, case: UUID, permission: Kyc = Kyc.DECIDE) -> KycCase:
    """The locked case, claimed by whoever decides now; a colleague's claim is respected."""
    work.require(permission)
    await seen(work, case)
    row = await work.lock(KycCase, case)
    if _held(work, row):
        raise Conflict(
            "{name} is deciding this case. You can take it when the claim has lapsed. "
            "Nothing was changed.",
            code="claimed",
            name=row.claimed_name,
        )
    _claim(work, row)
    return row


def _held(work: Work, row: KycCase) -> bool:
    """Whether a colleague has it in hand."""
    return (
        row.claimed_by is not None
        and row.claimed_by != work.actor.id
        and row.claimed_until is not None
        and row.claimed_until > work.now
    )


def _claim(work: Work, row: KycCase) -> None:
    minutes = work.settings(KycSettings).claim_minutes
    row.claimed_by, row.claimed_name = work.actor.id, work.actor.name[:120]
    row.claimed_until = work.now + timedelta(minutes=minutes)


def _must_be(row: KycCase, *states: State) -> None:
    if row.state not in states:
        raise Conflict(
            "This is {state} now and cannot become {to}. Nothing was changed.",
            code="wrong-state",
            state=row.state,
            to="decided",
        )


async def claim(work: Work, case: UUID) -> KycCase:
    """Take a case in hand; the claim lapses by itself."""
    row = await _mine(work, case)
    cases.told(work, row)
    return row


async def release(work: Work, case: UUID) -> KycCase:
    work.require(Kyc.DECIDE)
    await seen(work, case)
    row = await work.lock(KycCase, case)
    if row.claimed_by == work.actor.id:
        row.claimed_by = row.claimed_name = row.claimed_until = None
        cases.told(work, row)
    return row


async def take_next(work: Work, *, after: UUID | None = None) -> KycCase | None:
    """The most urgent case that nobody has in hand; claimed. None when the queue is empty."""
    work.require(Kyc.DECIDE)
    statement = (
        select(KycCase)
        .where(
            KycCase.state == State.REVIEW,
            people.within(work, KycCase.client),
            or_(
                KycCase.claimed_until.is_(None),
                KycCase.claimed_until < work.now,
                KycCase.claimed_by == work.actor.id,
            ),
        )
        .order_by(KycCase.urgency_at.nulls_last(), KycCase.id)
        .with_for_update(skip_locked=True)
    )
    if after is not None:
        statement = statement.where(KycCase.id != after)
    row = await work.first(statement)
    if row is not None:
        _claim(work, row)
        cases.told(work, row)
    return row


async def pass_check(work: Work, case: UUID, code: str, reason: str) -> KycProposal | None:
    """Say that a check is fine. What a machine refused takes a second officer: a proposal then."""
    row = await _mine(work, case)
    _must_be(row, State.REVIEW)
    why = said(reason)
    known = (await checks.of(work, case)).get(code)
    if known is None or known.outcome == Outcome.PASSED:
        raise NotFound
    if code == checks.SCREENING and await open_hits(work, row.client):
        raise Conflict("Decide each possible match first. Nothing was changed.", code="hits-open")
    if known.outcome in {Outcome.FAILED, Outcome.RETRY} and _needs_second(work, "override"):
        return await propose(work, row, "override", {"code": code}, why)

    await _passed(work, row, code, why)
    return None


async def _passed(work: Work, row: KycCase, code: str, why: str) -> None:
    await checks.decided(work, row, code, Outcome.PASSED, why)
    await cases.settle(work, row.id)


def _needs_second(work: Work, change: str) -> bool:
    return change in work.settings(KycSettings).second_officer_for


async def open_hits(work: Work, client: UUID) -> int:
    return await work.count(
        select(ScreeningHit.id).where(
            ScreeningHit.client == client, ScreeningHit.state == HitState.OPEN
        )
    )


async def approve(work: Work, case: UUID, reason: str = "") -> KycProposal | None:
    """Approve. Checks that asked for a person pass by this officer's word; what a machine refused
    takes a second one, and the approval waits as a proposal.
    """
    row = await _mine(work, case)
    _must_be(row, State.REVIEW)
    if await open_hits(work, row.client):
        raise Conflict("Decide each possible match first. Nothing was changed.", code="hits-open")
    known = await checks.of(work, case)
    refused = [c.code for c in known.values() if c.outcome in {Outcome.FAILED, Outcome.RETRY}]
    if refused and _needs_second(work, "override"):
        return await propose(work, row, "approve", {"codes": refused}, said(reason))
    if refused:
        said(reason)
    await _approved(work, row, reason)
    return None


async def _approved(work: Work, row: KycCase, reason: str) -> None:
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


async def reject(work: Work, case: UUID, reason: str, note: str) -> KycCase:
    """End the case. `reason` is one of the wordings the client may read; the note is for staff."""
    row = await _mine(work, case)
    _must_be(row, State.REVIEW)
    if reason not in wordings.REJECT:
        raise Invalid("Choose one of the offered values.", field="code")
    why = said(note)

    await checks.decided(work, row, "decision", Outcome.FAILED, why)
    await outcomes.reject(work, row, reason, wordings.REJECT[reason])
    cases.told(work, row)
    return row


async def ask_again(work: Work, case: UUID, kind: str, reason: str, note: str = "") -> KycCase:
    """Have one paper shown again. The client reads why, in their language."""
    row = await _mine(work, case)
    _must_be(row, State.REVIEW)
    if reason not in wordings.ASK:
        raise Invalid("Choose one of the offered values.", field="code")
    if kind not in await checks.documents_of(work, case):
        raise NotFound
    tell = wordings.ASK[reason]
    code = f"document-{kind}"

    await checks.decided(work, row, code, Outcome.RETRY, note, tell=tell)
    await outcomes.ask(work, row, Check(code, Outcome.RETRY, reason, tell))
    cases.told(work, row)
    return row


async def decide_hit(
    work: Work, hit: UUID, *, true_match: bool, reason: str
) -> ScreeningHit | KycProposal:
    """Say whether a listed entry is the client; kept and used again while both stay as they are."""
    work.require(Kyc.DECIDE)
    work.require(Kyc.SCREENING_VIEW)
    why = said(reason)
    row = await work.lock(ScreeningHit, hit)
    await people.seen(work, row.client)
    case = await cases.newest(work, row.client)
    if case is not None:
        case = await _mine(work, case.id)
    if row.state == HitState.TRUE and not true_match:
        if case is None:
            raise NotFound
        return await propose(work, case, "clear-match", {"hit": str(hit)}, why)

    await _hit_decided(work, row, HitState.TRUE if true_match else HitState.FALSE, why)
    return row


async def _hit_decided(work: Work, row: ScreeningHit, state: HitState, why: str) -> None:
    row.move(state)
    row.decided_at, row.decided_by = work.now, work.actor.id
    row.decided_name = work.actor.name[:120]
    row.reason_sealed = work.seal(row.id, screenings.REASON, why)
    await work.flush()
    if state is HitState.TRUE:
        await screenings.note(work, row.client)
    else:
        await screenings.cleared(work, row.client)
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


async def set_risk(work: Work, case: UUID, band: str, reason: str) -> KycProposal | None:
    """Set the risk over the model's word. Up at once; down takes a second officer."""
    row = await _mine(work, case, Kyc.RISK_SET)
    why = said(reason)
    model = work.settings(KycSettings).risk
    if band not in model.bands:
        raise Invalid("Choose one of the offered values.", field="band")
    now = await standing.of(work, row.client)
    before = now.risk_set_band or row.risk_band or now.risk_band or ""
    if band == before:
        raise Invalid("This is the risk already.", field="band")
    down = before in model.bands and risk.is_downgrade(model, before, band)
    if down and _needs_second(work, "risk-downgrade"):
        return await propose(work, row, "risk-downgrade", {"from": before, "to": band}, why)
    await _risk_set(work, row, band)
    return None


async def _risk_set(work: Work, row: KycCase, band: str) -> None:
    place = await standing.locked(work, row.client)
    place.risk_set_band = band
    if place.approved_at is not None:
        pack = standing.pack_of(work, place.pack)
        place.review_on = rules.next_review(pack, band, standing.today(work))
    row.risk_band = band
    row.urgency_at = cases.urgency(row)
    await clients.set_risk(work, row.client, Risk(band))
    cases.told(work, row)


async def read_zone(work: Work, document: UUID, text: str) -> Check:
    """Take the machine-readable lines an officer read off, and compare them with what was told."""
    paper = await work.get(KycDocument, document)
    row = await _mine(work, paper.case)
    _must_be(row, State.REVIEW)
    today = standing.today(work)
    mrz.parse(text, today=today)
    locked = await work.lock(KycDocument, document)
    locked.zone_sealed = work.seal(locked.id, "kyc_document.zone", text.strip())
    await work.flush()
    await checks.drop(work, row.id, [checks.DATA])
    await cases.settle(work, row.id)
    known = (await checks.of(work, row.id))[checks.DATA]
    return checks.pure(known)


def compared(work: Work, case: KycCase, paper: KycDocument) -> tuple[identity.Compared, ...]:
    """The lines of a paper beside what the client wrote; empty while nobody has read them."""
    text = work.unseal(paper.id, "kyc_document.zone", paper.zone_sealed)
    if not text:
        return ()
    told = dossier_typed(work, case, paper)
    return identity.compare(mrz.parse(text, today=standing.today(work)), told)


def dossier_typed(work: Work, case: KycCase, paper: KycDocument) -> identity.Typed:
    from brokerage.kyc import dossier

    who = dossier.identified(dossier.read(work, case))
    return identity.Typed(
        first_names=who.first_name,
        last_name=who.last_name,
        birth_date=who.birth_date,
        nationality=who.nationality,
        number=documents.number_of(work, paper),
    )


async def reopen(work: Work, case: UUID, reason: str) -> KycProposal:
    """Look at a rejected case again; always with a second officer."""
    row = await _mine(work, case)
    _must_be(row, State.REJECTED)
    newest = await cases.newest(work, row.client)
    if newest is None or newest.id != row.id:
        raise Conflict("There is a newer case of this client. Nothing was changed.")
    return await propose(work, row, "reopen", {}, said(reason))


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
    row_id = uuid7(int(work.now.timestamp() * 1000))
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
    _must_be(case, State.REVIEW)
    await _passed(work, case, row.about["code"], reason_of(work, row))


async def _do_approve(work: Work, case: KycCase, row: KycProposal) -> None:
    _must_be(case, State.REVIEW)
    known = await checks.of(work, case.id)
    refused = {c.code for c in known.values() if c.outcome in {Outcome.FAILED, Outcome.RETRY}}
    if not refused <= set(row.about["codes"]) or await open_hits(work, case.client):
        raise Conflict(
            "Something else has failed since this was asked for. Nothing was changed.",
            code="changed-since",
        )
    await _approved(work, case, reason_of(work, row))


async def _do_lower(work: Work, case: KycCase, row: KycProposal) -> None:
    await _risk_set(work, case, row.about["to"])


async def _do_clear(work: Work, case: KycCase, row: KycProposal) -> None:
    del case
    hit = await work.lock(ScreeningHit, UUID(row.about["hit"]))
    await _hit_decided(work, hit, HitState.FALSE, reason_of(work, row))


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
