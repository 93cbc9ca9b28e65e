"""I15 can fail: what is planted behind a picture of the books is named."""

import random

import asyncpg
import pytest

from brokerage.faults import instants
from brokerage.faults.record import Record
from brokerage.ledger import accounts, wallets
from stoa.kernel.config import Role
from support.ledger import eur, funded
from support.planting import NO_CHECKS

LATER = "posted_at > (select min(posted_at) from leg)"
PLANTS = {
    "a leg that was there is gone": (
        "delete from leg where posted_at = (select min(posted_at) from leg)"
    ),
    "a leg that was there says less": (
        "update leg set amount = amount / 2 where posted_at = (select min(posted_at) from leg)"
    ),
    "a later leg is put into the past": (
        f"update leg set posted_at = posted_at - interval '1 hour' where {LATER}"
    ),
    "a balance of then is told otherwise": (
        "update leg set balance = balance + 1 where version is not null "
        "and posted_at = (select min(posted_at) from leg)"
    ),
    "what was there is dated after it": (
        "update leg set posted_at = posted_at + interval '1 hour' "
        "where posted_at = (select min(posted_at) from leg)"
    ),
}


async def told(house, tenant, picture) -> list[str]:
    record = Record()
    async with house.door.open(tenant) as work:
        await instants.compare(work, tenant.slug, [picture], record, random.Random(1))
    assert {one.invariant for one in record.breaches} <= {"I15"}
    return [one.detail for one in record.breaches]


@pytest.mark.parametrize("what", sorted(PLANTS))
async def test_what_the_books_said_of_an_instant_they_say_for_ever(house, what):
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        client = await funded(work, "100.00")
    async with house.door.open(tenant) as work:
        picture = await instants.taken(work)
    async with house.door.open(tenant) as work:
        await funded(work, "50.00", client=client)
        await wallets.move(
            work, client, eur("30.00"), await funded(work), operation="m", kind="move"
        )
        wallet = accounts.client_wallet(work, client, "EUR")

    assert picture.balances[wallet.id] == 100
    assert await told(house, tenant, picture) == []

    owner = await asyncpg.connect(house.config.dsn(Role.ADMIN))
    try:
        await owner.execute(f'set search_path = "{tenant.schema}"')
        await owner.execute("set session_replication_role = replica")
        await owner.execute(NO_CHECKS)
        assert not (await owner.execute(PLANTS[what])).endswith(" 0")
    finally:
        await owner.close()

    assert await told(house, tenant, picture)
