"""A case with the verification provider: claim, call, conclude, and never another's result."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import or_, select

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.kyc import cases, checks, connectors, dossier
from brokerage.kyc.connector import Document, KycConnector, Paper, Person, Result
from brokerage.kyc.connector import State as At
from brokerage.kyc.model import KycCase, KycDocument, State
from brokerage.kyc.rules import Check, Outcome
from brokerage.kyc.settings import KycSettings
from stoa.connectors.keyring import Keyring, secret_names
from stoa.connectors.outside import outside
from stoa.files import store
from stoa.kernel.refusals import NotFound, Refusal
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.vault import credentials

MANUAL: Final = "manual"
POLLED_AT_ONCE: Final = 20
_PAPERS: Final = {
    "passport": Paper.PASSPORT,
    "identity-card": Paper.ID_CARD,
    "driving-licence": Paper.DRIVING_LICENCE,
    "residence-permit": Paper.RESIDENCE_PERMIT,
    "bank-statement": Paper.BANK_STATEMENT,
    "utility-bill": Paper.PROOF_OF_ADDRESS,
    "tax-letter": Paper.PROOF_OF_ADDRESS,
    "residence-certificate": Paper.PROOF_OF_ADDRESS,
}
_OF_ADDRESS: Final = ("ADDRESS", "UTILITY", "POA")


class Order(msgspec.Struct, frozen=True):
    """What to ask a provider, read in one transaction and used with none open."""

    case: UUID
    attempt: int
    connector: KycConnector
    applicant: str | None
    person: Person
    documents: tuple[tuple[UUID, Document], ...]


async def connected(work: Work, code: str) -> KycConnector:
    """The connector of that code over this tenant's own line and secrets."""
    kind = connectors.named(code)
    told = work.settings(KycSettings).connections.get(code, {})
    way = outside()
    settings = way.settings(kind.settings_type, told)
    held = {name: await credentials.both(work, name) for name in secret_names(settings)}
    return kind(settings, Keyring(held), way.line(work.tenant.id, f"kyc.{code}"))


async def claim(work: Work, case: UUID, attempt: int) -> Order | None:
    """What is to be sent of a submission; None when there is nothing to do any more."""
    row = await work.lock(KycCase, case)
    if row.state != State.CHECKING or row.attempt != attempt or row.provider_attempt >= attempt:
        return None
    if (await _known(work, row)).get(checks.DOCUMENT) == Outcome.PASSED:
        row.provider_attempt = attempt
        return None
    if row.provider in {"", MANUAL}:
        row.provider_attempt = attempt
        because = N_("our own officers look at the documents")
        check = Check(checks.DOCUMENT, Outcome.REVIEW, because)
        await checks.put(work, row, check, checks.RULES)
        await cases.settle(work, case)
        return None
    return Order(
        case=case,
        attempt=attempt,
        connector=await connected(work, row.provider),
        applicant=row.applicant,
        person=await _person(work, row),
        documents=await _documents(work, row),
    )


async def _known(work: Work, row: KycCase) -> dict[str, str]:
    return {code: one.outcome for code, one in (await checks.of(work, row.id)).items()}


async def _person(work: Work, row: KycCase) -> Person:
    who = dossier.identified(dossier.read(work, row))
    client = await work.get(Client, row.client)
    emails = await clients.emails(work, [row.client])
    return Person(
        reference=str(row.id),
        first_name=who.first_name,
        last_name=who.last_name,
        born=who.birth_date,
        country=who.country or client.country,
        nationality=who.nationality,
        email=emails.get(row.client, ""),
        phone=who.phone,
        language=client.language,
    )


async def _documents(work: Work, row: KycCase) -> tuple[tuple[UUID, Document], ...]:
    """What has not been sent for this submission; a picture that nobody can read stays here."""
    rows = await work.rows(
        select(KycDocument)
        .where(
            KycDocument.case == row.id,
            KycDocument.in_force,
            KycDocument.sent_attempt < row.attempt,
            KycDocument.as_it_is.is_(False),
        )
        .order_by(KycDocument.id)
    )
    found: list[tuple[UUID, Document]] = []
    for paper in rows:
        file = await store.find(work, paper.file)
        document = Document(
            paper=_PAPERS.get(paper.paper, Paper.OTHER),
            country=paper.country,
            file_name=store.name(work, file),
            media_type=file.media_type,
            content=await store.read(work, file),
        )
        found.append((paper.id, document))
    return tuple(found)


