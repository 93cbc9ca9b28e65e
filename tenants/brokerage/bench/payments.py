"""Money from outside and back: callbacks in a burst, and many withdrawals of the same money."""

import asyncio
import hmac
import secrets
import time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import msgspec
from sqlalchemy import func, select

from brokerage.bench.browsers import named, seat
from brokerage.bench.figures import Figure, median, percentile
from brokerage.bench.ground import Ground
from brokerage.bench.paying import Paid, paid_at_alpha, started_at_alpha
from brokerage.bench.wire import Answer, Wire
from brokerage.clients.model import Client
from brokerage.ledger import accounts, wallets
from brokerage.payments import callbacks
from brokerage.payments.model import Deposit, ProviderEvent
from brokerage.payments.payout_places import destinations, places
from brokerage.payments.values import Method
from stoa.events.model import Inbox, Outbox
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal
from stoa.vault import credentials

PER_S: Final = 1_000
BURST_S: Final = 10
LINES: Final = 64
DEPOSITS: Final = 200
MOST_OF_ONE: Final = 8
COPIES: Final = 20
"""One callback in so many is sent twice, as providers do."""
DRAINED_S: Final = 300
PARALLEL: Final = 200
ROUNDS: Final = 3
EACH: Final = Decimal(100)
AFFORDABLE: Final = 37


async def burst(ground: Ground) -> list[Figure]:
    """A provider that was silent tells everything at once: paid deposits, each many times over."""
    paid = await _paid_silently(ground)
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        path = callbacks.path(work, "alpha")
        secret = await credentials.read(work, "alpha.webhook")
    posts = [_callback(paid[at % len(paid)], secret) for at in range(PER_S * BURST_S)]
    lines = [
        Wire(ground.config.port, {"host": f"{ground.tenant.host}:{ground.config.port}"})
        for _ in range(LINES)
    ]
    took, late = await _fire(path, posts, lines)
    drained = await _drained(ground)
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        # Only these: what the poller finds meanwhile must not hide one that was lost.
        kept = await work.count(
            select(ProviderEvent.id).where(
                ProviderEvent.psp == "alpha",
                ProviderEvent.event.in_([msgspec.json.decode(body)["id"] for body, _ in posts]),
            )
        )
        credited = await work.count(
            select(Deposit.id).where(
                Deposit.id.in_([one.deposit for one in paid]), Deposit.state == "credited"
            )
        )
    lost = PER_S * BURST_S - kept
    if credited != len(paid):
        raise RuntimeError(f"{credited} of {len(paid)} deposits were credited")
    note = (
        f"{len(posts):,} distinct callbacks and a copy of every {COPIES}th, {len(paid)} deposits "
        f"credited once each; sent {late:.1f} s behind the plan at most"
    )
    return [
        Figure("callbacks lost in a burst of 1,000/s for 10 s", lost, "", 0, note=note),
        Figure("the same, p99 of the answer, from the time it was due", took * 1e3, "ms", 500),
        Figure("the same, drained after the last", drained, "s", 60),
    ]


