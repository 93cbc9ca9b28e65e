"""Two providers as real processes, a broker whose callbacks reach its own app, and its people."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from brokerage.clients import verification
from brokerage.clients.model import Client
from brokerage.kyc import standing
from brokerage.ledger import rates
from brokerage.payments import callbacks, settlement
from brokerage.payments.depositing import deposits
from brokerage.payments.events import CallbackTaken
from brokerage.payments.model import Deposit, PaymentAttempt, ProviderEvent
from brokerage.payments.permissions import Payments
from brokerage.payments.values import Method
from stoa.connectors.outside import Outside
from stoa.identity.model import Person
from stoa.kernel.money import Money
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.door import OpenWork
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work
from stoa.vault import credentials
from support.clients import a_client
from support.fixtures import House
from support.people import make_staff
from support.shops import AlphaShop, BetaShop
from support.standins import Listener, Standin
from support.web import Browser, signed_in, visitor

_BRINGS = 20
_WORKERS = 6
"""At once; the house's pool in tests has eight connections."""
OWN = frozenset({str(Payments.DEPOSIT_OWN), str(Payments.WITHDRAW_OWN)})


@dataclass
class Market:
    """A broker with both providers connected; callbacks come in over its own app."""

    house: House
    tenant: TenantRef
    alpha: AlphaShop
    beta: BetaShop
    hooks: Listener
    seen: dict[str, int] = field(default_factory=dict)

    def opener(self, actor: Actor | None = None) -> OpenWork:
        if actor is None:
            return self.house.door.opener(self.tenant, purpose="test")
        return self.house.door.opener(self.tenant, actor=actor, purpose="test")

    async def client(self, **more: Any) -> "Customer":
        async with self.house.door.open(self.tenant, purpose="test") as work:
            row = await a_client(work, **{"first_name": "Ines", "last_name": "Duarte"} | more)
            await verification.confirm(work, row.id)
            await verified(work, row.id)
        return Customer(self, row.id)

    async def deliver(self, which: str, copies: int = 1) -> list[int]:
        """Bring the callbacks that came since the last time to the app; the answers' statuses."""
        shop = self.alpha if which == "alpha" else self.beta
        listener = shop.hooks
        news = listener.got[self.seen.get(which, 0) :]
        self.seen[which] = len(listener.got)
        async with self.opener()() as work:
            path = callbacks.path(work, which)
        browser = visitor(self.house, self.tenant)

        async def bring(asked: Any) -> int:
            """As a provider does: what was not taken is brought again."""
            for _ in range(_BRINGS):
                answer = await browser.http.post(
                    path, content=asked.content, headers=_carried(asked.headers)
                )
                if answer.status_code != 503:
                    break
            return answer.status_code

        return await asyncio.gather(*(bring(asked) for asked in news for _ in range(copies)))

    async def react(self, at_once: int = 1) -> None:
        """What the worker would do with the callbacks that are stored."""
        async with self.opener()() as work:
            taken = await work.rows(
                select(ProviderEvent.id).where(ProviderEvent.state.in_(("taken", "parked")))
            )
        facts = [CallbackTaken(event=one) for one in taken for _ in range(at_once)]
        places = asyncio.Semaphore(_WORKERS)

        async def settled(fact: CallbackTaken) -> None:
            async with places:
                await settlement.settle(self.opener(), fact)

        await asyncio.gather(*(settled(one) for one in facts))


