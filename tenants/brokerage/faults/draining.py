"""After the storm: time passes quickly until nothing waits any more."""

import asyncio
import time
from typing import Final

import asyncpg

from brokerage.demo.world import World
from brokerage.faults.alarms import Alarms
from brokerage.faults.cast import Broker
from brokerage.faults.record import Record
from brokerage.faults.site import Site
from stoa.kernel.config import Role

_ROUND_S: Final = 1.5
_LONGEST_S: Final = 1800.0
_DONE: Final = (
    "select (select count(*) from inbox where state = 'done') + (select count(*) from entry) "
    "+ (select count(*) from transfer where state not in ('held', 'sending'))"
)
"""What only grows while work gets done: on a starved machine it does so long before less waits."""

PAYOUTS_OLDER: Final = (
    "update payout_attempt set next_ask_at = now(), sent_at = sent_at - interval '6 minutes' "
    "where state in ('waiting', 'sending', 'accepted') and next_ask_at is not null"
)
"""What asks again after a while asks now; what is sure only after minutes is sure now."""
OLDER: Final = (
    PAYOUTS_OLDER,
    (
        # Whom nobody asked about comes first, or those asked about before fill every sweep.
        "update payment_attempt set next_poll_at = now() - interval '1 second' * (9 - least(polls, 9)), "
        # What is in review stays as late as it is: made older each round, it would fill them, too.
        "asked_at = asked_at - interval '2 minutes' "
        "where next_poll_at is not null and state <> 'review'"
    ),
    (
        "update transfer set next_ask_at = now(), sent_at = sent_at - interval '2 minutes', "
        "asked_at = asked_at - interval '2 minutes' where state in ('held', 'sending')"
    ),
    "update withdrawal set look_again_at = now() where look_again_at is not null",
    # A letter's sender gives up after 15 s: whose hold is 20 s old has died, and another may send.
    (
        "update message set claimed_until = now() "
        "where claimed_until > now() and claimed_until < now() + interval '30 seconds'"
    ),
    (
        # A letter still held stays as late as it is, or all its tries are spent while one sends it.
        "update inbox i set due_at = now() where state = 'waiting' and leased_until is null and not "
        "(kind = 'mail.queued' and exists (select 1 from message m "
        "where m.id::text = i.body ->> 'message' and m.claimed_until > now()))"
    ),
)
"""Seconds of waiting for what takes minutes and hours: the rows are made older, nothing else."""

LEFT: Final = {
    "outbox": "select count(*) from outbox where relayed_at is null",
    "inbox": "select count(*) from inbox where state = 'waiting'",
    "transfers": "select count(*) from transfer where state in ('held', 'sending')",
    "payouts": "select count(*) from payout_attempt p join withdrawal w on w.id = p.withdrawal "
    "where p.state in ('sending', 'accepted') or (p.state = 'waiting' and w.state in "
    "('approved', 'sending'))",
    "callbacks": "select count(*) from provider_event where state = 'taken'",
    "asking": "select count(*) from payment_attempt where state = 'asking'",
}


async def drained(
    site: Site,
    world: World,
    brokers: list[Broker],
    record: Record,
    alarms: dict[str, Alarms],
    stuck_s: float,
) -> float:
    """Seconds until nothing waits. A breach of I9: for `stuck_s` nothing waiting became less and
    nothing was done either, or all of it together took longer than any backlog may.
    """
    began = moved = time.monotonic()
    least, most = -1, -1
    for part in site.parts:
        await site.ready(part)
    # Each payment that was made is asked about once more, told or not.
    owner = await asyncpg.connect(site.config.dsn(Role.ADMIN))
    try:
        while True:
            for psp in ("alpha", "beta"):
                await world.lever(psp, "/_sandbox/settle", {"wait_s": 10})
            left, done = await _round(owner, brokers, alarms)
            if not left:
                break
            now, count = time.monotonic(), sum(left.values())
            if least < 0 or count < least or done > most:
                least = count if least < 0 else min(count, least)
                most, moved = max(done, most), now
            if now - moved > stuck_s or now - began > _LONGEST_S:
                for what, number in left.items():
                    record.breach("I9", *what, f"{number} still wait")
                break
            await asyncio.sleep(_ROUND_S)
        await _dead(owner, brokers, record)
        await _idle(owner, record)
    finally:
        await owner.close()
    return time.monotonic() - began


async def _round(
    owner: asyncpg.Connection, brokers: list[Broker], alarms: dict[str, Alarms]
) -> tuple[dict[tuple[str, str], int], int]:
    """What still waits, by tenant and kind, and how much is done; then time passes for all of it."""
    left: dict[tuple[str, str], int] = {}
    done = 0
    for broker in brokers:
        await owner.execute(f'set search_path = "{broker.tenant.schema}"')
        for what, sql in LEFT.items():
            count = await owner.fetchval(sql)
            if count:
                left[broker.tenant.slug, what] = count
        done += int(await owner.fetchval(_DONE) or 0)
        await alarms[broker.tenant.slug].look(owner)
        for sql in OLDER:
            await owner.execute(sql)
        polled = await owner.fetchval(
            # Of what is in review it is known that it came; the rest of it may come for days.
            "select count(*) from payment_attempt where next_poll_at is not null and polls < 2 "
            "and state <> 'review'"
        )
        if polled:
            left[broker.tenant.slug, "polls"] = polled
    return left, done


async def _dead(owner: asyncpg.Connection, brokers: list[Broker], record: Record) -> None:
    for broker in brokers:
        await owner.execute(f'set search_path = "{broker.tenant.schema}"')
        for row in await owner.fetch(
            "select reader, kind, left(error, 200) as error, count(*) as many from inbox "
            "where state = 'dead' group by 1, 2, 3 limit 20"
        ):
            record.breach(
                "I9", broker.tenant.slug, row["reader"], f"{row['many']} dead: {row['error']}"
            )


async def _idle(owner: asyncpg.Connection, record: Record) -> None:
    """I14: nobody sits in an open transaction."""
    idle = await owner.fetch(
        "select application_name, query from pg_stat_activity where state like "
        "'idle in transaction%' and xact_start < now() - interval '5 seconds'"
    )
    for row in idle:
        record.breach(
            "I14", "", row["application_name"], f"idle in transaction: {row['query'][:80]}"
        )
