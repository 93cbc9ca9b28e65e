"""A payout of which nobody can say for long whether it was sent: one at each sub-broker, for certain.

It is asked for and approved while providers do what they are told and answer nothing. It stays
unknown until people were due to be told; then the providers speak again, and draining finds it.
"""

import asyncio
import random
import time
from decimal import Decimal
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import select

from brokerage.demo.world import World
from brokerage.faults.alarms import Alarms
from brokerage.faults.cast import Broker
from brokerage.faults.draining import PAYOUTS_OLDER
from brokerage.faults.driver import Driver
from brokerage.payments.withdrawing.model import PayoutAttempt, Withdrawal, WithdrawalState

SILENT: Final = {"connection_reset_after_apply": 1.0, "callback_lost": 1.0}
MUTE: Final = {"connection_reset": 1.0}
"""Who asks afterwards is not answered either."""
AMOUNT: Final = Decimal(25)
INDEX: Final = -2_000_000
"""Before all wishes of the storm, as what is paid in first is."""
_WITHIN_S: Final = 120.0
_ROUND_S: Final = 1.5


async def kept(world: World, driver: Driver, alarms: dict[str, Alarms], dsn: str) -> None:
    """Have each sub-broker's payout asked about in vain until it is late.

    `dsn` is of who may make rows older. A breach where after a while none is: nothing was tried then.
    """
    for psp in ("alpha", "beta"):
        await world.lever(psp, "/_sandbox/faults/clear", {})
        await world.lever(psp, "/_sandbox/faults", SILENT)
    for number, broker in enumerate(driver.brokers):
        await _asked(world, driver, broker, INDEX - number * 1000)
    for psp in ("alpha", "beta"):
        await world.lever(psp, "/_sandbox/faults", MUTE)
    owner = await asyncpg.connect(dsn)
    try:
        ends = time.monotonic() + _WITHIN_S
        while time.monotonic() < ends:
            for broker in driver.brokers:
                await owner.execute(f'set search_path = "{broker.tenant.schema}"')
                await alarms[broker.tenant.slug].look(owner)
                await owner.execute(PAYOUTS_OLDER)
            if all(alarms[broker.tenant.slug].late for broker in driver.brokers):
                return
            await asyncio.sleep(_ROUND_S)
        for broker in driver.brokers:
            if not alarms[broker.tenant.slug].late:
                why = "none stayed unknown for long"
                driver.record.breach("I16", broker.tenant.slug, "payout", why)
    finally:
        await owner.close()


async def _asked(world: World, driver: Driver, broker: Broker, index: int) -> None:
    """The first client who can takes money out, and both who may decide say yes."""
    for at, client in enumerate(broker.clients):
        chance = random.Random(f"{driver.seed}:{index - at}")  # noqa: S311 - seeded on purpose
        key = await driver.withdraw(index - at, client, chance, AMOUNT, "card")
        if key is None:
            continue
        async with world.work(broker.tenant) as work:
            row = await work.get(Withdrawal, key)
        if row.state == WithdrawalState.HELD:
            continue
        if row.state == WithdrawalState.REVIEW:
            for short in ("finance", "head"):
                path = f"/desk/withdrawals/{key}/approve"
                await driver.post(broker.staff[short], path, {"payload": row.payload_hash})
        await _under_way(world, broker, key)
        return


async def _under_way(world: World, broker: Broker, key: UUID) -> None:
    """Wait until a provider was told to pay."""
    ends = time.monotonic() + _WITHIN_S / 4
    told = select(PayoutAttempt.id).where(
        PayoutAttempt.withdrawal == key, PayoutAttempt.sent_at.is_not(None)
    )
    while time.monotonic() < ends:
        async with world.work(broker.tenant) as work:
            if await work.rows(told):
                return
        await asyncio.sleep(0.1)
