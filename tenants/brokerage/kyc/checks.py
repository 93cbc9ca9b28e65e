"""The checks of a case: run by rules, told by providers and lists, decided by officers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select

from brokerage.clients.model import Client
from brokerage.kyc import appropriateness, dossier, levels, rules, standing
from brokerage.kyc.evidence import identity, mrz, papers
from brokerage.kyc.jurisdictions import forms
from brokerage.kyc.jurisdictions.packs import DocumentRule, Pack
from brokerage.kyc.model import KycCase, KycCheck, KycDocument, KycTest, State
from brokerage.kyc.rules import Check, Outcome
from brokerage.kyc.settings import KycSettings
from stoa.tenancy.work import Work

RULES: Final = "rules"
PROVIDER: Final = "provider"
LISTS: Final = "lists"
OFFICER: Final = "officer"
DILIGENCE: Final = "diligence"
DUPLICATE: Final = "duplicate"
DOCUMENT: Final = "document"
SCREENING: Final = "screening"
DATA: Final = "document-data"
_REASON: Final = "kyc_check.reason"


_OF_CASE: Final = select(KycCheck).where(KycCheck.case == bindparam("case")).order_by(KycCheck.code)
_IN_FORCE: Final = select(KycDocument).where(
    KycDocument.case == bindparam("case"), KycDocument.in_force
)


async def of(work: Work, case: UUID) -> dict[str, KycCheck]:
    rows = await work.rows(_OF_CASE, {"case": case})
    return {row.code: row for row in rows}


def pure(row: KycCheck) -> Check:
    return Check(row.code, Outcome(row.outcome), row.because, row.tell, row.version)


async def put(work: Work, case: KycCase, check: Check, source: str) -> KycCheck:
    """Note how a check ended, over what it said before."""
    row = await work.session.get(KycCheck, (case.id, check.code))
    if row is None:
        row = KycCheck(case=case.id, code=check.code, outcome="", source=source, at=work.now)
        work.add(row)
    row.outcome = str(check.outcome)
    row.because, row.tell = check.because[:400], check.tell[:400]
    row.version, row.source, row.at = check.version[:40], source, work.now
    row.machine, row.by, row.by_name, row.reason_sealed = None, None, None, None
    await work.flush()
    return row


async def decided(
    work: Work, case: KycCase, code: str, outcome: Outcome, reason: str, *, tell: str = ""
) -> KycCheck:
    """An officer's word on a check; what the machine had found stays beside it."""
    row = await work.session.get(KycCheck, (case.id, code))
    if row is None:
        row = KycCheck(case=case.id, code=code, outcome=str(Outcome.PENDING), source=OFFICER)
        row.at = work.now
        work.add(row)
    row.machine = row.machine or row.outcome
    row.outcome, row.tell = str(outcome), tell[:400]
    row.source, row.at = OFFICER, work.now
    row.by, row.by_name = work.actor.id, work.actor.name[:120]
    await work.flush()
    row.reason_sealed = work.seal(case.id, f"{_REASON}.{code}", reason or None)
    await work.flush()
    return row


def reason_of(work: Work, row: KycCheck) -> str:
    return work.unseal(row.case, f"{_REASON}.{row.code}", row.reason_sealed) or ""


async def drop(work: Work, case: UUID, codes: Iterable[str]) -> None:
    known = await of(work, case)
    for code in codes:
        if code in known:
            await work.delete(known[code])
    await work.flush()


async def run(work: Work, case: KycCase) -> dict[str, Check]:
    """Run what rules can tell by themselves, keep what others told, and give all back."""
    pack = standing.pack_of(work, case.pack)
    client = await work.get(Client, case.client)
    known = await of(work, case.id)
    shown = await documents_of(work, case.id)
    found = [
        *_papers(work, case, pack, client, shown, known),
        *await _test(work, case, pack, client, known),
    ]
    if case.state not in {State.OPEN, State.ASKED} or case.attempt:
        found += await _about_person(work, case, pack, known)
        found += await _duplicates(work, case, shown.values(), known)
    for check in found:
        before = known.get(check.code)
        if before is None or pure(before) != check:
            await put(work, case, check, RULES)
    return {code: pure(row) for code, row in (await of(work, case.id)).items()}


async def documents_of(work: Work, case: UUID) -> dict[str, KycDocument]:
    """The papers in force, by kind."""
    rows = await work.rows(_IN_FORCE, {"case": case})
    return {row.kind: row for row in rows}