async def _paid_silently(ground: Ground) -> list[Paid]:
    """Deposits paid at the provider whose own callbacks get lost, so that ours are the first."""
    alpha = ground.config.services["alpha"]
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        clients = await work.rows(select(Client.id).order_by(Client.id).limit(DEPOSITS))
    found: list[Paid] = []
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as outside:
        await outside.post(f"{alpha}/_sandbox/faults", json={"callback_lost": "always"})
        for number in range(DEPOSITS):
            money = Money(Decimal(f"{60 + number % 40}.50"), ground.tenant.base_currency)
            try:
                one = await started_at_alpha(
                    ground, clients[number // MOST_OF_ONE % len(clients)], money
                )
            except Refusal:
                continue
            if one is not None:
                await paid_at_alpha(ground, outside, one)
                found.append(one)
        await outside.post(f"{alpha}/_sandbox/faults", json={"callback_lost": "off"})
    if not found:
        raise RuntimeError("no deposit could be started")
    return found


def _callback(one: Paid, secret: str) -> tuple[bytes, dict[str, str]]:
    """A signed callback with an event id of its own."""
    at = int(time.time())
    body = msgspec.json.encode(
        {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "type": "checkout.session.completed",
            "created": at,
            "data": {
                "object": {
                    "id": one.reference,
                    "object": "checkout.session",
                    "status": "complete",
                    "payment_status": "paid",
                    "amount_total": int(one.money.amount * 100),
                    "currency": one.money.currency.lower(),
                    "metadata": {"id": str(one.attempt)},
                }
            },
        }
    )
    proof = hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    return body, {"stripe-signature": f"t={at},v1={proof}", "content-type": "application/json"}


async def _fire(
    path: str, posts: list[tuple[bytes, dict[str, str]]], lines: list[Wire]
) -> tuple[float, float]:
    """Send at the times of a plan, whether answers come or not; (p99, most behind the plan)."""
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for line in lines:
        free.put_nowait(line)
    took: list[float] = []
    began = time.perf_counter() + 0.1
    behind = 0.0

    async def one(due: float, line: Wire, body: bytes, headers: dict[str, str]) -> None:
        answer: Answer = await line.post(path, body, headers)
        took.append(time.perf_counter() - due)
        free.put_nowait(line)
        if answer.status != 202:
            raise RuntimeError(f"a callback was answered {answer.status}: {answer.text[:200]}")

    async with asyncio.TaskGroup() as tasks:
        for number, (body, headers) in enumerate(posts):
            due = began + number / PER_S
            for _ in range(2 if number % COPIES == 0 else 1):
                line = await free.get()
                if (wait := due - time.perf_counter()) > 0:
                    await asyncio.sleep(wait)
                behind = max(behind, time.perf_counter() - due)
                tasks.create_task(one(due, line, body, headers))
    return percentile(took, 99), behind


async def _drained(ground: Ground) -> float:
    """Seconds until nothing waits any more."""
    began, waits = time.perf_counter(), None
    while time.perf_counter() - began < DRAINED_S:
        async with ground.door.open(ground.tenant, purpose="bench") as work:
            waits = await work.value(
                select(
                    select(func.count())
                    .select_from(Outbox)
                    .where(Outbox.relayed_at.is_(None), Outbox.kind == "CallbackTaken")
                    .scalar_subquery()
                    + select(func.count())
                    .select_from(Inbox)
                    .where(Inbox.state == "waiting", Inbox.kind == "CallbackTaken")
                    .scalar_subquery()
                    + select(func.count())
                    .select_from(ProviderEvent)
                    .where(ProviderEvent.state.in_(("taken", "parked")))
                    .scalar_subquery()
                )
            )
        if not waits:
            return time.perf_counter() - began
        await asyncio.sleep(0.25)
    raise RuntimeError(f"{waits} callbacks were not dealt with in {DRAINED_S} s")


async def withdrawals(ground: Ground) -> list[Figure]:
    """As many requests at once for the same money as a wallet cannot bear."""
    person = await named(ground, "client", "client001")
    base = ground.tenant.base_currency
    took: list[float] = []
    for _ in range(ROUNDS):
        to = await _wallet_of(ground, person.id, EACH * AFFORDABLE + 1)
        first = await seat(ground, person, "room")
        lines = [Wire(first.port, first.headers) for _ in range(PARALLEL)]
        began = time.perf_counter()
        answers = await asyncio.gather(
            *(
                line.post(
                    "/withdraw",
                    {
                        "method": "bank",
                        "currency": base,
                        "amount": str(EACH),
                        "destination": str(to),
                        "key": str(uuid4()),
                    },
                    {"hx-request": "true"},
                )
                for line in lines
            )
        )
        took.append(time.perf_counter() - began)
        for line in lines:
            line.close()
        yes = sum(answer.status < 300 for answer in answers)
        if yes != AFFORDABLE:
            told = sorted({f"{one.status} {one.text[:160]}" for one in answers})
            raise RuntimeError(f"{yes} withdrawals in place of {AFFORDABLE}: {told}")
    return [
        Figure(
            f"{PARALLEL} parallel withdrawals on one wallet",
            median(took),
            "s",
            3,
            note=f"over HTTP, exactly the affordable {AFFORDABLE} each time",
        )
    ]


async def _wallet_of(ground: Ground, client: UUID, amount: Decimal) -> UUID:
    """A bank account to be paid to, and exactly this much in the client's wallet."""
    base = ground.tenant.base_currency
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        there = await wallets.available(work, client, base)
        other: Any = accounts.house(work, "adjustments", base)
        turn = wallets.debit if there.amount > amount else wallets.credit
        if there.amount != amount:
            await turn(
                work,
                client,
                Money(abs(there.amount - amount), base),
                operation=f"bench:{secrets.token_hex(6)}",
                kind="bench",
                against=other,
            )
        held = [one for one in await destinations.of(work, client) if one.method == Method.BANK]
        if held:
            return held[0].id
        row = await destinations.add(
            work, client, places.bank("DE89370400440532013000", "COBADEFFXXX", "Bench")
        )
        return row.id
