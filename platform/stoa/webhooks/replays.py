"""Deliveries by hand and after the fact: a test, sent again, given up, counted."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update

from stoa.kernel.refusals import Conflict, NotFound
from stoa.tenancy.work import Work
from stoa.webhooks import rules
from stoa.webhooks.events import WebhookQueued
from stoa.webhooks.model import State, WebhookDelivery, WebhookEndpoint
from stoa.webhooks.permissions import Webhooks

TEST: Final = "webhook.test"
"""What a test is called; no fact has this name."""
_LEASE: Final = timedelta(seconds=60)
_LOG_KEPT: Final = timedelta(days=30)


async def test(work: Work, endpoint: UUID) -> WebhookDelivery:
    """A delivery of nothing that happened, signed as every other. Raises Conflict while paused."""
    work.require(Webhooks.EDIT)
    to = await work.lock(WebhookEndpoint, endpoint)
    if to.owner is not None:
        raise NotFound
    if not to.on:
        raise Conflict("This endpoint is paused: resume it first. Nothing was sent.")
    row = WebhookDelivery(
        id=work.new_id(),
        endpoint=to.id,
        fact=work.new_id(),
        kind=TEST,
        about=f"test:{to.id}",
        body={"endpoint": str(to.id)},
        told_at=work.now,
        queued_at=work.now,
        due_at=work.now,
    )
    work.add(row)
    work.record("webhook tested", endpoint=str(to.id))
    work.tell(WebhookQueued(fact=row.fact))
    return row


async def replay(work: Work, delivery: UUID) -> WebhookDelivery:
    """Send it again now, under the same id: a receiver that heard it before will know it."""
    work.require(Webhooks.EDIT)
    row = await work.lock(WebhookDelivery, delivery)
    if row.state != State.WAITING:
        row.move(State.WAITING)
        row.leased_until = None
    row.tries, row.due_at, row.queued_at, row.done_at = 0, work.now, work.now, None
    work.record("webhook replayed", delivery=str(delivery), kind=row.kind)
    work.tell(WebhookQueued(fact=row.fact))
    return row


async def replay_dead(work: Work, endpoint: UUID) -> int:
    """Every dead letter of one endpoint gets three new days."""
    work.require(Webhooks.EDIT)
    await work.lock(WebhookEndpoint, endpoint)
    revived = await work.run(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint == endpoint, WebhookDelivery.state == State.DEAD)
        .values(state=State.WAITING, tries=0, due_at=work.now, queued_at=work.now, done_at=None)
        .returning(WebhookDelivery.fact)
        .execution_options(synchronize_session=False)
    )
    facts = revived.scalars().all()
    work.record("webhooks replayed", endpoint=str(endpoint), count=len(facts))
    if facts:
        work.tell(WebhookQueued(fact=facts[0]))
    return len(facts)


async def give_up(work: Work) -> None:
    """What waited three days behind a resting or switched-off endpoint is a dead letter too."""
    await work.run(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.state == State.WAITING,
            WebhookDelivery.queued_at < work.now - rules.GIVE_UP - _LEASE,
            or_(WebhookDelivery.leased_until.is_(None), WebhookDelivery.leased_until < work.now),
        )
        .values(state=State.DEAD, done_at=work.now)
    )
    await work.run(
        delete(WebhookDelivery).where(
            and_(
                WebhookDelivery.state == State.DELIVERED,
                WebhookDelivery.done_at < work.now - _LOG_KEPT,
            )
        )
    )


async def counts(work: Work) -> dict[UUID, dict[str, int]]:
    """Deliveries by endpoint and state."""
    rows = await work.table(
        select(WebhookDelivery.endpoint, WebhookDelivery.state, func.count()).group_by(
            WebhookDelivery.endpoint, WebhookDelivery.state
        )
    )
    found: dict[UUID, dict[str, int]] = {}
    for endpoint, state, count in rows:
        found.setdefault(endpoint, {})[state] = count
    return found
