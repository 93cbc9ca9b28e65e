"""From fact to receipt: queued once, claimed, sent, concluded; repeated until heard or given up.

await queue(work, fact, heard)           rows for every endpoint that hears the fact
await deliver(open_work, http)           send what is due, an endpoint beside another
"""

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from stoa.events.facts import Fact, Heard, to_body
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.webhooks import endpoints, rules
from stoa.webhooks.events import WebhookQueued
from stoa.webhooks.letters import KEPT, Answer, Letter, Sender, envelope, readable
from stoa.webhooks.model import State, WebhookDelivery, WebhookEndpoint

BATCH: Final = 10
_ROUNDS: Final = 20
_LEASE: Final = timedelta(seconds=60)
_EARLIER: Final = aliased(WebhookDelivery)
_CALL_S: Final = 10.0


async def queue(work: Work, told: Fact, heard: Heard) -> int:
    """A row for every endpoint that hears this fact; the same fact again makes none."""
    kind = type(told).kind
    hearing = [one for one in await endpoints.all_of(work) if not one.kinds or kind in one.kinds]
    if not hearing:
        return 0
    added = await work.run(
        insert(WebhookDelivery).on_conflict_do_nothing().returning(WebhookDelivery.id),
        [
            {
                "id": uuid7(int(heard.told_at.timestamp() * 1000)),
                "endpoint": one.id,
                "fact": heard.id,
                "kind": kind,
                "about": rules.about(told),
                "body": to_body(told),
                "told_at": heard.told_at,
                "queued_at": work.now,
                "due_at": work.now,
            }
            for one in hearing
        ],
    )
    count = len(added.all())
    if count:
        work.tell(WebhookQueued(fact=heard.id))
    return count


async def queue_call(
    work: Work,
    to: WebhookEndpoint,
    fact: UUID,
    *,
    kind: str,
    about: str,
    url: str,
    held: str | None = None,
) -> bool:
    """A call of an address by GET, in the endpoint's own lane; the same fact again queues none.

    `held` is why it is not sent: it is kept in the log and can be sent by hand.
    """
    added = await work.run(
        insert(WebhookDelivery)
        .values(
            id=work.new_id(),
            endpoint=to.id,
            fact=fact,
            kind=kind,
            about=about[:80],
            url=url[:2000],
            body={},
            told_at=work.now,
            queued_at=work.now,
            due_at=work.now,
            state=State.DEAD if held else State.WAITING,
            error=held,
            done_at=work.now if held else None,
        )
        .on_conflict_do_nothing()
        .returning(WebhookDelivery.id)
    )
    fresh = bool(added.all())
    if fresh and not held:
        work.tell(WebhookQueued(fact=fact))
    return fresh


async def deliver(open_work: OpenWork, http: Sender) -> int:
    """Send what is due: endpoints side by side, so that a slow one holds up only itself."""
    async with open_work() as work:
        if work.tenant.state != "active":
            return 0  # Parked: three days begin to count, nothing is lost before they are over.
        now = work.now
        ready = await work.rows(
            select(WebhookEndpoint.id).where(
                WebhookEndpoint.on,
                or_(WebhookEndpoint.resting_until.is_(None), WebhookEndpoint.resting_until <= now),
                exists().where(
                    WebhookDelivery.endpoint == WebhookEndpoint.id,
                    WebhookDelivery.state == State.WAITING,
                    WebhookDelivery.due_at <= now,
                ),
            )
        )
    sent = await asyncio.gather(*(_to_one(open_work, http, endpoint) for endpoint in ready))
    return sum(sent)


async def _to_one(open_work: OpenWork, http: Sender, endpoint: UUID) -> int:
    sent = 0
    for _ in range(_ROUNDS):
        letters = await _claim(open_work, endpoint)
        if not letters:
            break
        await asyncio.gather(*(_send(open_work, http, letter) for letter in letters))
        sent += len(letters)
    return sent


