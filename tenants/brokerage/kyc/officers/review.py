"""An officer at work: claims a case, decides its checks and hits, approves, rejects, asks back."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from brokerage.clients import queries as people
from brokerage.kyc import (
    cases,
    checks,
    documents,
    dossier,
    effects,
    outcomes,
    risk,
    standing,
    wordings,
)
from brokerage.kyc.evidence import identity, mrz
from brokerage.kyc.model import KycCase, KycDocument, KycProposal, State
from brokerage.kyc.officers import second
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.rules import Check, Outcome
from brokerage.kyc.settings import KycSettings
from brokerage.screening.model import HitState, ScreeningHit
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.work import Work

LEAST_REASON: Final = 3


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
    effects.must_be(row, State.REVIEW)
    why = said(reason)
    known = (await checks.of(work, case)).get(code)
    if known is None or known.outcome == Outcome.PASSED:
        raise NotFound
    if code == checks.SCREENING and await effects.open_hits(work, row.client):
        raise Conflict("Decide each possible match first. Nothing was changed.", code="hits-open")
    if known.outcome in {Outcome.FAILED, Outcome.RETRY} and _needs_second(work, "override"):
        return await second.propose(work, row, "override", {"code": code}, why)

    await effects.passed(work, row, code, why)
    return None


def _needs_second(work: Work, change: str) -> bool:
    return change in work.settings(KycSettings).second_officer_for


async def approve(work: Work, case: UUID, reason: str = "") -> KycProposal | None:
    """Approve. Checks that asked for a person pass by this officer's word; what a machine refused
    takes a second one, and the approval waits as a proposal.
    """
    row = await _mine(work, case)
    effects.must_be(row, State.REVIEW)
    if await effects.open_hits(work, row.client):
        raise Conflict("Decide each possible match first. Nothing was changed.", code="hits-open")
    known = await checks.of(work, case)
    refused = [c.code for c in known.values() if c.outcome in {Outcome.FAILED, Outcome.RETRY}]
    if refused and _needs_second(work, "override"):
        return await second.propose(work, row, "approve", {"codes": refused}, said(reason))
    if refused:
        said(reason)
    await effects.approved(work, row, reason)
    return None


async def reject(work: Work, case: UUID, reason: str, note: str) -> KycCase:
    """End the case. `reason` is one of the wordings the client may read; the note is for staff."""
    row = await _mine(work, case)
    effects.must_be(row, State.REVIEW)
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
    effects.must_be(row, State.REVIEW)
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
        return await second.propose(work, case, "clear-match", {"hit": str(hit)}, why)

    await effects.hit_decided(work, row, HitState.TRUE if true_match else HitState.FALSE, why)
    return row


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
        return await second.propose(work, row, "risk-downgrade", {"from": before, "to": band}, why)
    await effects.risk_set(work, row, band)
    return None


async def read_zone(work: Work, document: UUID, text: str) -> Check:
    """Take the machine-readable lines an officer read off, and compare them with what was told."""
    paper = await work.get(KycDocument, document)
    row = await _mine(work, paper.case)
    effects.must_be(row, State.REVIEW)
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
    told = _typed(work, case, paper)
    return identity.compare(mrz.parse(text, today=standing.today(work)), told)


def _typed(work: Work, case: KycCase, paper: KycDocument) -> identity.Typed:
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
    effects.must_be(row, State.REJECTED)
    newest = await cases.newest(work, row.client)
    if newest is None or newest.id != row.id:
        raise Conflict("There is a newer case of this client. Nothing was changed.")
    return await second.propose(work, row, "reopen", {}, said(reason))
