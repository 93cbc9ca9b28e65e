"""A long history: the balance at a past moment, and every law of the ledger over all of it."""

import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import Select, func, select

from brokerage.bench.figures import Figure, median
from brokerage.bench.ground import Ground
from brokerage.ledger import accounts, check, wallets
from brokerage.ledger.model import Leg
from stoa.kernel.config import Role
from stoa.kernel.ids import uuid7

ENTRIES: Final = 1_000_000
LONGEST: Final = 100_000
CLIENTS: Final = 900
CURRENCY: Final = "USD"
LOOKS: Final = 25
_AT_ONCE: Final = 100

# Deposits of 1.00: to the first client in this many of the entries, to the others in turn. Checks and
# keys hold for it as for any posting; the check of all laws reads every row afterwards.
_FILL: Final = """
with clients as (
    select account, at
    from unnest($1::uuid[]) with ordinality as given (account, at)
), planned as (
    select i, case when i % ($3::int / $4::int) = 0 then 1 else 2 + i % ($5::int - 1) end as at
    from generate_series(1, $3::int) i
), numbered as (
    select p.i, c.account, row_number() over (partition by c.account order by p.i) as version,
        gen_random_uuid() as entry, $6::timestamptz + p.i * interval '1 second' as at
    from planned p join clients c on c.at = p.at
), entries as (
    insert into entry (id, operation, asked_hash, kind, amount, currency, posted_at, effective_at,
        posted_by_kind)
    select entry, 'fill:' || i, repeat('x', 32)::bytea, 'deposit', 1, 'USD', at, at, 'system' from numbered
), bank as (
    insert into leg (entry, line, amount, currency, places, account, guard, posted_at)
    select entry, 1, -1, 'USD', 2, $2::uuid, 'none', at from numbered
), owned as (
    insert into leg (entry, line, amount, currency, places, account, guard, version, balance,
        posted_at)
    select entry, 1, 1, 'USD', 2, account, 'floor', version, version, at from numbered
)
update ledger_balance b set balance = n.newest, version = n.newest, moved_at = n.at
from (select account, max(version) as newest, max(at) as at from numbered group by account) n
where n.account = b.account
"""


async def measure(ground: Ground) -> list[Figure]:
    """Fills a ledger with a million postings, then reads it."""
    client = uuid7()
    filled, began = await _fill(ground, client)
    took: list[float] = []
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        wallet = accounts.client_wallet(work, client, CURRENCY)
        postings = await work.value(_count(wallet.id))
        for look in range(LOOKS):
            then = began + timedelta(seconds=ENTRIES * look // LOOKS)
            started = time.perf_counter()
            found = await wallets.as_of(work, wallet, then)
            took.append(time.perf_counter() - started)
            if found.amount != ENTRIES * look // LOOKS // (ENTRIES // LONGEST):
                raise RuntimeError(f"the balance of {then} came out as {found}")
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        examined = await check.examine(work)
    if examined.violations:
        raise RuntimeError(f"the ledger broke {examined.violations[0]}")
    note = f"{examined.entries:,} postings, {examined.laws} laws; filled in {filled:.0f} s"
    return [
        Figure(
            "as-of balance of a client with 100,000 postings",
            median(took) * 1e3,
            "ms",
            50,
            note=f"{postings:,} postings, {LOOKS} moments, the slowest {max(took) * 1e3:.1f} ms",
        ),
        Figure("`stoa check money` over 1 million postings", examined.took_s, "s", 20, note=note),
    ]


def _count(wallet: UUID) -> Select[int]:
    return select(func.count()).select_from(Leg).where(Leg.account == wallet)


async def _fill(ground: Ground, client: UUID) -> tuple[float, datetime]:
    """Seconds it took, and the moment the history begins."""
    started = time.monotonic()
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        began = work.now - timedelta(days=30)
        bank = accounts.house(work, "bank", CURRENCY)
        owned = [
            accounts.client_wallet(work, one, CURRENCY)
            for one in [client, *(uuid7() for _ in range(CLIENTS))]
        ]
        for start in range(0, len(owned), _AT_ONCE):
            await accounts.ensure(work, [bank, *owned[start : start + _AT_ONCE]])
    line = await asyncpg.connect(ground.config.dsn(Role.ADMIN, direct=True))
    try:
        async with line.transaction():
            await line.execute(
                f'set local search_path = "{ground.tenant.schema}"; '
                f"set local app.tenant = '{ground.tenant.id}'; "
                "set local session_replication_role = replica; set local work_mem = '256MB'"
            )
            ordered = [owned[0].id, *sorted(one.id for one in owned[1:])]
            await line.execute(
                _FILL,
                ordered,
                bank.id,
                ENTRIES,
                LONGEST,
                len(ordered),
                began,
            )
        await line.execute(f'vacuum analyze "{ground.tenant.schema}".entry')
        await line.execute(f'vacuum analyze "{ground.tenant.schema}".leg')
    finally:
        await line.close()
    return time.monotonic() - started, began