async def _claim(open_work: OpenWork, endpoint: UUID) -> list[Letter]:
    """Lease what is due, never a delivery whose object has an earlier one unheard."""
    async with open_work() as work:
        # The endpoint's lock keeps two workers from taking two deliveries of one object.
        to = await work.lock(WebhookEndpoint, endpoint)
        if not to.on or (to.resting_until is not None and to.resting_until > work.now):
            return []
        probing = to.failures >= rules.IN_A_ROW
        free = or_(WebhookDelivery.leased_until.is_(None), WebhookDelivery.leased_until < work.now)
        if probing and await _under_way(work, endpoint):
            return []
        rows = await work.rows(
            select(WebhookDelivery)
            .where(
                WebhookDelivery.endpoint == endpoint,
                WebhookDelivery.state == State.WAITING,
                WebhookDelivery.due_at <= work.now,
                free,
                ~exists().where(
                    _EARLIER.endpoint == endpoint,
                    _EARLIER.state == State.WAITING,
                    _EARLIER.about == WebhookDelivery.about,
                    _EARLIER.id < WebhookDelivery.id,
                ),
            )
            .order_by(WebhookDelivery.due_at, WebhookDelivery.id)
            .limit(1 if probing else BATCH)
            .with_for_update(skip_locked=True)
        )
        if not rows:
            return []
        secrets = tuple(await endpoints.secrets_of(work, to))
        for row in rows:
            row.leased_until = work.now + _LEASE
            row.tries += 1
        return [
            Letter(row.id, to.url, secrets, row.fact, envelope(row.kind, row.told_at, row.body))
            if row.url is None
            else Letter(row.id, row.url, secrets, row.fact, b"", "GET")
            for row in rows
        ]


async def _under_way(work: Work, endpoint: UUID) -> bool:
    return bool(
        await work.value(
            select(WebhookDelivery.id)
            .where(
                WebhookDelivery.endpoint == endpoint,
                WebhookDelivery.state == State.WAITING,
                WebhookDelivery.leased_until > work.now,
            )
            .limit(1)
        )
    )


async def _send(open_work: OpenWork, http: Sender, letter: Letter) -> None:
    async with open_work() as work:
        at = int(work.now.timestamp())
    try:
        reply = await http.request(
            letter.method,
            letter.url,
            headers=letter.headers(at),
            content=letter.content or None,
            total_s=_CALL_S,
            max_bytes=KEPT,
            cut=True,
        )
        answer = Answer(reply.status, readable(reply), None)
    except Unavailable as why:
        answer = Answer(None, None, why.code)
    except Refusal as why:
        # The address is not one we call (any more): nothing was sent, nothing is shown.
        answer = Answer(None, None, why.code)
    await _conclude(open_work, letter.id, answer)


async def _conclude(open_work: OpenWork, delivery: UUID, answer: Answer) -> None:
    async with open_work() as work:
        found = await work.get(WebhookDelivery, delivery)
        to = await work.lock(WebhookEndpoint, found.endpoint)
        row = await work.lock(WebhookDelivery, delivery)
        if row.state != State.WAITING:
            return
        row.leased_until, row.tried_at = None, work.now
        row.status, row.answer, row.error = answer.status, answer.text, answer.error
        if answer.status is not None and rules.heard(answer.status):
            row.move(State.DELIVERED)
            row.done_at = work.now
            await _note(work, to, failures=0)
        else:
            await _failed(work, to, row)
        work.announce("desk|webhooks")


async def _failed(work: Work, to: WebhookEndpoint, row: WebhookDelivery) -> None:
    wait = rules.next_try(row.tries, work.now - row.queued_at)
    if wait is None:
        row.move(State.DEAD)
        row.done_at = work.now
    else:
        row.due_at = work.now + wait
    if row.status is not None and rules.gone(row.status):
        to.on, to.off_why = False, "The receiver answered 410: nobody listens there any more."
    await _note(work, to, failures=to.failures + 1)


async def _note(work: Work, to: WebhookEndpoint, *, failures: int) -> None:
    """Set-based: that a call went well or not is no change a person made."""
    rest = rules.rest(failures)
    values: dict[str, Any] = {
        "failures": failures,
        "resting_until": work.now + rest if rest is not None else None,
        "last_failed_at" if failures else "last_ok_at": work.now,
    }
    await work.run(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == to.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
