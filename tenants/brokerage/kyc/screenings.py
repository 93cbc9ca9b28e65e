"""A client against the lists: asked, kept for replay, decided by officers once for the same hit."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from brokerage.kyc import cases, checks, documents, dossier, standing
from brokerage.kyc.jurisdictions.packs import ClientType
from brokerage.kyc.model import KycCase, State
from brokerage.kyc.rules import Check, Outcome
from brokerage.kyc.settings import KycSettings
from brokerage.screening import screen, store
from brokerage.screening.entries import IdDocument, Kind
from brokerage.screening.index import Index
from brokerage.screening.match import Subject
from brokerage.screening.model import HitState, Screening, ScreeningHit
from brokerage.screening.screen import Answer, Hit
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

ANSWER: Final = "screening.answer"
HIT: Final = "screening_hit.body"
REASON: Final = "screening_hit.reason"
SUBJECT: Final = "screening.subject"
MATCH: Final = "possible list match"
MOST_OWNERS: Final = 10
_BOOK: Final = 200
_TURNS: Final = 5
"""So many clients at once, so often before others get their turn."""


def subjects(answers: dossier.Answers, kind: str, papers: Iterable[IdDocument]) -> list[Subject]:
    """Everyone a case is about: the person, or the company with who acts for it and owns it."""
    who = dossier.identified(answers)
    person = Subject(
        names=(who.name,),
        birth=who.birth_date,
        countries=who.countries,
        documents=tuple(papers),
    )
    if kind != ClientType.COMPANY:
        return [person]
    company = Subject(
        names=(who.company_name,), kind=Kind.ENTITY, countries=(who.country,) if who.country else ()
    )
    owners = answers.get("company", {}).get("owners", "").splitlines()[:MOST_OWNERS]
    named = [line.split(",")[0].strip() for line in owners]
    return [company, person, *(Subject(names=(name,)) for name in named if name)]


async def subjects_of(work: Work, case: KycCase) -> list[Subject]:
    shown = await checks.documents_of(work, case.id)
    papers = [
        IdDocument(paper.paper, number, paper.country)
        for paper in shown.values()
        if (number := documents.number_of(work, paper))
    ]
    return subjects(dossier.read(work, case), case.client_type, papers)


async def ask(
    wanted: Sequence[Subject], lists: Sequence[Index], threshold: int
) -> tuple[Answer, ...]:
    """Off the event loop: a name is compared with many."""
    return await asyncio.to_thread(
        lambda: tuple(screen.answer(one, lists, threshold=threshold) for one in wanted)
    )


async def screen_case(open_work: OpenWork, case: UUID, why: str) -> None:
    """Screen who a case is about against the lists in force, and let the answer count."""
    async with open_work() as work:
        row = await work.get(KycCase, case)
        if row.state == State.CLOSED:
            return
        wanted = await subjects_of(work, row)
        settings = work.settings(KycSettings).screening
    lists, absent = await store.current(settings.lists)

    answers = await ask(wanted, lists, settings.threshold)

    async with open_work() as work:
        await conclude(work, case, answers, absent, why)


async def conclude(
    work: Work, case: UUID, answers: Sequence[Answer], absent: Sequence[str], why: str
) -> None:
    """Keep the answers and their hits; the check follows from what is not decided yet."""
    row = await work.lock(KycCase, case)
    seen: set[UUID] = set()
    for answer in answers:
        seen |= await _keep(work, row.client, row.id, answer, why)
    await _let_go(work, row.client, seen)
    if row.state in {State.CHECKING, State.REVIEW}:
        await checks.put(work, row, await check(work, row.client, answers, absent), checks.LISTS)
        await cases.settle(work, case)


async def check(
    work: Work, client: UUID, answers: Sequence[Answer], absent: Sequence[str]
) -> Check:
    """What the hits mean for the case. Nothing of it is ever told to the client."""
    states = await work.rows(select(ScreeningHit.state).where(ScreeningHit.client == client))
    version = answers[0].engine if answers else ""
    if absent:
        because = f"not loaded: {', '.join(absent)}"
        return Check(checks.SCREENING, Outcome.REVIEW, because, version=version)
    if HitState.TRUE in states:
        because = "a listed person or company"
        return Check(checks.SCREENING, Outcome.FAILED, because, version=version)
    waiting = sum(state == HitState.OPEN for state in states)
    if waiting:
        because = f"{waiting} possible matches" if waiting > 1 else "1 possible match"
        return Check(checks.SCREENING, Outcome.REVIEW, because, version=version)
    lists = ", ".join(f"{one.listing} {one.version}" for one in answers[0].lists) if answers else ""
    return Check(checks.SCREENING, Outcome.PASSED, lists, version=version)


async def _keep(work: Work, client: UUID, case: UUID | None, answer: Answer, why: str) -> set[UUID]:
    """One screening with its hits; a hit decided before keeps its decision while it is the same."""
    row = work.new_id()
    text = msgspec.json.encode(answer).decode()
    sealed = work.seal(row, ANSWER, text)
    assert sealed is not None  # noqa: S101 - only None seals to None
    work.add(
        Screening(
            id=row,
            client=client,
            case=case,
            why=why,
            engine=answer.engine,
            threshold=answer.threshold,
            lists=msgspec.to_builtins(answer.lists),
            hits=len(answer.hits),
            answer_sealed=sealed,
            at=work.now,
        )
    )
    await work.flush()
    told = work.blind(SUBJECT, msgspec.json.encode(answer.subject, order="deterministic").decode())
    return {await _hit(work, client, row, told, hit) for hit in answer.hits}


async def _hit(work: Work, client: UUID, screening: UUID, told: bytes, hit: Hit) -> UUID:
    known = await work.first(
        select(ScreeningHit).where(
            ScreeningHit.client == client,
            ScreeningHit.listing == hit.listing,
            ScreeningHit.ref == hit.ref,
            ScreeningHit.digest == hit.entry_digest,
            ScreeningHit.subject == told,
        )
    )
    if known is not None:
        if known.state == HitState.GONE:
            known.move(HitState.OPEN)
            known.opened_at = work.now
        return known.id
    row = work.new_id()
    body = work.seal(row, HIT, msgspec.json.encode(hit).decode())
    assert body is not None  # noqa: S101 - only None seals to None
    work.add(
        ScreeningHit(
            id=row,
            client=client,
            screening=screening,
            listing=hit.listing,
            ref=hit.ref,
            digest=hit.entry_digest,
            subject=told,
            score=hit.score,
            body_sealed=body,
            opened_at=work.now,
        )
    )
    await work.flush()
    return row


async def _let_go(
    work: Work, client: UUID, seen: set[UUID], refs: Sequence[str] | None = None
) -> None:
    """Hits that did not come back; with `refs`, only those about entries that were asked again."""
    statement = select(ScreeningHit).where(
        ScreeningHit.client == client, ScreeningHit.state != HitState.GONE
    )
    if refs is not None:
        statement = statement.where(ScreeningHit.ref.in_(refs))
    for row in await work.rows(statement):
        if row.id not in seen:
            row.move(HitState.GONE)


def opened(work: Work, row: ScreeningHit) -> Hit:
    text = work.unseal(row.id, HIT, row.body_sealed) or "{}"
    return msgspec.json.decode(text, type=Hit)


def kept(work: Work, row: Screening) -> Answer:
    text = work.unseal(row.id, ANSWER, row.answer_sealed) or "{}"
    return msgspec.json.decode(text, type=Answer)


async def rescreen(
    open_work: OpenWork, code: str, number: int, after: UUID | None = None
) -> UUID | None:
    """A part of the book against what one list version says differently.

    Returns the last client done, None at the end. Doing a part again changes nothing.
    """
    async with open_work() as work:
        settings = work.settings(KycSettings).screening
    if code not in settings.lists:
        return None
    index, ended = await store.altered(code, number)
    touched = sorted({*ended, *(entry.ref for entry in index.entries)})
    found, at = 0, after or UUID(int=0)
    for _ in range(_TURNS):
        async with open_work() as work:
            rows, last = await _book(work, at, index)
        hits = await asyncio.to_thread(_compared, rows, index, settings.threshold)
        async with open_work() as work:
            found += await _alert(work, hits, touched)
            work.record("screening.book", listing=code, version=index.version, met=found)
        if last is None:
            return None
        at = last
    return at


def _compared(
    rows: Sequence[tuple[UUID, UUID, list[Subject]]], index: Index, threshold: int
) -> list[tuple[UUID, UUID, Answer]]:
    return [
        (client, case, screen.answer(one, [index], threshold=threshold))
        for client, case, wanted in rows
        for one in wanted
    ]


async def _book(
    work: Work, after: UUID, index: Index
) -> tuple[list[tuple[UUID, UUID, list[Subject]]], UUID | None]:
    """The newest handed-in case of the next clients, but of those already asked about this version;
    and the last client seen, None at the end.
    """
    newest = (
        select(KycCase)
        .where(KycCase.client > after, KycCase.attempt > 0)
        .ext(distinct_on(KycCase.client))
        .order_by(KycCase.client, KycCase.id.desc())
        .limit(_BOOK)
    )
    rows = await work.rows(newest)
    if not rows:
        return [], None
    asked = await work.rows(
        select(Screening.client).where(
            Screening.client.in_([row.client for row in rows]),
            Screening.lists.contains([{"listing": index.code, "version": index.version}]),
        )
    )
    book = [
        (row.client, row.id, await subjects_of(work, row))
        for row in rows
        if row.client not in set(asked)
    ]
    return book, rows[-1].client


async def _alert(
    work: Work, answered: Sequence[tuple[UUID, UUID, Answer]], touched: Sequence[str]
) -> int:
    """Open what is new, let go what the list took back, and hold large withdrawals meanwhile."""
    by_client: dict[UUID, list[tuple[UUID, Answer]]] = {}
    for client, case, answer in answered:
        by_client.setdefault(client, []).append((case, answer))
    alerted = 0
    for client, told in by_client.items():
        seen: set[UUID] = set()
        for case, answer in told:
            if answer.hits:
                seen |= await _keep(work, client, case, answer, "list")
        await _let_go(work, client, seen, touched)
        waiting = await work.rows(
            select(ScreeningHit.id).where(
                ScreeningHit.id.in_(seen), ScreeningHit.state == HitState.OPEN
            )
        )
        if waiting:
            alerted += 1
            await note(work, client)
        await _recheck(work, told[-1][0], [answer for _, answer in told])
    return alerted


async def _recheck(work: Work, case: UUID, answers: list[Answer]) -> None:
    """A case that is under way counts the new hits, too."""
    row = await work.get(KycCase, case)
    if row.state in {State.CHECKING, State.REVIEW}:
        known = (await checks.of(work, case)).get(checks.SCREENING)
        if known is not None:
            found = await check(work, row.client, answers, [])
            if found.outcome is not Outcome.PASSED or known.outcome != Outcome.PASSED:
                await checks.put(work, row, found, checks.LISTS)
                await cases.settle(work, case)


async def note(work: Work, client: UUID) -> None:
    """Until an officer has looked, more diligence is due; the client reads nothing of it."""
    row = await standing.locked(work, client)
    if MATCH not in row.extra:
        row.extra = [*row.extra, MATCH]
    work.announce("desk|kyc", f"desk|client-{client}")


async def cleared(work: Work, client: UUID) -> None:
    """All hits are decided; what was held for them is free again."""
    waiting = await work.first(
        select(ScreeningHit.id).where(
            ScreeningHit.client == client,
            ScreeningHit.state.in_([HitState.OPEN, HitState.TRUE]),
        )
    )
    row = await standing.locked(work, client)
    if waiting is None and MATCH in row.extra:
        row.extra = [reason for reason in row.extra if reason != MATCH]
        row.extra_done_at = work.now
