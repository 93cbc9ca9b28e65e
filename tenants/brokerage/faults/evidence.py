"""Books against the providers' own files: the storm leaves nothing that a file cannot account for.

Each provider's settlement file of the whole run is brought as finance would bring it, with one
payment left out that the books have and one told that nobody made. Exactly those two must be found.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.demo import proof
from brokerage.demo.world import World
from brokerage.faults.cast import Broker
from brokerage.faults.record import Record
from brokerage.payments.model import Deposit, PaymentAttempt
from brokerage.recon import booking, files, proofs
from brokerage.recon.model import Break, FileState, OutsideFile
from stoa.tenancy.work import Work

PSPS: Final = ("alpha", "beta")
INVENTED: Final = Decimal("12.34")
_WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Lie:
    """What one provider's file has wrong: a payment left out, and one that is not."""

    source: str
    omitted: Decimal
    currency: str


async def held(world: World, brokers: list[Broker], record: Record) -> int:
    """Bring all files and name each difference nobody planted, and each planted one not found.

    Returns how many were planted.
    """
    planted = 0
    for broker in brokers:
        lies: list[Lie] = []
        brought: list[UUID] = []
        for psp in PSPS:
            lie, file = await _brought(world, broker, psp)
            lies.append(lie)
            brought.append(file)
        await _read(world, broker, brought, record)
        await _fees(world, broker, brought)
        async with world.work(broker.tenant, purpose="faults.gaps") as work:
            await compare(work, broker.tenant.slug, lies, record)
        planted += sum(2 if lie.omitted else 1 for lie in lies)
    return planted


async def _brought(world: World, broker: Broker, psp: str) -> tuple[Lie, UUID]:
    ref = broker.tenant
    async with world.work(ref, purpose="faults.gaps") as work:
        left_out = await _paid(work, psp)
        until = work.now + timedelta(minutes=1)
    lie = Lie(f"psp:{psp}", left_out[1] if left_out else Decimal(0), ref.base_currency)
    since = until - timedelta(days=1)
    content = await proof.settlement(
        world,
        ref,
        psp,
        since,
        until,
        omit=str(left_out[0]) if left_out else "",
        extra=f"{INVENTED}:{ref.base_currency}",
    )
    async with world.work(ref, purpose="faults.gaps") as work:
        file = await files.bring(
            work, content, name=f"{psp}.csv", psp=psp, since=since, until=until
        )
    return lie, file.id


async def _paid(work: Work, psp: str) -> tuple[UUID, Decimal] | None:
    """The newest payment in the broker's own currency that a provider has made good."""
    rows = await work.table(
        select(PaymentAttempt.id, Deposit.amount)
        .join(Deposit, Deposit.id == PaymentAttempt.deposit)
        .where(
            PaymentAttempt.psp == psp,
            PaymentAttempt.state == "paid",
            Deposit.currency == work.tenant.base_currency,
        )
        .order_by(PaymentAttempt.id.desc())
        .limit(1)
    )
    return (rows[0].id, rows[0].amount) if rows else None


async def _read(world: World, broker: Broker, brought: list[UUID], record: Record) -> None:
    """Wait until the worker has read, matched and proved them all."""
    ends = time.monotonic() + _WITHIN_S
    while True:
        async with world.work(broker.tenant, purpose="faults.gaps") as work:
            rows = await work.rows(select(OutsideFile).where(OutsideFile.id.in_(brought)))
        if all(row.state == FileState.DONE for row in rows):
            return
        if time.monotonic() > ends:
            for row in rows:
                record.breach("I9", broker.tenant.slug, row.name, f"the file is {row.state}")
            return
        await asyncio.sleep(0.5)


async def _fees(world: World, broker: Broker, brought: list[UUID]) -> None:
    """What providers kept for themselves is booked, as finance does; then all is proved again."""
    async with world.work(broker.tenant, purpose="faults.gaps") as work:
        for file in brought:
            if not await booking.fees_booked(work, file):
                await booking.fees(work, file)
    await proofs.prove(world.opener(broker.tenant, purpose="faults.gaps"))


async def compare(work: Work, slug: str, lies: list[Lie], record: Record) -> None:
    """Hold the open differences of providers against what was planted, one to one."""
    left = [
        (lie.source, amount, lie.currency)
        for lie in lies
        for amount in (lie.omitted, -INVENTED)
        if amount
    ]
    rows = await work.rows(select(Break).where(Break.side == "psp", Break.state != "resolved"))
    for row in rows:
        found = (row.source, row.amount, row.currency)
        if found in left:
            left.remove(found)
            continue
        subject = row.entry or row.line or row.id
        said = f"{row.source}: {row.kind} {row.amount} {row.currency} differs"
        record.breach("I16", slug, subject, said)
    for source, amount, currency in left:
        record.breach("I16", slug, source, f"the gap of {amount} {currency} was not found")
