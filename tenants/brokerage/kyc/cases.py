"""A case on its way: opened, filled in page by page, handed in, settled by what the checks say."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from brokerage.clients import clients
from brokerage.clients.model import Client, ClientAgreement, Risk
from brokerage.clients.settings import ClientSettings
from brokerage.kyc import (
    answers,
    checks,
    dossier,
    forms,
    levels,
    outcomes,
    risk,
    rules,
    standing,
    tracker,
)
from brokerage.kyc.events import KycSubmitted
from brokerage.kyc.model import LIVING, WITH_CLIENT, KycCase, State, Why
from brokerage.kyc.packs import Agreement, Pack, Step, StepKind
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.rules import Decision, Outcome
from brokerage.kyc.settings import KycSettings
from brokerage.kyc.standing import Limits, limits
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

EXPECTED: Final = {"up-to-10000": 10_000, "up-to-50000": 50_000, "up-to-250000": 250_000}
_SOONER_H: Final = {"high": 12, "medium": 4}
PATIENCE: Final = timedelta(minutes=30)
"""How long a case waits for machines before a person takes it up without them."""


async def level(work: Work, client: UUID) -> str:
    """The code of the level reached."""
    return (await standing.of(work, client)).level


async def newest(work: Work, client: UUID) -> KycCase | None:
    """The living case, else the latest one."""
    rows = await work.rows(
        select(KycCase).where(KycCase.client == client).order_by(KycCase.id.desc()).limit(5)
    )
    return next((row for row in rows if row.state in LIVING), rows[0] if rows else None)


async def current(work: Work, client: UUID) -> KycCase:
    """The client's case; opened when there was none."""
    found = await newest(work, client)
    return found if found is not None else await open_for(work, client, Why.FIRST)


async def open_for(work: Work, client: UUID, why: Why) -> KycCase:
    """Open a case in the client's jurisdiction; the living one, if there is one, comes back."""
    found = await newest(work, client)
    if found is not None and found.state in LIVING:
        return found
    row = await standing.of(work, client)
    known = await work.get(Client, client)
    case = KycCase(
        id=uuid7(int(work.now.timestamp() * 1000)),
        client=client,
        why=why,
        state=State.OPEN,
        pack=row.pack,
        client_type=str(dossier.client_type(known)),
        opened_at=work.now,
        attempt=0,
        steps_done=[],
        failed=[],
        provider=work.settings(KycSettings).provider or "manual",
        provider_attempt=0,
    )
    work.add(case)
    await work.flush()
    before = dossier.read(work, found) if found is not None else dossier.start(work, known)
    dossier.write(work, case, before)
    await work.flush()
    return case


async def own(work: Work, *, lock: bool = False) -> KycCase:
    """The acting client's case."""
    work.require(Kyc.VERIFY_OWN)
    assert work.actor.id is not None  # noqa: S101 - a client's session names its person
    case = await current(work, work.actor.id)
    return await work.lock(KycCase, case.id) if lock else case


def steps_of(work: Work, case: KycCase) -> list[Step]:
    """The pages that this client goes through."""
    pack = standing.pack_of(work, case.pack)
    return [step for step in forms.steps_of(pack) if case.client_type in step.for_types]


def step_of(work: Work, case: KycCase, code: str) -> Step:
    for step in steps_of(work, case):
        if step.code == code:
            return step
    raise NotFound


def must_be_with_client(case: KycCase) -> None:
    if case.state not in WITH_CLIENT:
        raise Conflict(
            "Your verification is being looked at; nothing can be changed now.",
            code="not-with-you",
        )


async def save_part(
    work: Work, case: KycCase, step: Step, part: Step, given: Mapping[str, str]
) -> None:
    """Keep the answers of one screen. `part` is the step with only that screen's fields."""
    must_be_with_client(case)
    work.actor.own(case.client)
    pack = standing.pack_of(work, case.pack)
    clean = answers.understood(
        part, given, today=standing.today(work), least_age_years=pack.least_age_years
    )
    client = await work.get(Client, case.client)
    await _must_be_welcome(work, client, clean)

    known = dossier.read(work, case)
    known[step.code] = known.get(step.code, {}) | clean
    dossier.write(work, case, known)
    filled = known[step.code]
    complete = all(filled.get(one.code) for one in step.fields if one.required) and all(
        one.code in filled for one in step.fields
    )
    if complete and step.code not in case.steps_done:
        case.steps_done = [*case.steps_done, step.code]
    country = clean.get("country", "")
    if country and step.kind is StepKind.FORM:
        await _follow_country(work, case, client, country)
    await work.flush()