async def bind(work: Work, case: UUID, applicant: str) -> None:
    """From now on this applicant is this case's, and no other's."""
    row = await work.lock(KycCase, case)
    row.applicant = applicant


async def sent(work: Work, document: UUID, attempt: int) -> None:
    row = await work.lock(KycDocument, document)
    row.sent_attempt = attempt


async def asked(work: Work, case: UUID, attempt: int) -> None:
    """The review is asked for; what comes back from now on is about this submission."""
    row = await work.lock(KycCase, case)
    row.provider_attempt = max(row.provider_attempt, attempt)
    row.provider_state = str(At.SUBMITTED)
    row.polled_at = work.now
    await checks.put(work, row, Check(checks.DOCUMENT, Outcome.PENDING), checks.PROVIDER)


async def refused(work: Work, case: UUID, attempt: int, code: str) -> None:
    """The provider will not look at it: a person does."""
    row = await work.lock(KycCase, case)
    row.provider_attempt = max(row.provider_attempt, attempt)
    check = Check(checks.DOCUMENT, Outcome.REVIEW, f"the provider did not take it: {code}")
    await checks.put(work, row, check, checks.PROVIDER)
    await cases.settle(work, case)


async def conclude(work: Work, case: UUID, result: Result) -> None:
    """Take over what the provider found, if it is about this case and its latest submission."""
    row = await work.lock(KycCase, case)
    if result.applicant != row.applicant or result.our_id != str(row.id):
        raise NotFound
    row.polled_at = work.now
    if row.state not in {State.CHECKING, State.REVIEW} or row.provider_attempt != row.attempt:
        return
    row.provider_state = str(result.state)
    if not result.state.decided:
        return
    found = _check(result)
    before = (await checks.of(work, case)).get(checks.DOCUMENT)
    if before is not None and before.source == checks.OFFICER:
        return
    await checks.put(work, row, found, checks.PROVIDER)
    if result.state in {At.REJECTED_RETRY, At.EXPIRED}:
        await _point_at(work, row, result, found)
    await cases.settle(work, case)


def _check(result: Result) -> Check:
    because = ", ".join(result.labels)[:300] or str(result.state)
    match result.state:
        case At.APPROVED:
            return Check(checks.DOCUMENT, Outcome.PASSED, version=result.level)
        case At.REJECTED_RETRY | At.EXPIRED:
            tell = result.tell or N_("Please send a better picture of your document.")
            return Check(checks.DOCUMENT, Outcome.RETRY, because, tell, result.level)
        case _:
            # Never told to the client: a final no may be about a list.
            return Check(checks.DOCUMENT, Outcome.FAILED, because, version=result.level)


async def _point_at(work: Work, row: KycCase, result: Result, found: Check) -> None:
    """Which paper the client has to show again."""
    shown = await checks.documents_of(work, row.id)
    wanted = "identity"
    if any(word in label.upper() for label in result.labels for word in _OF_ADDRESS):
        wanted = "address"
    kind = wanted if wanted in shown else next(iter(shown), "")
    if kind:
        check = Check(f"document-{kind}", Outcome.RETRY, found.because, found.tell, found.version)
        await checks.put(work, row, check, checks.PROVIDER)


async def silent(work: Work) -> list[tuple[UUID, str, KycConnector | None]]:
    """Cases whose provider has said nothing for too long, with whom to ask."""
    wait = timedelta(seconds=work.settings(KycSettings).poll_after_s)
    rows = await work.rows(
        select(KycCase)
        .where(
            KycCase.state == State.CHECKING,
            KycCase.submitted_at < work.now - wait,
            or_(KycCase.polled_at.is_(None), KycCase.polled_at < work.now - wait),
        )
        .order_by(KycCase.submitted_at)
        .limit(POLLED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found: list[tuple[UUID, str, KycConnector | None]] = []
    for row in rows:
        row.polled_at = work.now
        found.append((row.id, row.applicant or "", await _reachable(work, row)))
    return found


async def _reachable(work: Work, row: KycCase) -> KycConnector | None:
    """None while nobody was asked yet, or while the connection is not set up."""
    try:
        return await connected(work, row.provider) if row.applicant else None
    except Refusal:
        return None
