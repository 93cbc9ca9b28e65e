"""What people wait for: dashboards, a transfer, a deposit on the screen, a new tenant."""

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final

import httpx2
import msgspec
from sqlalchemy import select

from brokerage.bench.figures import Figure, median, percentile
from brokerage.bench.ground import Ground
from brokerage.bench.paying import paid_at_alpha, started_at_alpha
from brokerage.bench.wire import Wire
from brokerage.ledger import accounts, wallets
from brokerage.ledger.model import LedgerAccount
from brokerage.payments.disputes.queries import stopping
from stoa.identity import people, sessions
from stoa.identity.model import Operator, Person
from stoa.identity.operator_tokens import make_token
from stoa.identity.permissions import Control
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.web import cookies

CONNECTIONS: Final = 8
ROUNDS: Final = 3
PAGES: Final = 240
TRANSFERS: Final = 480
DEPOSITS: Final = 20
TENANTS: Final = 5
_LONGEST_S: Final = 30
_PAUSE_S: Final = 0.02


async def seat(ground: Ground, person: Person, audience: str) -> Wire:
    """A browser with a live session of this person."""
    async with ground.door.open(ground.tenant, purpose="bench") as work:
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
    headers = {
        "host": f"{ground.tenant.host}:{ground.config.port}",
        "cookie": f"{cookies.name(audience, secure=False)}={bearer}",
        "x-csrftoken": csrf,
    }
    return Wire(ground.config.port, headers)


async def named(ground: Ground, kind: str, who: str) -> Person:
    """One of the demo's people."""
    email = f"{who}@{ground.tenant.slug}.example"
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        person = await people.by_email(work, kind, email)
    if person is None:
        raise RuntimeError(f"{email} is missing")
    return person


async def together(count: int, one: Callable[[int], Awaitable[None]]) -> tuple[float, list[float]]:
    """`count` calls of CONNECTIONS callers, told who they are; seconds of the whole and of each."""
    took: list[float] = []
    turn = iter(range(count))

    async def caller(at: int) -> None:
        for _ in turn:
            started = time.perf_counter()
            await one(at)
            took.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(caller(at) for at in range(CONNECTIONS)))
    return time.perf_counter() - started, took


async def dashboards(ground: Ground) -> list[Figure]:
    """Whole pages over the demo's data, as a browser asks for them."""
    figures: list[Figure] = []
    for title, kind, who, audience, path in (
        ("trader-room dashboard", "client", "client001", "room", "/"),
        ("desk dashboard", "staff", "owner", "desk", "/desk"),
    ):
        person = await named(ground, kind, who)
        seats = [await seat(ground, person, audience) for _ in range(CONNECTIONS)]
        for one in seats:
            one.headers = {**one.headers, "accept": "text/html"}

        async def look(at: int, seats: list[Wire] = seats, path: str = path) -> None:
            answer = await seats[at].get(path)
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}")

        alone: list[float] = []
        for at in [*range(CONNECTIONS)] * 3:
            started = time.perf_counter()
            await look(at)
            alone.append(time.perf_counter() - started)
        rounds = [await together(PAGES, look) for _ in range(ROUNDS)]
        tail = median([percentile(each, 95) for _, each in rounds])
        rate = median([PAGES / took for took, _ in rounds])
        note = f"{rate:,.0f} pages/s; one alone takes {median(alone) * 1e3:.0f} ms"
        figures.append(
            Figure(f"{title}, {CONNECTIONS} connections, p95", tail * 1e3, "ms", 150, note=note)
        )
    return figures


async def transfers(ground: Ground) -> list[Figure]:
    """Between wallets of eight pairs of clients, every check and the audit included."""
    base = ground.tenant.base_currency
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        rows, numbers = await _rich(work, base)
    seats = [await seat(ground, row, "room") for row in rows[:CONNECTIONS]]

    async def move(at: int) -> None:
        form = {
            "currency": base,
            "to": numbers[CONNECTIONS + at],
            "amount": "1.00",
            "_once": secrets.token_hex(16),
        }
        answer = await seats[at].post("/money/transfer", form, {"hx-request": "true"})
        if answer.status >= 400:
            raise RuntimeError(f"transfer answered {answer.status}: {answer.text[:200]}")

    await together(CONNECTIONS, move)
    rounds = [await together(TRANSFERS, move) for _ in range(ROUNDS)]
    return [
        Figure(
            f"transfer between wallets over HTTP, {CONNECTIONS} connections",
            median([TRANSFERS / took for took, _ in rounds]),
            "/s",
            120,
            at_least=True,
        ),
        Figure("the same, p95", median([percentile(e, 95) for _, e in rounds]) * 1e3, "ms", 200),
    ]