async def _must_be_welcome(work: Work, client: Client, clean: Mapping[str, str]) -> None:
    blocked = work.settings(KycSettings).blocked
    asked = standing.applicant(
        work, client, clean.get("country", ""), nationality=clean.get("nationality", "")
    )
    rules.must_not_be_blocked(blocked, asked)


async def _follow_country(work: Work, case: KycCase, client: Client, country: str) -> None:
    """Another residence may be another jurisdiction, with other pages and papers."""
    found = standing.resolved(work, client, country)
    if found.pack != case.pack:
        row = await standing.locked(work, client.id)
        row.pack = case.pack = found.pack
        row.jurisdiction, row.resolved_at = msgspec.to_builtins(found), work.now


def agreements_of(work: Work, case: KycCase) -> list[Agreement]:
    """The texts to accept, in the version in force: the tenant's own text tells its version."""
    pack = standing.pack_of(work, case.pack)
    texts = work.settings(ClientSettings)
    found: list[Agreement] = []
    for one in pack.agreements:
        if case.client_type in one.for_types:
            document = texts.document(one.code)
            version = document.version if document else one.version
            found.append(msgspec.structs.replace(one, version=version))
    return found


async def accepted(work: Work, client: UUID) -> dict[tuple[str, str], ClientAgreement]:
    rows = await work.rows(select(ClientAgreement).where(ClientAgreement.client == client))
    return {(row.document, row.version): row for row in rows}


async def agree(work: Work, case: KycCase, step: Step, codes: Mapping[str, str]) -> None:
    """Accept all texts at once, each in the version that was shown."""
    must_be_with_client(case)
    work.actor.own(case.client)
    client = await work.get(Client, case.client)
    known = await accepted(work, case.client)
    texts = work.settings(ClientSettings)
    for one in agreements_of(work, case):
        if (one.code, one.version) in known:
            continue
        if codes.get(one.code) != one.version:
            raise Invalid(
                "Please read and accept this. The text may have changed since you opened the page.",
                field="accept",
            )
        document = texts.document(one.code)
        work.add(
            ClientAgreement(
                client=case.client,
                document=one.code,
                version=one.version,
                language=document.language_shown(client.language) if document else client.language,
                accepted_at=work.now,
            )
        )
    if step.code not in case.steps_done:
        case.steps_done = [*case.steps_done, step.code]
    await work.flush()


async def progress(work: Work, case: KycCase) -> tracker.Progress:
    known = await checks.of(work, case.id)
    shown = await checks.documents_of(work, case.id)
    pack = standing.pack_of(work, case.pack)
    done = set(case.steps_done)
    agreed = await accepted(work, case.client)
    for step in forms.steps_of(pack):
        if step.kind is StepKind.AGREEMENTS and all(
            (one.code, one.version) in agreed for one in agreements_of(work, case)
        ):
            done.add(step.code)
    stands = {
        State.CHECKING: tracker.Case.SUBMITTED,
        State.REVIEW: tracker.Case.SUBMITTED,
        State.APPROVED: tracker.Case.APPROVED,
        State.REJECTED: tracker.Case.REJECTED,
    }.get(State(case.state), tracker.Case.OPEN)
    return tracker.Progress(
        client_type=dossier.ClientType(case.client_type),
        steps_done=tuple(sorted(done)),
        uploaded=tuple(shown),
        checks=tuple(checks.pure(row) for row in known.values()),
        case=stands,
        submitted_at=case.submitted_at,
        with_provider=case.provider not in {"", "manual"},
    )


async def tracked(work: Work, case: KycCase) -> tracker.Tracker:
    """The one list that client and staff see."""
    pack = standing.pack_of(work, case.pack)
    zone = work.settings(TenantFacts).time_zone
    return tracker.track(pack, await progress(work, case), time_zone=zone)


async def missing(work: Work, case: KycCase) -> list[str]:
    """What keeps the case from being handed in. A failed test does not: it is told and looked at."""
    pack = standing.pack_of(work, case.pack)
    found = await progress(work, case)
    tested = {step.code for step in forms.steps_of(pack) if step.kind is StepKind.QUESTIONNAIRE}
    return [
        code
        for code in tracker.missing(pack, found)
        if not (code in tested and code in found.steps_done)
    ]


