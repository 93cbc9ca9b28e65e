"""Who acts in a run: two sub-brokers at the stand-in outside world, their clients and staff."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx2
from sqlalchemy import update

from brokerage.clients import clients, verification
from brokerage.clients.model import Client
from brokerage.demo import staffing
from brokerage.demo.connect import Wish, open_tenant
from brokerage.demo.world import World
from brokerage.faults.seats import Seat, seat
from brokerage.kyc import standing
from brokerage.kyc.jurisdictions import defaults
from brokerage.ledger import accounts as ledger
from brokerage.ledger import rates
from brokerage.payments.payout_places import destinations, places
from brokerage.payments.withdrawing.model import Destination
from brokerage.trading import accounts
from brokerage.trading.terms import terms
from stoa.identity.model import Person
from stoa.kernel.config import Config
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work

IBAN: Final = "DE89370400440532013000"
WISHES: Final = (
    Wish("northlight", "Northlight Capital", "Northlight Ltd", "northlight", ("ES",), 1001, 1),
    Wish("pulse", "Pulse Markets", "Pulse LLC", "pulse", ("AE",), 1002, 2),
)


@dataclass(slots=True)
class Customer:
    """A client with a browser, a trading account and a place to be paid."""

    tenant: TenantRef
    id: UUID
    seat: Seat
    account: UUID
    destination: UUID
    number: str
    base: str
    other: str


@dataclass(slots=True)
class Broker:
    """A sub-broker: its clients and the staff who approve."""

    tenant: TenantRef
    clients: list[Customer]
    staff: dict[str, Seat]


async def opened(world: World, config: Config, each: int) -> list[Broker]:
    """Both sub-brokers with `each` clients, who have no money yet."""
    brokers: list[Broker] = []
    for wish in WISHES:
        ref = await open_tenant(world, wish)
        async with world.work(ref, purpose="faults.rates") as work:
            await rates.store_manual(work)
        hired = await staffing.hire(world, ref)
        staff: dict[str, Seat] = {}
        for short in ("finance", "head", "owner"):
            async with world.work(ref) as work:
                person = await work.get(Person, hired[short])
            staff[short] = await seat(world.door, ref, config, person, "desk")
        country = wish.countries[0]
        people = [await _client(world, config, ref, country, n) for n in range(each)]
        brokers.append(Broker(ref, people, staff))
    return brokers


async def _client(
    world: World, config: Config, ref: TenantRef, country: str, number: int
) -> Customer:
    base = ref.base_currency
    other = "USD" if base != "USD" else "EUR"
    async with world.work(ref, purpose="faults.client") as work:
        row = await clients.register(
            work,
            email=f"faults{number}@{ref.slug}.example",
            first_name="Ines",
            last_name=f"Duarte{number}",
            country=country,
        )
        await verification.confirm(work, row.id)
        await _at_the_top(work, row.id)
    async with world.work(ref, purpose="faults.account") as work:
        pack, cap = await terms(work, row.id)
        account = await accounts.open_account(
            work, row.id, product="standard", currency=base, pack=pack, cap=cap, verified=True
        )
    async with world.work(ref, world.client(row.id), "faults.place") as work:
        place = await destinations.add(work, row.id, places.bank(IBAN))
    async with world.work(ref, purpose="faults.place") as work:
        old = work.now - timedelta(days=9)
        await work.run(update(Destination).where(Destination.id == place.id).values(usable_at=old))
        person = await work.get(Person, row.id)
        wallet = ledger.client_wallet(work, row.id, base).number or ""
    browser = await seat(world.door, ref, config, person, "room")
    return Customer(ref, row.id, browser, account.id, place.id, wallet, base, other)


async def _at_the_top(work: Work, client: UUID) -> None:
    """At the highest level of the client's pack, as an officer's yes leaves it."""
    row = await standing.locked(work, client)
    top = defaults.levels_of(standing.pack_of(work, row.pack))[-1]
    row.steps, row.checks = list(top.needs_steps), list(top.needs_checks)
    row.risk_band = "low"
    await standing.grade(work, row, await work.lock(Client, client))


async def renewed(world: World, config: Config, customer: Customer) -> None:
    """Signed in afresh, second factor just shown."""
    async with world.work(customer.tenant) as work:
        person = await work.get(Person, customer.id)
    was = customer.seat.http
    customer.seat = await seat(world.door, customer.tenant, config, person, "room")
    await was.aclose()


async def closed(brokers: list[Broker]) -> None:
    browsers: list[httpx2.AsyncClient] = []
    for broker in brokers:
        browsers += [one.seat.http for one in broker.clients]
        browsers += [one.http for one in broker.staff.values()]
    for one in browsers:
        await one.aclose()
