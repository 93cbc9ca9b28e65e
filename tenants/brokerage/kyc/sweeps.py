"""What time does to a verified client: papers run out, reviews fall due."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from brokerage.clients.model import Client
from brokerage.kyc import cases, checks, documents, dossier, levels, standing
from brokerage.kyc.evidence import papers
from brokerage.kyc.evidence.papers import Standing
from brokerage.kyc.model import WITH_CLIENT, KycCase, KycDocument, KycStanding, KycTest, Why
from brokerage.kyc.settings import KycSettings
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

BATCH: Final = 200
_LONGEST_WARNING: Final = 365


async def papers_due(work: Work) -> list[KycStanding]:
    """Verified clients with a paper that has run out, or for which a warning is due."""
    today = standing.today(work)
    warnings = sorted(work.settings(KycSettings).expiry_warn_days)
    last = max(warnings, default=0)
    rows = await work.rows(
        select(KycStanding)
        .where(
            KycStanding.expires_on.is_not(None),
            KycStanding.expires_on <= today + timedelta(days=last),
            or_(KycStanding.warned_days.is_(None), KycStanding.warned_days >= 0),
        )
        .order_by(KycStanding.expires_on, KycStanding.client)
        .limit(BATCH * 10)
        .with_for_update(skip_locked=True)
    )
    return [row for row in rows if _due(row, today, warnings)]


def _due(row: KycStanding, today: date, warnings: list[int]) -> bool:
    assert row.expires_on is not None  # noqa: S101 - selected by it
    found = papers.expiry(row.expires_on, today, warnings)
    if found.standing is Standing.EXPIRED:
        return row.warned_days != -1
    if found.standing is Standing.WARN:
        return row.warned_days is None or (
            found.warn_days is not None and found.warn_days < row.warned_days
        )
    return False


async def papers_step(work: Work, row: KycStanding) -> None:
    """Warn once for each mark; the day after the last, step the rights down."""
    assert row.expires_on is not None  # noqa: S101 - selected by it
    settings = work.settings(KycSettings)
    found = papers.expiry(row.expires_on, standing.today(work), settings.expiry_warn_days)
    if found.standing is Standing.EXPIRED:
        row.warned_days = -1
        await step_down(work, row.client, Why.EXPIRY)
        return
    row.warned_days = found.warn_days
    await open_again(work, row.client, Why.REFRESH)
    title = N_("Your document runs out in {days} days")
    text = N_("Send us the new one, so that nothing stops.")
    await notices.tell(work, row.client, title, text, "/verify", days=found.days_left)
    await notices.mail(work, row.client, "kyc_expiring", link="/verify", days=found.days_left)


async def papers_run(open_work: OpenWork) -> None:
    async with open_work() as work:
        for row in await papers_due(work):
            await papers_step(work, row)


async def step_down(work: Work, client: UUID, why: Why) -> None:
    """Take back what rests on papers that no longer count, and open a case to mend it."""
    row = await standing.locked(work, client)
    known = await work.get(Client, client)
    pack = standing.pack_of(work, row.pack)
    if why is Why.EXPIRY:
        row.checks = [code for code in row.checks if code != checks.DOCUMENT]
        row.steps = [step for step in row.steps if step != "documents"]
    before = row.level
    after = levels.reached(pack, dossier.client_type(known), steps=row.steps, checks=row.checks)
    await standing.grade(work, row, known)
    living = await cases.newest(work, client)
    if living is not None and living.state in WITH_CLIENT:
        living.pack = row.pack
    elif row.approved_at is not None:
        await open_again(work, client, why)
    if before != after.code:
        await notices.tell(
            work,
            client,
            N_("Your verification has to be renewed"),
            N_("Some things are not possible until then."),
            "/verify",
        )


async def open_again(work: Work, client: UUID, why: Why) -> KycCase:
    """A case that asks only for what no longer counts: what was told and is still good stays."""
    before = await cases.newest(work, client)
    case = await cases.open_for(work, client, why)
    if before is None or case.id == before.id:
        return case
    known = dossier.read(work, case)
    tested = await work.first(select(KycTest.id).where(KycTest.client == client))
    case.steps_done = [
        step.code
        for step in cases.steps_of(work, case)
        if (step.fields and step.code in known) or (step.questionnaire and tested)
    ]
    await _carry(work, before, case)
    return case


async def _carry(work: Work, before: KycCase, case: KycCase) -> None:
    """Papers that are good for long stand in the new case as they stood in the old one."""
    today = standing.today(work)
    warn = max(work.settings(KycSettings).expiry_warn_days, default=0)
    shown = await checks.documents_of(work, before.id)
    for paper in shown.values():
        if paper.expires_on is not None and (paper.expires_on - today).days <= warn:
            continue
        row = work.new_id()
        number = documents.number_of(work, paper)
        work.add(
            KycDocument(
                id=row,
                case=case.id,
                client=case.client,
                kind=paper.kind,
                paper=paper.paper,
                file=paper.file,
                country=paper.country,
                issued_on=paper.issued_on,
                expires_on=paper.expires_on,
                number_sealed=work.seal(row, documents.NUMBER, number or None),
                number_blind=paper.number_blind,
                legible=paper.legible,
                as_it_is=paper.as_it_is,
                uploaded_at=work.now,
            )
        )
    await work.flush()
    await checks.run(work, case)


async def reviews_due(work: Work) -> list[KycStanding]:
    today = standing.today(work)
    rows = await work.rows(
        select(KycStanding)
        .where(KycStanding.review_on <= today)
        .order_by(KycStanding.review_on, KycStanding.client)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return list(rows)


async def reviews_run(open_work: OpenWork) -> None:
    """Whoever's turn it is confirms what we know of them; the riskier the sooner."""
    async with open_work() as work:
        for row in await reviews_due(work):
            row.review_on = None
            await open_again(work, row.client, Why.REFRESH)
            await notices.tell(
                work,
                row.client,
                N_("Please confirm your details"),
                N_("From time to time the law asks us to look at them again."),
                "/verify",
            )
