"""A case on its way: opened, handed in, settled by what the checks say."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select

from brokerage.clients import clients
from brokerage.clients.model import Client, Risk
from brokerage.kyc import (
    checks,
    dossier,
    levels,
    outcomes,
    progress,
    rating,
    rules,
    standing,
    tracker,
)
from brokerage.kyc.events import KycSubmitted
from brokerage.kyc.filling import (
    accepted,
    agree,
    agreements_of,
    save_part,
    step_of,
    steps_of,
)
from brokerage.kyc.jurisdictions.packs import ClientType
from brokerage.kyc.model import LIVING, WITH_US, KycCase, State, Why
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.progress import missing, tracked
from brokerage.kyc.rules import Decision, Outcome
from brokerage.kyc.settings import KycSettings
from brokerage.kyc.standing import Limits, limits
from stoa.kernel.refusals import Conflict
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

PATIENCE: Final = timedelta(minutes=30)
"""How long a case waits for machines before a person takes it up without them."""


async def level(work: Work, client: UUID) -> str:
    """The code of the level reached."""
    return (await standing.of(work, client)).level


_NEWEST: Final = (
    select(KycCase)
    .where(KycCase.client == bindparam("client"))
    .order_by(KycCase.id.desc())
    .limit(5)
)


async def newest(work: Work, client: UUID) -> KycCase | None:
    """The living case, else the latest one."""
    rows = await work.rows(_NEWEST, {"client": client})
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
        id=work.new_id(),
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


async def submit(work: Work, case: UUID) -> KycCase:
    """Hand the case in; machines and lists look at it next."""
    row = await work.lock(KycCase, case)
    work.require(Kyc.VERIFY_OWN)
    work.actor.own(row.client)
    if row.state in {State.CHECKING, State.REVIEW, State.APPROVED}:
        return row
    left = await progress.missing(work, row)
    if left:
        raise Conflict(
            "Something is missing still: {missing}. Nothing was sent.",
            code="incomplete",
            missing=", ".join(left),
        )

    pack = standing.pack_of(work, row.pack)
    if row.applicant is None:
        row.provider = work.settings(KycSettings).provider or "manual"
    row.steps_done = [step.code for step in steps_of(work, row)]
    row.move(State.CHECKING)
    row.attempt += 1
    row.submitted_at = work.now
    zone = work.settings(TenantFacts).time_zone
    row.due_at = tracker.promise(work.now, pack.review_hours, zone)
    row.failed, row.reason = [], None
    await rating.rate(work, row)
    place = await standing.locked(work, row.client)
    place.risk_score, place.risk_band, place.risk = row.risk_score, row.risk_band, row.risk
    row.urgency_at = rating.urgency(row)
    await clients.set_risk(work, row.client, Risk(row.risk_band or "unrated"))
    await _again(work, row)
    await checks.run(work, row)
    await dossier.carry_over(work, row)
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


def needed(work: Work, row: KycCase) -> tuple[str, ...]:
    pack = standing.pack_of(work, row.pack)
    return levels.checks_of(pack, ClientType(row.client_type))


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


async def suppresses_contact(work: Work, client: UUID) -> bool:
    """Whether sales leave this client alone for now: somebody is looking at their papers."""
    found = await newest(work, client)
    return found is not None and found.state in WITH_US


def told(work: Work, row: KycCase) -> None:
    work.subject = row.client
    work.announce(
        f"client:{row.client}|kyc", "desk|kyc", f"desk|kyc-{row.id}", f"desk|client-{row.client}"
    )


__all__ = [
    "Limits",
    "accepted",
    "agree",
    "agreements_of",
    "current",
    "level",
    "limits",
    "missing",
    "needed",
    "newest",
    "open_for",
    "own",
    "save_part",
    "settle",
    "step_of",
    "steps_of",
    "submit",
    "suppresses_contact",
    "told",
    "tracked",
]
