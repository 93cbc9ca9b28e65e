"""What people wait for: dashboards, a transfer, a deposit on the screen, a new tenant."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import httpx2
from sqlalchemy import select

from brokerage.bench.figures import Figure, median, p95
from brokerage.ledger import accounts, wallets
from brokerage.ledger.model import LedgerAccount
from brokerage.processes import door_of
from stoa.identity import people, sessions
from stoa.identity.model import Operator, Person
from stoa.identity.operator_tokens import make_token
from stoa.identity.permissions import Control
from stoa.kernel.config import Config
from stoa.kernel.money import Money
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef
from stoa.web import cookies

CONNECTIONS: Final = 8
PAGES: Final = 240
TRANSFERS: Final = 480
TENANTS: Final = 5


@dataclass
class Seat:
    """One signed-in browser."""

    http: httpx2.AsyncClient
    csrf: str
    person: Any


async def seat(door: Door, ref: TenantRef, config: Config, person: Person, audience: str) -> Seat:
    """A browser with a live session of this person."""
    async with door.open(ref, purpose="bench") as work:
        bearer = await sessions.start(
            work,
            person.id,
            audience=audience,
            stage="full",
            epoch=person.epoch,
            ip="127.0.0.1",
            device="bench",
            second_factor=True,
        )
        csrf = work.keys.mac("csrf", bearer)
    http = httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{config.port}",
        headers={"host": f"{ref.host}:{config.port}", "x-csrftoken": csrf},
        cookies={cookies.name(audience, secure=False): bearer},
        timeout=30,
        trust_env=False,
    )
    return Seat(http, csrf, person)


async def measure(config: Config) -> list[Figure]:
    door = door_of(config, application="bench", pool=8)
    try:
        ref = await door.registry.by_slug("northlight")
        if ref is None:
            raise RuntimeError("the demo is missing")
        figures = await _dashboards(config, door, ref)
        figures += await _transfers(config, door, ref)
        figures += await _deposit(config, door, ref)
        return figures + await _tenants(config, door)
    finally:
        await door.close()


async def _together(count: int, one: Callable[[int], Awaitable[None]]) -> tuple[float, list[float]]:
    """`count` calls over CONNECTIONS callers; seconds of the whole and of each."""
    took: list[float] = []
    turn = iter(range(count))

    async def caller() -> None:
        for number in turn:
            started = time.perf_counter()
            await one(number)
            took.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CONNECTIONS)))
    return time.perf_counter() - started, took


async def _dashboards(config: Config, door: Door, ref: TenantRef) -> list[Figure]:
    figures: list[Figure] = []
    for title, kind, email, audience, path in (
        ("trader-room dashboard", "client", f"client001@{ref.slug}.example", "room", "/"),
        ("desk dashboard", "staff", f"owner@{ref.slug}.example", "desk", "/desk"),
    ):
        async with door.open(ref, purpose="bench") as work:
            person = await people.by_email(work, kind, email)
        if person is None:
            raise RuntimeError(f"{email} is missing")
        seats = [await seat(door, ref, config, person, audience) for _ in range(CONNECTIONS)]

        async def look(number: int, seats: list[Seat] = seats, path: str = path) -> None:
            answer = await seats[number % CONNECTIONS].http.get(path)
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answered {answer.status_code}")

        await _together(CONNECTIONS * 2, look)
        rounds = [p95((await _together(PAGES, look))[1]) for _ in range(3)]
        figures.append(
            Figure(f"{title}, {CONNECTIONS} connections, p95", median(rounds) * 1e3, "ms", 150)
        )
    return figures


async def _transfers(config: Config, door: Door, ref: TenantRef) -> list[Figure]:
    """Between wallets of eight pairs of clients, every check and the audit included."""
    base = ref.base_currency
    async with door.open(ref, purpose="bench") as work:
        rows = await work.rows(
            select(Person)
            .join(LedgerAccount, LedgerAccount.owner == Person.id)
            .where(LedgerAccount.kind == "wallet", LedgerAccount.currency == base)
            .distinct()
            .limit(CONNECTIONS * 2)
        )
        for row in rows:
            await wallets.credit(
                work,
                row.id,
                Money(Decimal(10_000), base),
                operation=f"bench:{secrets.token_hex(6)}",
                kind="adjustment",
                against=accounts.house(work, "adjustments", base),
            )
        numbers = [accounts.client_wallet(work, row.id, base).number for row in rows]
    seats = [await seat(door, ref, config, row, "room") for row in rows[:CONNECTIONS]]

    async def move(number: int) -> None:
        at = number % CONNECTIONS
        answer = await seats[at].http.post(
            "/money/transfer",
            data={
                "currency": base,
                "to": numbers[CONNECTIONS + at],
                "amount": "1.00",
                "_once": secrets.token_hex(16),
            },
            headers={"hx-request": "true"},
        )
        if answer.status_code >= 400:
            raise RuntimeError(f"transfer answered {answer.status_code}: {answer.text[:200]}")

    await _together(CONNECTIONS, move)
    rates: list[float] = []
    tails: list[float] = []
    for _ in range(3):
        took, each = await _together(TRANSFERS, move)
        rates.append(TRANSFERS / took)
        tails.append(p95(each))
    return [
        Figure(
            f"transfer between wallets over HTTP, {CONNECTIONS} connections",
            median(rates),
            "/s",
            80,
            at_least=True,
        ),
        Figure("the same, p95", median(tails) * 1e3, "ms", 250),
    ]


async def _deposit(config: Config, door: Door, ref: TenantRef) -> list[Figure]:
    """From the provider's callback to the balance on the client's page, asked every 20 ms."""
    from brokerage.payments import deposits
    from brokerage.payments.model import PaymentAttempt
    from brokerage.payments.values import Method
    from brokerage.product import PRODUCT
    from stoa.tenancy.actor import Actor, Kind

    async with door.open(ref, purpose="bench") as work:
        person = await people.by_email(work, "client", f"client001@{ref.slug}.example")
    if person is None:
        raise RuntimeError("the demo's first client is missing")
    browser = await seat(door, ref, config, person, "room")
    actor = Actor(
        Kind.CLIENT, person.id, "client", PRODUCT.own_permissions(), second_factor_at=time.time()
    )
    took: list[float] = []
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as outside:
        await outside.post(f"{config.services['alpha']}/_sandbox/clock", json={"offset_s": 0})
        for number in range(12):
            amount = Money(Decimal(f"{51 + number}.37"), ref.base_currency)
            started = await deposits.start(
                door.opener(ref, actor=actor, purpose="bench"), person.id, Method.CARD, amount
            )
            async with door.open(ref, purpose="bench") as work:
                attempt = await work.first(
                    select(PaymentAttempt).where(PaymentAttempt.deposit == started.deposit)
                )
            if attempt is None or attempt.psp != "alpha":
                continue
            before = await _balance(door, ref, person.id)
            await outside.post(
                f"{config.services['alpha']}/_sandbox/pay",
                json={"session": attempt.reference, "card": "4242424242424242"},
            )
            began = time.perf_counter()
            while time.perf_counter() - began < 15:
                page = await browser.http.get(f"/deposit/{started.deposit}")
                if page.status_code == 200 and await _balance(door, ref, person.id) > before:
                    took.append(time.perf_counter() - began)
                    break
                await asyncio.sleep(0.02)
    return [
        Figure(
            "deposit callback to balance on the screen, p95",
            p95(took) if took else None,
            "s",
            1,
            note=f"{len(took)} deposits, from the payer's click at the provider",
        )
    ]


async def _balance(door: Door, ref: TenantRef, client: Any) -> Decimal:
    async with door.open(ref, purpose="bench") as work:
        return (await wallets.available(work, client, ref.base_currency)).amount


async def _tenants(config: Config, door: Door) -> list[Figure]:
    """By API, from the request to a served page in the new tenant's own brand."""
    async with door.platform(purpose="bench") as work:
        operator = await work.first(select(Operator).limit(1))
        if operator is None:
            raise RuntimeError("the demo's operator is missing")
        bearer = await make_token(
            work, operator, name="bench", permissions=[str(one) for one in Control], days=1
        )
    took: list[float] = []
    base = f"http://127.0.0.1:{config.port}"
    async with httpx2.AsyncClient(base_url=base, timeout=30, trust_env=False) as http:
        for number in range(TENANTS):
            slug = f"bench{secrets.token_hex(4)}"
            name = f"Bench {number} {slug}"
            began = time.perf_counter()
            answer = await http.post(
                "/api/tenants",
                json={
                    "name": name,
                    "slug": slug,
                    "legal_entity": "Bench Ltd",
                    "owner_email": f"owner@{slug}.example",
                },
                headers={
                    "host": f"{config.control_host}:{config.port}",
                    "authorization": f"Bearer {bearer}",
                    "idempotency-key": secrets.token_hex(12),
                },
            )
            if answer.status_code != 202:
                raise RuntimeError(
                    f"provisioning answered {answer.status_code}: {answer.text[:300]}"
                )
            host = f"{config.tenant_host(slug)}:{config.port}"
            while time.perf_counter() - began < 30:
                page = await http.get("/", headers={"host": host, "accept": "text/html"})
                if page.status_code == 200 and name in page.text:
                    took.append(time.perf_counter() - began)
                    break
                await asyncio.sleep(0.02)
            await asyncio.sleep(1.5)
    return [
        Figure(
            "new tenant by API, request to its branded page",
            median(took) if took else None,
            "s",
            2,
            note=f"{len(took)} tenants, one after another",
        )
    ]
