"""How fast the ledger is, against a plain insert with commit on the same server, in the same run.

The plain insert is one row with a primary key and nothing else, over the same driver, connections
and loop. Both are measured as a process meets them that runs all day: connections are open, and
the server has planned the statements. Rounds are short and take turns, and each is compared with
the plain insert beside it, so that a machine with other things to do slows both alike.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from brokerage.bench.figures import Figure, median
from brokerage.bench.ground import Ground
from brokerage.ledger import accounts, posting, wallets
from brokerage.ledger.accounts import Account
from brokerage.ledger.posting import Posting, moving
from brokerage.ledger.statement import asked, made_ready
from stoa.kernel.config import Config, Role
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work

WALLETS: Final = 10_000
"""As many as where the goals come from: with fewer, batches of 100 wait for one another's locks."""
ROUNDS: Final = 11
SECONDS: Final = 0.5
WARM: Final = 6
"""The server plans a statement anew for the first five times of a connection."""
CONNECTIONS: Final = (1, 8)
BULK: Final = 100
CURRENCY: Final = "USD"
PLAIN: Final = (
    "insert into idempotent_answer (owner, key, asked_hash, status, at) values ($1, $2, $3, $4, $5)"
)

_TYPES: Final = (
    "select null::uuid[], null::smallint[], null::numeric[], null::text[], null::bytea[], "
    "null::timestamptz[], null::integer[], null::boolean[]"
)

Run = Callable[[asyncpg.Connection], Awaitable[int]]
Rates = dict[tuple[str, int], list[float]]

GOALS: Final = {("single", 1): 0.5, ("single", 8): 0.45, ("bulk", 1): 2.0, ("bulk", 8): 2.0}


async def measure(ground: Ground) -> list[Figure]:
    """Postings a second on spread accounts, single and in bulk, each round beside a plain insert."""
    config, door, tenant = ground.config, ground.door, ground.tenant
    async with door.open(tenant, purpose="bench") as work:
        house, spread = await _funded(work)
    # A closed unit of work still knows who acts and what time it is, which is all that is read.

    async def plain(connection: asyncpg.Connection) -> int:
        now = datetime.now(UTC)
        await connection.execute(PLAIN, uuid7(), str(uuid7()), "0" * 64, 200, now)
        return 1

    async def single(connection: asyncpg.Connection) -> int:
        source, target = random.sample(spread, 2)
        return await _post(connection, work, [(source, target)])

    async def bulk(connection: asyncpg.Connection) -> int:
        return await _post(connection, work, [(house, random.choice(spread)) for _ in range(BULK)])  # noqa: S311

    kinds = {"plain": plain, "single": single, "bulk": bulk}
    rates: Rates = {}
    async with AsyncExitStack() as stack:
        lines = [await _connected(config, tenant, stack) for _ in range(max(CONNECTIONS))]
        for line in lines:
            for run in kinds.values():
                for _ in range(WARM):
                    await run(line)
        for _ in range(ROUNDS):
            for size in CONNECTIONS:
                for name, run in kinds.items():
                    rates.setdefault((name, size), []).append(await _rate(lines[:size], run))
    return [*_figures(rates), await _through_the_door(door, tenant, spread)]


def _figures(rates: Rates) -> list[Figure]:
    """The ratio of each round, taken within seconds, so that a loaded machine slows both alike."""
    names = {"single": "posting", "bulk": f"postings in bulk of {BULK}"}
    found: list[Figure] = []
    for (name, size), goal in GOALS.items():
        own, plain = rates[name, size], rates["plain", size]
        ratio = median([ours / theirs for ours, theirs in zip(own, plain, strict=True)])
        many = "s" if size > 1 else ""
        found.append(
            Figure(
                f"{names[name]}, {size} connection{many}, against a plain insert",
                ratio,
                "x",
                goal,
                at_least=True,
                note=f"{median(own):,.0f}/s against {median(plain):,.0f}/s",
            )
        )
    return found