def _papers(
    work: Work,
    case: KycCase,
    pack: Pack,
    client: Client,
    shown: Mapping[str, KycDocument],
    known: Mapping[str, KycCheck],
) -> Iterable[Check]:
    today = standing.today(work)
    typed = _typed(work, case)
    for rule in papers.needed(pack, dossier.client_type(client)):
        paper = shown.get(rule.kind)
        if paper is None:
            continue
        before = known.get(f"document-{rule.kind}")
        if not _overruled(before, paper):
            yield _paper(rule, paper, today)
        zone = work.unseal(paper.id, "kyc_document.zone", paper.zone_sealed)
        before = known.get(DATA)
        if zone and (before is None or before.source != OFFICER or before.at < paper.uploaded_at):
            yield identity.check(mrz.parse(zone, today=today), typed, today)


def _overruled(before: KycCheck | None, paper: KycDocument) -> bool:
    """Someone looked at this very upload, so that the rules keep quiet about it."""
    return before is not None and before.source != RULES and before.at >= paper.uploaded_at


def _paper(rule: DocumentRule, paper: KycDocument, today: date) -> Check:
    told = papers.Shown(
        kind=paper.kind,
        paper=paper.paper,
        legible=paper.legible,
        issued_on=paper.issued_on,
        expires_on=paper.expires_on,
    )
    check = papers.check(rule, told, today)
    if check.outcome is Outcome.RETRY and paper.as_it_is and paper.legible in papers.UNREADABLE:
        return Check(check.code, Outcome.REVIEW, f"{check.because}; the client has no better one")
    return check


def _typed(work: Work, case: KycCase) -> identity.Typed:
    who = dossier.identified(dossier.read(work, case))
    return identity.Typed(
        first_names=who.first_name,
        last_name=who.last_name,
        birth_date=who.birth_date,
        nationality=who.nationality,
    )


async def newest_test(work: Work, client: UUID, questionnaire: str) -> Sequence[KycTest]:
    """All tries, the newest first."""
    return await work.rows(
        select(KycTest)
        .where(KycTest.client == client, KycTest.questionnaire == questionnaire)
        .order_by(KycTest.id.desc())
    )


async def _test(
    work: Work, case: KycCase, pack: Pack, client: Client, known: Mapping[str, KycCheck]
) -> list[Check]:
    before = known.get("appropriateness")
    if "appropriateness" not in levels.checks_of(pack, dossier.client_type(client)):
        return []
    code = questionnaire_of(pack)
    questionnaire = work.settings(KycSettings).questionnaire(code)
    if questionnaire is None:
        return []
    tries = await newest_test(work, case.client, code)
    if not tries or (
        before is not None and before.source == OFFICER and before.at >= tries[0].taken_at
    ):
        return []
    newest = tries[0]
    left = questionnaire.attempts - len(tries)
    if case.state in {State.CHECKING, State.REVIEW}:
        # Handed in with this result: the client goes on with it, and a person decides.
        left = 0
    result = appropriateness.Result(
        questionnaire=code,
        version=newest.version,
        percent=newest.percent,
        band=newest.band,
        passes=newest.passes,
        leverage_cap=newest.leverage_cap,
        warning=newest.warning,
        lines=(),
    )
    return [appropriateness.check(result, attempts_left=left)]


def questionnaire_of(pack: Pack) -> str:
    return next((step.questionnaire for step in forms.steps_of(pack) if step.questionnaire), "")


async def _about_person(
    work: Work, case: KycCase, pack: Pack, known: Mapping[str, KycCheck]
) -> list[Check]:
    """Whether more diligence is due, by office, country or risk."""
    before = known.get(DILIGENCE)
    who = dossier.identified(dossier.read(work, case))
    reasons = rules.extra_diligence(
        pack.extra,
        pep=who.pep,
        risk=case.risk_band or "",
        countries=who.countries,
        deposited=None,
    )
    because = "; ".join(reasons)
    if before is not None and before.source == OFFICER and before.because == because:
        return []
    outcome = Outcome.REVIEW if reasons else Outcome.PASSED
    return [Check(DILIGENCE, outcome, because, version=rules.VERSION)]


async def _duplicates(
    work: Work, case: KycCase, shown: Iterable[KycDocument], known: Mapping[str, KycCheck]
) -> list[Check]:
    """Whether another client has shown a paper of the same number."""
    blinds = [paper.number_blind for paper in shown if paper.number_blind]
    others = (
        await work.rows(
            select(KycDocument.client)
            .where(KycDocument.number_blind.in_(blinds), KycDocument.client != case.client)
            .distinct()
            .limit(20)
        )
        if blinds
        else []
    )
    because = f"the same document number: {len(others)} other" if others else ""
    before = known.get(DUPLICATE)
    if before is not None and before.source == OFFICER and before.because == because:
        return []
    outcome = Outcome.REVIEW if others else Outcome.PASSED
    return [Check(DUPLICATE, outcome, because, version=rules.VERSION)]
