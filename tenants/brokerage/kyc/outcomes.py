"""How a case ends, or goes back: approved, rejected, asked again. The record says from what."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import select

from brokerage.clients import clients
from brokerage.clients.model import Client, Risk
from brokerage.kyc import checks, rules, standing
from brokerage.kyc.events import KycApproved, KycAsked, KycRejected
from brokerage.kyc.model import KycCase, KycCheck, KycDocument, KycStanding, State
from brokerage.kyc.rules import Check, Outcome, Verdict
from brokerage.kyc.settings import KycSettings
from stoa.kernel.refusals import Conflict
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_


async def approve(work: Work, case: KycCase, verdict: Verdict, found: Mapping[str, Check]) -> None:
    """Grant what the passed checks carry. By rules when the system acts, else by an officer."""
    if verdict.failed:
        raise Conflict("Not every check has passed. Nothing was changed.", code="checks-open")
    known = await checks.of(work, case.id)
    case.move(State.APPROVED)
    decide(work, case, verdict, known)
    row = await standing.locked(work, case.client)
    client = await work.lock(Client, case.client)
    row.pack = case.pack
    row.steps = sorted(case.steps_done)
    row.checks = sorted(code for code, check in found.items() if check.outcome is Outcome.PASSED)
    row.approved_at, row.approved_case = work.now, case.id
    row.risk_score, row.risk_band, row.risk = case.risk_score, case.risk_band, case.risk
    await _deadlines(work, case, row)
    level = await standing.grade(work, row, client)
    await clients.set_risk(work, case.client, Risk(row.risk_set_band or row.risk_band or "unrated"))
    _release(case)
    work.tell(KycApproved(client=case.client, case=case.id, level=level.code))
    await notices.tell(
        work,
        case.client,
        N_("You are verified"),
        N_("Thank you. Your documents are checked."),
        "/",
    )
    await notices.mail(work, case.client, "kyc_approved", link="/", level=level.title)


async def _deadlines(work: Work, case: KycCase, row: KycStanding) -> None:
    """When the papers run out, and when the client is looked at again."""
    pack = standing.pack_of(work, case.pack)
    ends = await work.rows(
        select(KycDocument.expires_on).where(
            KycDocument.case == case.id, KycDocument.in_force, KycDocument.expires_on.is_not(None)
        )
    )
    row.expires_on = min((day for day in ends if day), default=None)
    row.warned_days = None
    band = row.risk_set_band or case.risk_band or ""
    row.review_on = rules.next_review(pack, band, standing.today(work))


async def ask(work: Work, case: KycCase, first: Check) -> None:
    """Back to the client, who reads what to mend and how."""
    case.move(State.ASKED)
    case.reason = first.code[:40]
    _release(case)
    tell = first.tell or N_("We need something more from you.")
    work.tell(KycAsked(client=case.client, case=case.id, reason=first.code))
    await notices.tell(work, case.client, N_("We need something more from you"), tell, "/verify")
    await notices.mail(work, case.client, "kyc_rejected", link="/verify", reason=tell)


def to_review(work: Work, case: KycCase) -> None:
    """Into the officers' queue."""
    case.move(State.REVIEW)
    case.in_review_at = work.now


async def reject(work: Work, case: KycCase, reason: str, tell: str) -> None:
    """The end of this case. The client reads `tell`, which never hints at a list."""
    found = await checks.of(work, case.id)
    case.move(State.REJECTED)
    case.reason = reason
    decide(work, case, rules.Verdict(rules.Decision.REVIEW), found)
    row = await standing.locked(work, case.client)
    client = await work.lock(Client, case.client)
    row.steps, row.checks = [], []
    await standing.grade(work, row, client)
    _release(case)
    work.tell(KycRejected(client=case.client, case=case.id, reason=reason))
    await notices.tell(work, case.client, N_("We could not verify you"), tell, "/verify")
    await notices.mail(work, case.client, "kyc_refused", link="/verify", reason=tell)


def decide(work: Work, case: KycCase, verdict: Verdict, found: Mapping[str, KycCheck]) -> None:
    """Write down what was decided, by whom, from which checks under which versions."""
    case.decided_at, case.decided_by = work.now, work.actor.id
    case.decided_name = work.actor.name[:120]
    case.decision = {
        **standing.facts_of(case),
        "state": str(case.state),
        "how": "officer" if work.actor.id else "rules",
        "rules": verdict.version,
        "risk": case.risk,
        "screening": msgspec.to_builtins(work.settings(KycSettings).screening),
        "checks": [_line(row) for row in found.values()],
    }


def _line(row: KycCheck) -> dict[str, Any]:
    return {
        "code": row.code,
        "outcome": row.outcome,
        "machine": row.machine,
        "because": row.because,
        "source": row.source,
        "version": row.version,
        "at": row.at.isoformat(),
        "by": str(row.by) if row.by else None,
    }


def _release(case: KycCase) -> None:
    case.claimed_by = case.claimed_name = case.claimed_until = None