async def _funded(work: Work) -> tuple[Account, list[Account]]:
    """A bank and wallets with enough in each for the whole run."""
    house = accounts.house(work, "bank", CURRENCY)
    spread = [accounts.client_wallet(work, uuid4(), CURRENCY) for _ in range(WALLETS)]
    for start in range(0, WALLETS, 500):
        await posting.post_many(
            work,
            [
                Posting(
                    operation=f"bench:{wallet.id}",
                    kind="deposit",
                    legs=moving(house, wallet, Money(Decimal(1_000_000), CURRENCY)),
                )
                for wallet in spread[start : start + 500]
            ],
        )
    return house, spread


async def _post(
    connection: asyncpg.Connection, work: Any, moves: Sequence[tuple[Account, Account]]
) -> int:
    """The product's own statement with the product's own parameters."""
    postings = [
        Posting(
            operation=f"bench:{uuid7()}",
            kind="internal-transfer",
            legs=moving(source, target, Money(Decimal("1.25"), CURRENCY)),
        )
        for source, target in moves
    ]
    statement, values = asked(work, [made_ready(work, one) for one in postings])
    sql, names = _compiled(statement)
    rows = await connection.fetch(sql, *[values[name] for name in names])
    if rows[0]["fresh"] != len(postings):
        raise RuntimeError("a posting of the benchmark was not written")
    return len(postings)


@cache
def _compiled(statement: TextClause) -> tuple[str, tuple[str, ...]]:
    """What the driver gets, and which value stands in which place."""
    told = statement.compile(dialect=dialect())  # type: ignore[no-untyped-call]
    return str(told), tuple(told.positiontup or ())


async def _connected(
    config: Config, tenant: TenantRef, stack: AsyncExitStack
) -> asyncpg.Connection:
    """A bare connection that stands in the tenant for good: no door, so that only SQL is timed."""
    connection = await asyncpg.connect(config.dsn(Role.APP), server_settings={"jit": "off"})
    stack.push_async_callback(connection.close)
    # The driver learns array types with calls a tenant's role may not make: before, then.
    await connection.fetch(_TYPES)
    await connection.execute(
        f'set role "{tenant.schema}"; set search_path = "{tenant.schema}"; '
        f"set app.tenant = '{tenant.id}'"
    )
    return connection


async def _rate(connections: Sequence[asyncpg.Connection], run: Run) -> float:
    """Things done a second by all of these connections at once."""
    done = [0] * len(connections)
    started = time.perf_counter()
    until = started + SECONDS

    async def keep_on(at: int) -> None:
        while time.perf_counter() < until:
            done[at] += await run(connections[at])

    await asyncio.gather(*(keep_on(at) for at in range(len(connections))))
    return sum(done) / (time.perf_counter() - started)


async def _through_the_door(door: Door, tenant: TenantRef, spread: list[Account]) -> Figure:
    """Transfers as verbs make them: door, posting, audit, facts, commit; eight at once."""
    done = [0] * 8
    until = time.perf_counter() + 2.0
    started = time.perf_counter()

    async def keep_on(at: int) -> None:
        while time.perf_counter() < until:
            source, target = random.sample(spread, 2)
            async with door.open(tenant, purpose="bench") as work:
                await wallets.move(
                    work,
                    _owner(source),
                    Money(Decimal("1.25"), CURRENCY),
                    _owner(target),
                    operation=f"bench:{uuid7()}",
                )
            done[at] += 1

    await asyncio.gather(*(keep_on(at) for at in range(8)))
    rate = sum(done) / (time.perf_counter() - started)
    return Figure(
        "posting as a verb (door, audit, fact), 8 at once", rate, "/s", None, at_least=True
    )


def _owner(account: Account) -> UUID:
    assert account.owner is not None  # noqa: S101 - wallets have one
    return account.owner
