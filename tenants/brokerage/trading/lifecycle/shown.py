"""Wanted changes as pages show them: what, by whom, in which state, why, and what happens next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.trading.lifecycle import effects, wording
from brokerage.trading.lifecycle.effects import Effect
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_TONES: Final = {
    RequestState.PLANNED: "waiting",
    RequestState.ASKED: "needs",
    RequestState.APPROVED: "moving",
    RequestState.SENDING: "moving",
    RequestState.DONE: "done",
    RequestState.REFUSED: "stopped",
    RequestState.CANCELLED: "stopped",
}
_NEXT: Final = {
    RequestState.ASKED: N_("We look at it and decide; you see the answer here."),
    RequestState.APPROVED: N_(
        "It is sent to the trading server in its turn, after what came before it."
    ),
    RequestState.SENDING: N_("The trading server is asked until it says what holds."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One request. `text` and `next` are message ids, `places` fill the first."""

    id: UUID
    kind: str
    label: str
    icon: str
    wanted: str
    state: str
    tone: str
    asked_at: datetime
    asked_by: UUID | None
    asked_kind: str
    text: str
    places: dict[str, str]
    note: str
    next: str
    rule: str
    may_cancel: bool
    has_secret: bool
    batch: UUID | None


def line(work: Work, row: AccountRequest) -> Line:
    answer: dict[str, Any] = row.answer or {}
    state = RequestState(row.state)
    return Line(
        id=row.id,
        kind=row.kind,
        label=wording.KINDS[Wish(row.kind)],
        icon=wording.ICONS[Wish(row.kind)],
        wanted=wording.wanted(row),
        state=f"request {row.state}",
        tone=_TONES[state],
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        asked_kind=row.asked_kind,
        text=str(answer.get("text", "")),
        places=dict(answer.get("places", {})),
        note=row.note or "",
        next=_NEXT.get(state, ""),
        rule=row.rule or "",
        may_cancel=(
            state in {RequestState.ASKED, RequestState.APPROVED}
            and row.asked_by == work.actor.id
            and row.asked_by is not None
        ),
        has_secret=state is RequestState.DONE and row.secret_sealed is not None,
        batch=row.batch,
    )


async def of_account(work: Work, account: UUID, limit: int = 12) -> list[Line]:
    """The newest of one account."""
    rows: Sequence[AccountRequest] = await work.rows(
        select(AccountRequest)
        .where(AccountRequest.account == account, AccountRequest.state != RequestState.PLANNED)
        .order_by(AccountRequest.id.desc())
        .limit(limit)
    )
    return [line(work, row) for row in rows]


def effect_of(row: AccountRequest) -> Effect | None:
    return effects.read(row.effect)