async def submit(work: Work, case: UUID) -> KycCase:
    """Hand the case in; machines and lists look at it next."""
    row = await work.lock(KycCase, case)
    work.require(Kyc.VERIFY_OWN)
    work.actor.own(row.client)
    if row.state in {State.CHECKING, State.REVIEW, State.APPROVED}:
        return row
    left = await missing(work, row)
    if left:
        raise Conflict(
            "Something is missing still: {missing}. Nothing was sent.",
            code="incomplete",
            missing=", ".join(left),
        )

    pack = standing.pack_of(work, row.pack)
    row.steps_done = [step.code for step in steps_of(work, row)]
    row.move(State.CHECKING)
    row.attempt += 1
    row.submitted_at = work.now
    zone = work.settings(TenantFacts).time_zone
    row.due_at = tracker.promise(work.now, pack.review_hours, zone)
    row.failed, row.reason = [], None
    rate(work, row)
    row.urgency_at = urgency(row)
    await clients.set_risk(work, row.client, Risk(row.risk_band or "unrated"))
    await _again(work, row)
    await checks.run(work, row)
    await carry_over(work, row)
    work.tell(KycSubmitted(client=row.client, case=row.id, attempt=row.attempt))
    told(work, row)
    return row


async def _again(work: Work, row: KycCase) -> None:
    """A second hand-in: what a machine asked to be mended is looked at afresh."""
    known = await checks.of(work, row.id)
    stale = [
        code
        for code, one in known.items()
        if one.outcome != Outcome.PASSED and code in {checks.DOCUMENT, checks.SCREENING}
    ]
    await checks.drop(work, row.id, stale)


def urgency(row: KycCase) -> datetime | None:
    """The promised time, sooner for who is riskier."""
    if row.due_at is None:
        return None
    return row.due_at - timedelta(hours=_SOONER_H.get(row.risk_band or "", 0))


def rate(work: Work, row: KycCase) -> risk.Score:
    """Score the client's risk by the tenant's model and keep every factor with the case."""
    who = dossier.identified(dossier.read(work, row))
    model = work.settings(KycSettings).risk
    expected = EXPECTED.get(who.expected_yearly)
    known = risk.Known(
        countries=who.countries,
        pep=who.pep,
        expected_yearly=Money(Decimal(expected), "EUR") if expected else None,
    )
    score = risk.score(model, known, _same_currency)
    row.risk_score, row.risk_band = score.score, score.band
    row.risk = msgspec.to_builtins(score)
    return score


def _same_currency(money: Money, to: str) -> Money:
    """Steps of the model in another currency than the question count as the highest."""
    if money.currency == to:
        return money
    return Money(Decimal("1e15"), to)


async def carry_over(work: Work, row: KycCase) -> None:
    """What the client wrote here is what we know of them from now on."""
    who = dossier.identified(dossier.read(work, row))
    client = await work.lock(Client, row.client)
    if who.birth_date and client.birth_date_sealed is None:
        client.birth_date_sealed = work.seal(
            client.id, "client.birth_date", who.birth_date.isoformat()
        )
    if who.street:
        told_address = {"street": who.street, "city": who.city, "postcode": who.postcode}
        client.address_sealed = work.seal(
            client.id, "client.address", msgspec.json.encode(told_address).decode()
        )
    if who.phone and client.phone_sealed is None:
        client.phone_sealed = work.seal(client.id, "client.phone", who.phone)
        client.phone_blind = work.blind("client.phone", who.phone)
    await work.flush()


def needed(work: Work, row: KycCase) -> tuple[str, ...]:
    pack = standing.pack_of(work, row.pack)
    return levels.checks_of(pack, dossier.ClientType(row.client_type))


async def settle(work: Work, case: UUID) -> KycCase:
    """Let what is known of a case decide it: approve, ask back, or hand to a person."""
    row = await work.lock(KycCase, case)
    found = await checks.run(work, row)
    verdict = rules.verdict(needed(work, row), found.values())
    row.failed = [check.code for check in verdict.failed]
    if row.state != State.CHECKING:
        told(work, row)
        return row
    if verdict.waiting and not _overdue(work, row):
        return row
    match verdict.decision:
        case Decision.APPROVE:
            await outcomes.approve(work, row, verdict, found)
        case Decision.ASK:
            await outcomes.ask(work, row, verdict.failed[0])
        case Decision.REVIEW | Decision.WAIT:
            outcomes.to_review(work, row)
    told(work, row)
    return row


def _overdue(work: Work, row: KycCase) -> bool:
    return row.submitted_at is not None and work.now - row.submitted_at > PATIENCE


def told(work: Work, row: KycCase) -> None:
    work.subject = row.client
    work.announce(
        f"client:{row.client}|kyc", "desk|kyc", f"desk|kyc-{row.id}", f"desk|client-{row.client}"
    )


def pack_of(work: Work, row: KycCase) -> Pack:
    return standing.pack_of(work, row.pack)


def record_of(row: KycCase) -> dict[str, Any]:
    return row.decision or {}


__all__ = ["Limits", "current", "level", "limits", "newest", "open_for", "settle", "submit"]
