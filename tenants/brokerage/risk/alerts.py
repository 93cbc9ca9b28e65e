"""Alerts: raised once per breach, kept up to date, over when back far enough under; and what staff
do with them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from brokerage.clients import queries as clients
from brokerage.risk import rules, wordings
from brokerage.risk.model import AlertState, RiskAlert
from brokerage.risk.permissions import Risk
from stoa.identity import roles
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_MOST: Final = 1000
_TOLD_MOST: Final = 20
_LONGEST_SNOOZE_H: Final = 72


@dataclass(frozen=True, slots=True)
class Reading:
    """What one rule measured of one thing. `name` is what a person calls it."""

    rule: str
    scope: str
    about: str
    measure: str
    value: Decimal
    bound: Decimal
    level: str
    name: str = ""
    client: UUID | None = None
    account: UUID | None = None
    clears_percent: int = 100
    escalate_minutes: int = 15
    evidence: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def place(self) -> tuple[str, str, str]:
        return self.rule, self.scope, self.about


async def take_in(work: Work, looked: Iterable[str], readings: Sequence[Reading]) -> list[UUID]:
    """Compare what was measured with what is alive. `looked` are the rules that were measured: an
    alert of theirs without a reading is over. Returns the alerts that are new.
    """
    alive = {
        (row.rule, row.scope, row.about): row
        for row in await work.rows(
            select(RiskAlert)
            .where(RiskAlert.state != AlertState.OVER, RiskAlert.rule.in_(sorted(set(looked))))
            .limit(_MOST)
        )
    }
    measured = {one.place: one for one in readings}
    for place, row in alive.items():
        one = measured.get(place)
        if one is None or rules.cleared(one.value, one.bound, one.clears_percent):
            _over(work, row, one.value if one else Decimal(0))
        elif row.value != one.value:
            row.value, row.seen_at = one.value, work.now
            if abs(one.value) > abs(row.worst):
                row.worst = one.value
    fresh = [one for one in readings if rules.over(one.value, one.bound) and one.place not in alive]
    return await _raise(work, fresh[:_MOST])


def _over(work: Work, row: RiskAlert, value: Decimal) -> None:
    row.move(AlertState.OVER)
    row.value, row.seen_at, row.over_at = value, work.now, work.now
    row.story = [*row.story, note(work, N_("Back under the limit"))]
    work.announce("risk|alerts")


async def _raise(work: Work, fresh: Sequence[Reading]) -> list[UUID]:
    if not fresh:
        return []
    rows: list[dict[str, Any]] = [
        {
            "id": work.new_id(),
            "rule": one.rule,
            "scope": one.scope,
            "about": one.about[:120],
            "client": one.client,
            "account": one.account,
            "level": one.level,
            "state": AlertState.OPEN,
            "measure": one.measure,
            "bound": one.bound,
            "value": one.value,
            "worst": one.value,
            "breached_at": work.now,
            "seen_at": work.now,
            "escalate_at": work.now + timedelta(minutes=one.escalate_minutes),
            "evidence": one.evidence | {"name": one.name or one.about},
            "story": [note(work, N_("Raised"))],
        }
        for one in fresh
    ]
    # Two sweeps may meet: the second finds the breach raised already.
    made = set(
        (
            await work.run(
                insert(RiskAlert)
                .on_conflict_do_nothing(
                    index_elements=["rule", "scope", "about"],
                    # Bound as a parameter it would fit no index once the plan is kept.
                    index_where=text("state <> 'over'"),
                )
                .returning(RiskAlert.id),
                rows,
            )
        ).scalars()
    )
    new = [row for row in rows if row["id"] in made]
    if new:
        work.record("risk alerts raised", count=len(new))
        await _tell(work, new, Risk.ALERTS, N_("{name}: {value} is over {bound}"))
        work.announce("risk|alerts")
    return [row["id"] for row in new]


async def _tell(work: Work, rows: Sequence[dict[str, Any]], permission: str, title: str) -> None:
    """A line to everyone whose it may be, and a letter where it is critical; never a flood."""
    people = (await roles.holders(work, permission))[:50]
    for row in rows[:_TOLD_MOST]:
        said = wordings.plain(work, row["measure"], row["value"], row["bound"])
        places = {"name": str(row["evidence"]["name"]), "value": said[0], "bound": said[1]}
        path = f"/desk/alerts/{row['id']}"
        await notices.tell_all(work, people, title, path=path, **places)
        if row["level"] != "critical" and permission != Risk.ESCALATED:
            continue
        for person in people:
            await notices.mail(
                work, person, "risk_alert", link=path, about=row["id"], rule=row["rule"],
                breached_at=row["breached_at"], value=said[0], bound=said[1],
            )  # fmt: skip


async def escalate(work: Work) -> int:
    """What nobody took in time goes one floor up, once."""
    late = await work.rows(
        select(RiskAlert)
        .where(
            RiskAlert.state == AlertState.OPEN,
            RiskAlert.escalate_at <= work.now,
            RiskAlert.escalated_at.is_(None),
            (RiskAlert.snoozed_until.is_(None)) | (RiskAlert.snoozed_until <= work.now),
        )
        .limit(_TOLD_MOST)
    )
    for row in late:
        row.escalated_at = work.now
        row.story = [*row.story, note(work, N_("Nobody took it in time: told one floor up"))]
    if late:
        told = [
            {
                "id": row.id, "measure": row.measure, "value": row.value, "bound": row.bound,
                "evidence": row.evidence, "level": row.level, "rule": row.rule,
                "breached_at": row.breached_at,
            }
            for row in late
        ]  # fmt: skip
        title = N_("Nobody took this alert: {name}, {value} over {bound}")
        await _tell(work, told, Risk.ESCALATED, title)
        work.announce("risk|alerts")
    return len(late)


def note(work: Work, text: str, **places: str) -> dict[str, Any]:
    """One moment of an alert's story; `text` is a message id."""
    return {
        "at": work.now.isoformat(),
        "by": str(work.actor.id) if work.actor.id else None,
        "text": text,
        "places": places,
    }