@dataclass
class Customer:
    market: Market
    id: UUID

    @property
    def actor(self) -> Actor:
        return Actor(Kind.CLIENT, self.id, "A client", OWN, scope="own")

    @property
    def open_work(self) -> OpenWork:
        return self.market.opener(self.actor)

    async def start(self, amount: str = "500.00", currency: str = "USD", **more: Any) -> Any:
        money = Money(Decimal(amount), currency)
        method = more.pop("method", Method.CARD)
        return await deposits.start(self.open_work, self.id, method, money, **more)

    async def deposit(self, deposit: UUID) -> Deposit:
        async with self.market.opener()() as work:
            return await work.get(Deposit, deposit)

    async def attempts(self, deposit: UUID) -> list[PaymentAttempt]:
        async with self.market.opener()() as work:
            return list(
                await work.rows(
                    select(PaymentAttempt)
                    .where(PaymentAttempt.deposit == deposit)
                    .order_by(PaymentAttempt.number)
                )
            )

    async def pay(self, deposit: UUID, **how: Any) -> Any:
        """As a payer would on the page that is open."""
        tried = [one for one in await self.attempts(deposit) if one.state == "open"][-1]
        shop = self.market.alpha if tried.psp == "alpha" else self.market.beta
        assert tried.reference is not None
        return await shop.pay(tried.reference, **how)

    async def paid(self, amount: str = "500.00", **more: Any) -> UUID:
        """A deposit that is in the wallet, found by asking the provider."""
        made = await self.start(amount, **more)
        await self.pay(made.deposit)
        tried = [one for one in await self.attempts(made.deposit) if one.state == "open"][-1]
        await settlement.look(self.market.opener(), tried.id)
        return made.deposit

    async def available(self, currency: str = "USD") -> Decimal:
        from brokerage.ledger import wallets

        async with self.market.opener()() as work:
            return (await wallets.available(work, self.id, currency)).amount

    async def browser(self) -> Browser:
        async with self.market.opener()() as work:
            person = await work.get(Person, self.id)
        return await signed_in(self.market.house, self.market.tenant, person, "room")


def _carried(headers: Any) -> dict[str, str]:
    """A callback's own headers, to the broker's host."""
    return {k: v for k, v in dict(headers).items() if k not in {"host", "content-length"}}


async def verified(work: Work, client: UUID) -> None:
    """At the highest level of the client's pack, as an officer's yes leaves it."""
    row = await standing.locked(work, client)
    pack = standing.pack_of(work, row.pack)
    from brokerage.kyc.jurisdictions import defaults

    top = defaults.levels_of(pack)[-1]
    row.steps, row.checks = list(top.needs_steps), list(top.needs_checks)
    row.risk_band = "low"
    known = await work.lock(Client, client)
    await standing.grade(work, row, known)


@pytest.fixture(scope="session")
async def providers(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[tuple[Standin, Standin]]:
    alpha = await Standin("alpha", tmp_path_factory.mktemp("alpha")).start()
    beta = await Standin("beta", tmp_path_factory.mktemp("beta")).start()
    yield alpha, beta
    assert await alpha.stop() == 0
    assert await beta.stop() == 0


@pytest.fixture
async def market(
    house: House, providers: tuple[Standin, Standin], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Market]:
    """A broker of its own for each test, so that faults and health meet nobody else."""
    alpha, beta = providers
    services = {"alpha": alpha.url, "beta": beta.url}
    way = Outside(replace(house.config, services=services))
    monkeypatch.setattr("brokerage.payments.psp.providers.outside", lambda: way)
    tenant = await house.tenant()
    cards, coins = await Listener().open(), await Listener().open()
    one = AlphaShop(alpha, cards)
    await one.open(enabled_events=["*"])
    two = BetaShop(beta, coins)
    await two.open()
    async with house.door.open(tenant, purpose="test") as work:
        for name, text in (
            ("alpha.api_key", one.key),
            ("alpha.webhook", one.secret),
            ("beta.api_key", two.key),
            ("beta.webhook", two.secret),
        ):
            await credentials.put(work, name, text)
        await rates.store_manual(work)
    yield Market(house, tenant, one, two, cards)
    await alpha.control("faults/clear")
    await beta.control("faults/clear")
    await cards.close()
    await coins.close()
    await way.aclose()


@pytest.fixture
async def customer(market: Market) -> Customer:
    return await market.client()


@pytest.fixture
def desk(market: Market):
    """A browser of a member of staff of this broker."""

    async def of(*roles: str) -> Browser:
        async with market.opener()() as work:
            person, _ = await make_staff(work, roles or ("Owner",))
        return await signed_in(market.house, market.tenant, person, "desk")

    return of
