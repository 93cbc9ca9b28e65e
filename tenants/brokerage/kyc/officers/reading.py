"""One case as an officer reads it: papers beside what they must match, checks, hits, its story."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select

from brokerage.clients import queries as people
from brokerage.kyc import cases, checks, documents, dossier, screenings, standing, wordings
from brokerage.kyc.jurisdictions.packs import FieldKind, StepKind
from brokerage.kyc.model import (
    KycCallback,
    KycCase,
    KycCheck,
    KycDocument,
    KycProposal,
    KycTest,
)
from brokerage.kyc.officers import beside, review, second, story
from brokerage.kyc.officers.views import CaseView, CheckLine, HitLine, Paper, Proposal
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.reasons import Because
from brokerage.kyc.rules import Outcome
from brokerage.screening.model import HitState, Screening, ScreeningHit
from stoa.files.model import StoredFile
from stoa.tenancy.work import Work

VERDICTS: Final = {
    Outcome.PASSED: "passed",
    Outcome.PENDING: "waiting",
    Outcome.RETRY: "failed",
    Outcome.FAILED: "failed",
    Outcome.REVIEW: "flagged",
}
_ORDER: Final = ("failed", "flagged", "waiting", "passed")
SECRET: Final = frozenset({checks.SCREENING, checks.DILIGENCE})
"""Checks that only those who screen may see: no tipping off."""


async def whole(work: Work, case: UUID) -> CaseView:
    row = await review.seen(work, case)
    client = await people.brief(work, row.client)
    known = await checks.of(work, case)
    place = await standing.of(work, row.client)
    pack = standing.pack_of(work, row.pack)
    lines = _checks(work, known)
    by_code = {line.code: line for line in lines}
    papers = await _papers(work, row, by_code)
    hits = await _hits(work, row.client) if work.actor.may(Kyc.SCREENING_VIEW) else []
    proposals = await _proposals(work, row)
    if people.may_see_pii(work):
        work.record("pii.read", client=str(row.client), field="verification")
        work.subject = row.client
    screened = await work.first(
        select(Screening).where(Screening.client == row.client).order_by(Screening.id.desc())
    )
    callbacks = await work.rows(
        select(KycCallback)
        .where(
            or_(KycCallback.our_id == str(row.id), KycCallback.applicant == (row.applicant or "-"))
        )
        .order_by(KycCallback.received_at)
        .limit(50)
    )
    return CaseView(
        row=row,
        client=client,
        pack=pack,
        level=standing.level_of(pack, place.level),
        standing=place,
        checks=lines,
        papers=[paper for paper in papers if paper.in_force],
        earlier=[paper for paper in papers if not paper.in_force],
        hits=hits,
        proposals=proposals,
        answers=_answers(work, row) if people.may_see_pii(work) else [],
        tests=await work.rows(
            select(KycTest).where(KycTest.client == row.client).order_by(KycTest.id.desc()).limit(5)
        ),
        story=story.told(row, papers, lines, hits, proposals, callbacks),
        callbacks=sum(one.state == "quarantined" for one in callbacks),
        screened=screened,
        why=wordings.WHY.get(row.why, row.why),
        jurisdiction=standing.jurisdiction_of(place),
        tracker=await cases.tracked(work, row),
        extra=tuple(place.extra),
    )


def _checks(work: Work, known: Mapping[str, KycCheck]) -> list[CheckLine]:
    found = [
        CheckLine(
            code=row.code,
            title=wordings.CHECKS.get(row.code, row.code),
            verdict=VERDICTS[Outcome(row.outcome)],
            outcome=row.outcome,
            because=Because(row.because),
            tell=row.tell,
            source=row.source,
            at=row.at,
            by=row.by_name or "",
            machine=row.machine or "",
            reason=review_reason(work, row),
            kind=row.code.removeprefix("document-") if row.code.startswith("document-") else "",
        )
        for row in known.values()
        if row.code != "decision" and (row.code not in SECRET or work.actor.may(Kyc.SCREENING_VIEW))
    ]
    return sorted(found, key=lambda line: (_ORDER.index(line.verdict), line.code))


def review_reason(work: Work, row: KycCheck) -> str:
    return checks.reason_of(work, row) if row.reason_sealed else ""


async def _papers(work: Work, case: KycCase, by_code: Mapping[str, CheckLine]) -> list[Paper]:
    rows = await work.table(
        select(KycDocument, StoredFile.pages)
        .join(StoredFile, StoredFile.id == KycDocument.file)
        .where(KycDocument.case == case.id)
        .order_by(KycDocument.kind.desc(), KycDocument.id.desc())
    )
    pii = people.may_see_pii(work)
    return [
        Paper(
            id=row.id,
            kind=row.kind,
            title=wordings.CHECKS.get(f"document-{row.kind}") or row.kind,
            paper=documents.PAPERS.get(row.paper) or row.paper,
            pages=pages,
            in_force=row.in_force,
            legible=row.legible,
            as_it_is=row.as_it_is,
            uploaded_at=row.uploaded_at,
            matches=beside.of(work, case, row) if pii and row.in_force else (),
            check=by_code.get(f"document-{row.kind}") if row.in_force else None,
            read=row.zone_sealed is not None,
        )
        for row, pages in rows
    ]


async def _hits(work: Work, client: UUID) -> list[HitLine]:
    rows = await work.rows(
        select(ScreeningHit)
        .where(ScreeningHit.client == client, ScreeningHit.state != HitState.GONE)
        .order_by(ScreeningHit.score.desc(), ScreeningHit.id)
        .limit(50)
    )
    found: list[HitLine] = []
    for row in rows:
        hit = screenings.opened(work, row)
        found.append(
            HitLine(
                id=row.id,
                score=row.score,
                name=hit.name,
                matched=hit.matched_name,
                searched=hit.searched_name,
                listing=hit.listing,
                version=hit.listing_version,
                ref=hit.ref,
                programmes=hit.programmes,
                features=hit.features,
                state=row.state,
                opened_at=row.opened_at,
                decided_at=row.decided_at,
                by=row.decided_name or "",
                reason=work.unseal(row.id, screenings.REASON, row.reason_sealed) or "",
            )
        )
    return sorted(found, key=lambda line: (line.state != "open", -line.score))


async def _proposals(work: Work, case: KycCase) -> list[Proposal]:
    rows = await work.rows(
        select(KycProposal).where(KycProposal.case == case.id).order_by(KycProposal.id.desc())
    )
    return [
        Proposal(
            id=row.id,
            change=row.change,
            title=wordings.CHANGES.get(row.change, row.change),
            about=row.about,
            reason=second.reason_of(work, row),
            state=row.state,
            by=row.asked_name,
            at=row.asked_at,
            second=row.second_name or "",
            second_at=row.second_at,
            mine=row.asked_by == work.actor.id,
        )
        for row in rows
    ]


def _answers(work: Work, case: KycCase) -> list[dict[str, Any]]:
    """What the client wrote, page by page."""
    known = dossier.read(work, case)
    found: list[dict[str, Any]] = []
    for step in cases.steps_of(work, case):
        if step.kind is not StepKind.FORM:
            continue
        lines: list[dict[str, Any]] = []
        for one in step.fields:
            value = known.get(step.code, {}).get(one.code, "")
            chosen = next((c.label for c in one.choices if c.code == value), "")
            lines.append(
                {
                    "label": one.label,
                    "value": value,
                    "choice": chosen,
                    "country": one.kind is FieldKind.COUNTRY,
                    "phone": one.kind is FieldKind.PHONE,
                    "day": date.fromisoformat(value)
                    if one.kind is FieldKind.DATE and value
                    else None,
                }
            )
        found.append({"title": step.title, "lines": lines})
    return found


async def of_client(work: Work, client: UUID) -> Sequence[KycCase]:
    """All cases of one client, the newest first."""
    work.require(Kyc.CASES_VIEW)
    await people.seen(work, client)
    return await work.rows(
        select(KycCase).where(KycCase.client == client).order_by(KycCase.id.desc()).limit(20)
    )
