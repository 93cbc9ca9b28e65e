"""How far a case is: the tracker that client and staff share, and what is missing still."""

from brokerage.kyc import checks, filling, standing, tracker
from brokerage.kyc.jurisdictions import forms
from brokerage.kyc.jurisdictions.packs import ClientType, StepKind
from brokerage.kyc.model import KycCase, State
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work


async def progress(work: Work, case: KycCase) -> tracker.Progress:
    known = await checks.of(work, case.id)
    shown = await checks.documents_of(work, case.id)
    pack = standing.pack_of(work, case.pack)
    done = set(case.steps_done)
    agreed = await filling.accepted(work, case.client)
    for step in forms.steps_of(pack):
        if step.kind is StepKind.AGREEMENTS and all(
            (one.code, one.version) in agreed for one in filling.agreements_of(work, case)
        ):
            done.add(step.code)
    stands = {
        State.CHECKING: tracker.Case.SUBMITTED,
        State.REVIEW: tracker.Case.SUBMITTED,
        State.APPROVED: tracker.Case.APPROVED,
        State.REJECTED: tracker.Case.REJECTED,
    }.get(State(case.state), tracker.Case.OPEN)
    return tracker.Progress(
        client_type=ClientType(case.client_type),
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