async def seen(work: Work, alert: UUID) -> RiskAlert:
    """The alert if the actor may see whom it is about; raises NotFound."""
    row = await work.first(
        select(RiskAlert).where(
            RiskAlert.id == alert,
            RiskAlert.client.is_(None) | clients.within(work, RiskAlert.client),
        )
    )
    if row is None:
        raise NotFound
    return row


async def _alive(work: Work, alert: UUID) -> RiskAlert:
    work.require(Risk.ALERTS)
    await seen(work, alert)
    row = await work.lock(RiskAlert, alert)
    if row.state == AlertState.OVER:
        raise Conflict("This alert is over already. Nothing was changed.")
    work.announce("risk|alerts")
    return row


async def take(work: Work, alert: UUID) -> RiskAlert:
    """Say that one looks after it: it is not escalated any more."""
    row = await _alive(work, alert)
    if row.state == AlertState.OPEN:
        row.move(AlertState.TAKEN)
    row.owner, row.taken_at = work.actor.id, work.now
    row.story = [*row.story, note(work, N_("In hand"))]
    return row


async def give(work: Work, alert: UUID, owner: UUID) -> RiskAlert:
    """Make it somebody else's. Raises Denied for who does not work on alerts."""
    row = await _alive(work, alert)
    if owner not in set(await roles.holders(work, Risk.ALERTS)):
        raise Denied("This person does not work on alerts. Nothing was changed.")
    row.owner = owner
    row.story = [*row.story, note(work, N_("Given to somebody else"))]
    await notices.tell(work, owner, N_("An alert is yours now"), path=f"/desk/alerts/{row.id}")
    return row


async def snooze(work: Work, alert: UUID, minutes: int) -> RiskAlert:
    """Quiet for some minutes; it is escalated from then on if nobody has taken it."""
    row = await _alive(work, alert)
    if not 1 <= minutes <= _LONGEST_SNOOZE_H * 60:
        raise Invalid("Between one minute and 72 hours.", field="minutes")
    until = work.now + timedelta(minutes=minutes)
    row.snoozed_until = until
    if row.state == AlertState.OPEN and row.escalated_at is None:
        row.escalate_at = max(row.escalate_at or until, until)
    row.story = [*row.story, note(work, N_("Quiet for {n} minutes"), n=str(minutes))]
    return row


async def remark(work: Work, alert: UUID, said: str) -> RiskAlert:
    """A sentence in its story."""
    row = await _alive(work, alert)
    if not said.strip():
        raise Invalid("Please fill this in.", field="said")
    row.story = [*row.story, note(work, "{said}", said=said.strip()[:400])]
    return row


async def settle(work: Work, alert: UUID, why: str) -> RiskAlert:
    """End it by hand, with a reason. What is still over its bound is raised anew by the next look."""
    row = await _alive(work, alert)
    if len(why.strip()) < 3:
        raise Invalid("Please say why.", field="reason")
    row.move(AlertState.OVER)
    row.over_at = work.now
    row.story = [*row.story, note(work, N_("Settled: {why}"), why=why.strip()[:400])]
    return row


async def by_hand(work: Work, *, client: UUID, account: UUID, name: str, why: str) -> RiskAlert:
    """What somebody saw without a rule, so that something may be done about it."""
    work.require(Risk.ALERTS)
    await clients.seen(work, client)
    if len(why.strip()) < 3:
        raise Invalid("Please say why.", field="reason")
    row = RiskAlert(
        id=work.new_id(), rule="by-hand", scope="account",
        about=str(account), client=client, account=account, level="notice",
        state=AlertState.TAKEN, measure="none", bound=Decimal(0), value=Decimal(0),
        worst=Decimal(0), breached_at=work.now, seen_at=work.now, owner=work.actor.id,
        taken_at=work.now, evidence={"name": name},
        story=[note(work, N_("Opened by hand: {why}"), why=why.strip()[:400])],
    )  # fmt: skip
    standing = await work.first(
        select(RiskAlert).where(
            RiskAlert.rule == "by-hand",
            RiskAlert.scope == "account",
            RiskAlert.about == str(account),
            RiskAlert.state != AlertState.OVER,
        )
    )
    if standing is not None:
        return standing
    work.add(row)
    await work.flush()
    work.announce("risk|alerts")
    return row