async def _rich(work: Work, base: str) -> tuple[list[Person], list[str]]:
    """Twice as many clients as connections, with money, and the numbers of their wallets.

    Whose payment is disputed gives nothing to others: the demo has a few.
    """
    rows = await work.rows(
        select(Person)
        .join(LedgerAccount, LedgerAccount.owner == Person.id)
        .where(LedgerAccount.kind == "wallet", LedgerAccount.currency == base)
        .where(*(~why for why in stopping(Person.id)))
        .distinct()
        .limit(CONNECTIONS * 2)
    )
    for row in rows:
        await wallets.credit(
            work,
            row.id,
            Money(Decimal(10_000), base),
            operation=f"bench:{secrets.token_hex(6)}",
            kind="bench",
            against=accounts.house(work, "adjustments", base),
        )
    return list(rows), [accounts.client_wallet(work, row.id, base).number or "" for row in rows]


async def deposit(ground: Ground) -> list[Figure]:
    """From the payer's click at the provider to the new balance on the client's page."""
    person = await named(ground, "client", "client001")
    browser = await seat(ground, person, "room")
    browser.headers = {**browser.headers, "accept": "text/html"}
    took: list[float] = []
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as outside:
        for number in range(DEPOSITS):
            money = Money(Decimal(f"{51 + number}.37"), ground.tenant.base_currency)
            attempt = await started_at_alpha(ground, person.id, money)
            if attempt is None:
                continue
            before = _shown((await browser.get("/money")).text, money.currency)
            began = time.perf_counter()
            await paid_at_alpha(ground, outside, attempt)
            while _shown((await browser.get("/money")).text, money.currency) == before:
                if time.perf_counter() - began > _LONGEST_S:
                    raise RuntimeError("a deposit that was paid does not come")
                await asyncio.sleep(_PAUSE_S)
            took.append(time.perf_counter() - began)
    return [
        Figure(
            "deposit callback to balance on the screen, p95",
            percentile(took, 95) if took else None,
            "s",
            1,
            note=f"{len(took)} deposits, median {median(took):.2f} s, from the click that pays"
            if took
            else "",
        )
    ]


def _shown(page: str, currency: str) -> list[str]:
    """Every amount on the card of one wallet; what trades and rates move stands elsewhere."""
    card = page.partition(f'id="wallet-{currency}"')[2].partition("</dl>")[0]
    return re.findall(r"\d[\d.,\u00a0\u202f]*\d", re.sub(r"<[^>]*>", " ", card))


async def new_tenants(ground: Ground) -> list[Figure]:
    """By API, from the request to a served page in the new tenant's own brand."""
    async with ground.door.platform(purpose="bench") as work:
        operator = await work.first(select(Operator).limit(1))
        if operator is None:
            raise RuntimeError("the demo's operator is missing")
        bearer = await make_token(
            work, operator, name="bench", permissions=[str(one) for one in Control], days=1
        )
    port = ground.config.port
    api = Wire(
        port,
        {
            "host": f"{ground.config.control_host}:{port}",
            "authorization": f"Bearer {bearer}",
            "content-type": "application/json",
        },
    )
    took: list[float] = []
    for number in range(TENANTS):
        slug = f"bench{secrets.token_hex(4)}"
        name = f"Bench {number} {slug}"
        began = time.perf_counter()
        answer = await api.post(
            "/api/tenants",
            msgspec.json.encode(
                {
                    "name": name,
                    "slug": slug,
                    "legal_entity": "Bench Ltd",
                    "owner_email": f"owner@{slug}.example",
                }
            ),
            {"idempotency-key": secrets.token_hex(12)},
        )
        if answer.status != 202:
            raise RuntimeError(f"provisioning answered {answer.status}: {answer.text[:300]}")
        host = f"{ground.config.tenant_host(slug)}:{port}"
        visitor = Wire(port, {"host": host, "accept": "text/html"})
        while time.perf_counter() - began < _LONGEST_S:
            page = await visitor.get("/")
            if page.status == 200 and name in page.text:
                took.append(time.perf_counter() - began)
                break
            await asyncio.sleep(_PAUSE_S)
        # The next asks when the pool of blank schemas is full again, as people do.
        await asyncio.sleep(1.5)
    return [
        Figure(
            "new tenant by API, request to its branded page",
            median(took) if took else None,
            "s",
            2,
            note=f"{len(took)} tenants one after another, the slowest {max(took, default=0):.2f} s",
        )
    ]
