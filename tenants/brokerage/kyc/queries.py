"""Reads about verification: what the client's pages, the queue and the shared screens show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import load_only

from brokerage.clients import queries as people
from brokerage.kyc import cases, tracker, wordings
from brokerage.kyc.model import KycCallback, KycCase, KycProposal, KycStanding, State
from brokerage.kyc.permissions import Kyc
from brokerage.screening.model import HitState, ScreeningHit
from stoa.product import Card, Item, Need
from stoa.tenancy.actor import Kind
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

SHOWN: Final = 6
_NEED: Final = {
    tracker.State.DONE: "done",
    tracker.State.MISSING: "needs",
    tracker.State.MEND: "needs",
    tracker.State.WAITING: "moving",
}
_WHO: Final = {
    tracker.Who.CLIENT: "client",
    tracker.Who.STAFF: "us",
    tracker.Who.PROVIDER: "provider",
    tracker.Who.NOBODY: "nobody",
}


async def needs(work: Work, client: UUID) -> Sequence[Need]:
    """Verification as one line while nothing is started, item by item once it is under way."""
    case = await cases.newest(work, client)
    if case is None:
        title = N_("Verify who you are")
        text = N_("Ten minutes, with your passport or identity card at hand.")
        return [Need("kyc", title, "needs", text, "/verify", order=20)]
    if case.state == State.APPROVED:
        return [Need("kyc", N_("Verified"), "done", "", "/verify", who="nobody", order=20)]
    told = await cases.tracked(work, case)
    if case.state == State.REJECTED:
        last = told.items[-1]
        return [Need("kyc", last.title, "stopped", last.says, "/verify", who="nobody", order=20)]
    found = [_need(case, item, at) for at, item in enumerate(told.items)]
    if case.state in {State.OPEN, State.ASKED} and not await cases.missing(work, case):
        found[-1] = Need(
            "kyc-submit",
            N_("Hand in your verification"),
            "needs",
            N_("Everything is there. Have a last look and send it."),
            "/verify/review",
            order=20 + len(found),
        )
    return found


def _need(case: KycCase, item: tracker.Item, at: int) -> Need:
    status = _NEED[item.state]
    if item.state is tracker.State.WAITING and case.state in {State.OPEN, State.ASKED}:
        status = "waiting"
    path = f"/verify/{item.step}" if item.step else "/verify"
    who: Any = _WHO[item.who]
    return Need(
        f"kyc-{item.code}", item.title, status, item.says, path, who=who, due=item.by, order=20 + at
    )


@kept
def _by_state(within: ColumnElement[bool]) -> Select[str, int]:
    return select(KycCase.state, func.count()).where(within).group_by(KycCase.state)


@kept
def _to_decide(within: ColumnElement[bool]) -> Select[Any]:
    return (
        select(KycCase)
        .options(load_only(KycCase.client, KycCase.failed, KycCase.in_review_at, KycCase.due_at))
        .where(KycCase.state == State.REVIEW, within)
        .order_by(KycCase.urgency_at.nulls_last(), KycCase.id)
    )


@kept
def _for_second(within: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).where(KycProposal.state == "waiting", within)


async def counts(work: Work) -> dict[str, int]:
    """How many cases stand where, within the reader's scope."""
    rows = await work.table(_by_state(people.within(work, KycCase.client)))
    found = {str(state): int(count) for state, count in rows}
    found |= await work.counts(
        second=select(KycProposal.id).where(
            KycProposal.state == "waiting", people.within(work, KycProposal.client)
        ),
        hits=select(ScreeningHit.id).where(
            ScreeningHit.state == HitState.OPEN, people.within(work, ScreeningHit.client)
        ),
        extra=select(KycStanding.client).where(
            func.cardinality(KycStanding.extra) > 0, people.within(work, KycStanding.client)
        ),
        aside=select(KycCallback.id).where(KycCallback.state == "quarantined"),
    )
    return found


async def today(work: Work) -> Sequence[Card]:
    """Pending verification by deadline, for those who decide it."""
    if not work.actor.may(Kyc.CASES_VIEW):
        return []
    rows, waiting = await people.named(
        work, _to_decide(people.within(work, KycCase.client)), KycCase.client, SHOWN, {}
    )
    second = 0
    if work.actor.may(Kyc.SECOND):
        second = await work.value(_for_second(people.within(work, KycProposal.client)))
    late = sum(row.due_at is not None and row.due_at < work.now for row, _ in rows)
    cards = [
        Card(
            key="kyc",
            label=N_("Verification to decide"),
            figure=waiting,
            tone="stopped" if late else "needs" if rows else "done",
            path="/desk/kyc",
            order=10,
            items=[
                Item(
                    title=name,
                    path=f"/desk/kyc/{row.id}",
                    detail=cast("str", wordings.checks(row.failed[:3])),
                    status="review",
                    since=row.in_review_at,
                    due=row.due_at,
                )
                for row, name in rows
            ],
            worklist=True,
        )
    ]
    if second:
        cards.append(
            Card(
                key="kyc-second",
                label=N_("Waiting for a second officer"),
                figure=second,
                tone="needs",
                path="/desk/kyc?list=second",
                order=12,
            )
        )
    return cards


async def pulse(work: Work) -> dict[str, Any]:
    """Backlog and age for the operator's fleet page; counts only."""
    row = (
        await work.table(
            select(
                func.count().filter(KycCase.state == State.REVIEW),
                func.count().filter(KycCase.state == State.CHECKING),
                func.min(KycCase.in_review_at).filter(KycCase.state == State.REVIEW),
            ).select_from(KycCase)
        )
    )[0]
    set_aside = await work.count(select(KycCallback.id).where(KycCallback.state == "quarantined"))
    return {
        "kyc_to_decide": int(row[0]),
        "kyc_in_checks": int(row[1]),
        "kyc_oldest_h": int((work.now - row[2]).total_seconds() // 3600) if row[2] else 0,
        "kyc_callbacks_set_aside": set_aside,
    }


@dataclass(frozen=True, slots=True)
class Moment:
    at: Any
    title: str
    text: str = ""
    tone: str = "moving"
    icon: str = "shield"
    by: str = ""
    href: str = ""


async def moments(work: Work, client: UUID) -> Sequence[Moment]:
    """Handed in, asked again, decided. The client reads neither names nor notes of officers."""
    if work.actor.kind is not Kind.CLIENT and not work.actor.may(Kyc.CASES_VIEW):
        return []
    rows = await work.rows(
        select(KycCase)
        .where(KycCase.client == client, or_(KycCase.attempt > 0, KycCase.decided_at.is_not(None)))
        .order_by(KycCase.id.desc())
        .limit(10)
    )
    staff = work.actor.kind is not Kind.CLIENT
    found: list[Moment] = []
    for row in rows:
        href = f"/desk/kyc/{row.id}" if staff else ""
        if row.submitted_at:
            found.append(
                Moment(row.submitted_at, N_("Verification handed in"), icon="send", href=href)
            )
        if row.decided_at and row.state == State.APPROVED:
            found.append(
                Moment(
                    row.decided_at,
                    N_("Verified"),
                    tone="done",
                    icon="shield-check",
                    by=(row.decided_name or "") if staff else "",
                    href=href,
                )
            )
        if row.decided_at and row.state == State.REJECTED:
            found.append(
                Moment(
                    row.decided_at,
                    N_("Verification refused"),
                    text=wordings.REJECT.get(row.reason or "", ""),
                    tone="stopped",
                    icon="shield-x",
                    by=(row.decided_name or "") if staff else "",
                    href=href,
                )
            )
    return found
