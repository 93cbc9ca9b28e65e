"""A provider's settlement file of 50,000 lines: read, kept, matched and proved."""

import time
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from sqlalchemy import func, select

from brokerage.bench.figures import Figure
from brokerage.bench.ground import Ground
from brokerage.ledger import accounts
from brokerage.recon import files, jobs, proofs
from brokerage.recon.events import FileBrought
from brokerage.recon.model import LineMatch, OutsideFile
from stoa.kernel.config import Role
from stoa.kernel.ids import uuid7

LINES: Final = 50_000
CURRENCY: Final = "USD"
PSP: Final = "alpha"

# Paid deposits with their attempts and entries, as 50,000 payments would have left them.
_FILL: Final = """
with planned as (
    select i, gen_random_uuid() as deposit, gen_random_uuid() as attempt, gen_random_uuid() as entry,
        $4::timestamptz + i * interval '1 second' as at
    from generate_series(1, $3::int) i
), entries as (
    insert into entry (id, operation, asked_hash, kind, amount, currency, ref_kind, ref, posted_at,
        effective_at, posted_by_kind)
    select entry, 'deposit:' || deposit, repeat('x', 32)::bytea, 'deposit', 10, 'USD', 'deposit',
        deposit, at, at, 'system' from planned
), theirs as (
    insert into leg (entry, line, amount, currency, places, account, guard, posted_at)
    select entry, 1, -10, 'USD', 2, $1::uuid, 'none', at from planned
), ours as (
    insert into leg (entry, line, amount, currency, places, account, guard, posted_at)
    select entry, 1, 10, 'USD', 2, $2::uuid, 'none', at from planned
), deposits as (
    insert into deposit (id, reference, client, method, amount, currency, fee, state, psp, entry,
        started_at, expires_at, ended_at)
    select deposit, 'D-' || lpad(to_hex(i), 8, '0'), $5::uuid, 'card', 10, 'USD', 0, 'credited',
        'alpha', entry, at, at, at from planned
)
insert into payment_attempt (id, deposit, number, psp, state, decision, reference, payment,
    asked_at, polls)
select attempt, deposit, 1, 'alpha', 'paid', '{}', 'cs_' || i, 'pi_' || i, at, 0 from planned
"""
HEAD: Final = (
    "balance_transaction_id,created,reporting_category,gross,fee,net,currency,"
    "payment_intent_id,payment_metadata[id]\n"
)


async def measure(ground: Ground) -> list[Figure]:
    """Fills the books, brings the file as finance does, and lets the job run to its end."""
    began = await _fill(ground)
    rows = (
        f"txn_{n},{began + timedelta(seconds=n):%Y-%m-%d %H:%M:%S},charge,10.00,0.14,9.86,usd,pi_{n},"
        for n in range(1, LINES + 1)
    )
    content = (HEAD + "\n".join(rows) + "\n").encode()
    opener = ground.door.opener(ground.tenant, purpose="bench")
    started = time.monotonic()
    async with opener() as work:
        file = await files.bring(work, content, name="bench.csv", psp=PSP)
    await jobs.take_in(opener, FileBrought(file=file.id))
    took = time.monotonic() - started
    async with opener() as work:
        row = await work.get(OutsideFile, file.id)
        matches = await work.value(select(func.count()).select_from(LineMatch))
        proof = await proofs.latest(work)
    if (row.state, matches) != ("done", LINES) or proof is None or proof.unexplained:
        raise RuntimeError(f"the file is {row.state} ({row.why}), {matches} matches")
    return [
        Figure(
            "import and matching of a 50,000-line settlement file",
            took,
            "s",
            30,
            note=f"{len(content) / 1e6:.1f} MB; of it the proof {proof.took_ms / 1e3:.1f} s",
        )
    ]


async def _fill(ground: Ground) -> datetime:
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        began = work.now - timedelta(days=2)
        theirs = accounts.house(work, f"psp:{PSP}", CURRENCY)
        ours = accounts.house(work, "suspense", CURRENCY)
        await accounts.ensure(work, [theirs, ours])
    line = await asyncpg.connect(ground.config.dsn(Role.ADMIN, direct=True))
    try:
        async with line.transaction():
            await line.execute(
                f'set local search_path = "{ground.tenant.schema}"; '
                f"set local app.tenant = '{ground.tenant.id}'; "
                "set local session_replication_role = replica; set local work_mem = '256MB'"
            )
            await line.execute(_FILL, theirs.id, ours.id, LINES, began, uuid7())
        for table in ("entry", "leg", "deposit", "payment_attempt"):
            await line.execute(f'vacuum analyze "{ground.tenant.schema}".{table}')
    finally:
        await line.close()
    return began
