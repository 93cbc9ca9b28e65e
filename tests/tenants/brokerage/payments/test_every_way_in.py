"""From a provider's own word to the wallet, for connectors that differ in how they tell it.

One that asks before it takes (Praxis), one that tells of refunds by callback alone (Adyen), one that
signs nothing and never repeats the amount (M-Pesa), one whose payer approves what we then take
(PayPal), and money under way in coins (B2BINPAY).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from brokerage.clients import verification
from brokerage.ledger import rates, wallets
from brokerage.ledger.settings import LedgerSettings
from brokerage.payments import settlement
from brokerage.payments.depositing import deposits
from brokerage.payments.events import CallbackTaken
from brokerage.payments.model import Deposit, PaymentAttempt, ProviderEvent, Unresolved
from brokerage.payments.psp import hook_paths
from brokerage.payments.routing.terms import Route, Share
from brokerage.payments.settings import Amount, DepositMethod, PaymentsSettings, Psp
from stoa.connectors.outside import Outside
from stoa.kernel.money import Money
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.registry import TenantRef
from stoa.vault import credentials
from support.clients import a_client
from support.fixtures import House
from support.psp.rig import Rig, running
from support.psp.setups import SETUPS
from support.web import visitor

from .conftest import OWN, verified

WAYS = ["adyen", "b2binpay", "mpesa", "paypal", "praxis"]


@dataclass
class Shop:
    """A broker with one provider, reached over its own callback address."""

    house: House
    tenant: TenantRef
    rig: Rig
    client: UUID

    def opener(self, actor: Actor | None = None) -> Any:
        if actor is None:
            return self.house.door.opener(self.tenant, purpose="test")
        return self.house.door.opener(self.tenant, actor=actor, purpose="test")

    async def start(self) -> UUID:
        setup = self.rig.setup
        actor = Actor(Kind.CLIENT, self.client, "A client", OWN, scope="own")
        made = await deposits.start(self.opener(actor), self.client, setup.method, setup.priced)
        return made.deposit

    async def attempt(self, deposit: UUID) -> PaymentAttempt:
        async with self.opener()() as work:
            found = await work.first(
                select(PaymentAttempt)
                .where(PaymentAttempt.deposit == deposit)
                .order_by(PaymentAttempt.number.desc())
            )
        assert found is not None and found.reference, found
        return found

    async def tell(self, raw: bytes, headers: list[tuple[str, str]]) -> Any:
        async with self.opener()() as work:
            path = hook_paths.path(work, "psp")
        query = dict(headers).get(":query", "")
        given = {key: value for key, value in headers if key != ":query"}
        browser = visitor(self.house, self.tenant)
        return await browser.http.post(
            path + (f"?{query}" if query else ""), content=raw, headers=given
        )

    async def react(self) -> None:
        async with self.opener()() as work:
            taken = list(
                await work.rows(select(ProviderEvent.id).where(ProviderEvent.state == "taken"))
            )
        for one in taken:
            await settlement.settle(self.opener(), CallbackTaken(event=one))

    async def state(self, deposit: UUID) -> tuple[str, Decimal]:
        async with self.opener()() as work:
            row = await work.get(Deposit, deposit)
            held = await wallets.available(work, self.client, self.rig.setup.priced.currency)
            return row.state, held.amount


@pytest.fixture(params=WAYS)
async def shop(
    request: pytest.FixtureRequest, house: House, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shop]:
    setup = SETUPS[request.param]
    async with running(setup) as rig:
        await rig.control("switch", schemes=["https://", "http://"])
        way = Outside(replace(house.config, services={"psp": rig.url}))
        monkeypatch.setattr("brokerage.payments.psp.providers.outside", lambda: way)
        tenant = await house.tenant()
        told = {name: value for name, value in setup.settings.items() if name != "callback_url"}
        psp = Psp(
            code="psp",
            connector=setup.connector.code,
            label="The provider",
            settings=told | dict.fromkeys(setup.urls, "service:psp"),
        )
        currency = setup.priced.currency
        where = "KE" if setup.connector.code == "mpesa" else "ES"
        offered = DepositMethod(
            method=setup.method,
            label="Pay",
            least=Amount(amount=Decimal(0), currency=currency),
            most=Amount(amount=Decimal(10**6), currency=currency),
        )
        async with house.door.open(tenant, purpose="test") as work:
            now = work.settings(PaymentsSettings)
            changed = msgspec.structs.replace(
                now,
                psps=(psp,),
                methods=(offered,),
                routes=(Route(name="all", use=(Share(psp="psp"),)),),
                payout_routes=(),
            )
            await settings.put(work, "payments", changed, why="one provider")
            ledger = work.settings(LedgerSettings)
            held = msgspec.structs.replace(ledger, currencies=("USD", "EUR", currency))
            await settings.put(work, "ledger", held, why="its currency")
            for name, text in setup.secrets.items():
                await credentials.put(work, name, text)
            await rates.store_manual(work)
            row = await a_client(work, phone="+254712345678", country=where)
            await verification.confirm(work, row.id)
            await verified(work, row.id)
            client = row.id
        yield Shop(house, tenant, rig, client)
        await way.aclose()


async def test_what_the_provider_says_it_has_is_in_the_wallet_once(shop: Shop) -> None:
    due = shop.rig.setup.priced
    deposit = await shop.start()
    attempt = await shop.attempt(deposit)
    assert (await shop.state(deposit))[0] == "waiting"

    heard = await shop.rig.pay(attempt.reference or "")
    for raw, headers in heard * 3:
        answer = await shop.tell(raw, headers)
        assert answer.status_code in {200, 202}, answer.text
    await shop.react()
    await shop.react()

    assert await shop.state(deposit) == ("credited", due.amount)
    assert (await shop.rig.made())["refused"] == []


async def test_too_little_waits_for_a_person_and_is_in_nobody_s_wallet(shop: Shop) -> None:
    amount, currency = shop.rig.setup.short
    if not amount:
        pytest.skip("this provider takes the whole amount or nothing")
    deposit = await shop.start()
    attempt = await shop.attempt(deposit)

    for raw, headers in await shop.rig.pay(attempt.reference or "", "paid", amount, currency):
        await shop.tell(raw, headers)
    await shop.react()

    assert await shop.state(deposit) == ("review", Decimal(0))
    async with shop.opener()() as work:
        found = list(await work.rows(select(Unresolved).where(Unresolved.deposit == deposit)))
    assert [one.problem for one in found] == ["under-paid"]


async def test_a_forged_word_is_kept_nowhere(shop: Shop) -> None:
    deposit = await shop.start()
    attempt = await shop.attempt(deposit)
    (raw, headers), *_ = await shop.rig.pay(attempt.reference or "")
    bent = raw.replace(b'"', b"'") if shop.rig.setup.connector.code != "mpesa" else raw
    without = [(key, value) for key, value in headers if key != ":query"]

    answer = await shop.tell(bent, without)

    assert answer.status_code == 401, answer.text
    async with shop.opener()() as work:
        assert await work.count(select(ProviderEvent.id)) == 0
    assert (await shop.state(deposit))[0] == "waiting"


async def test_praxis_is_told_whether_it_may_take_a_payment(shop: Shop) -> None:
    """PSP-19: ours, open and of the ordered amount; anything else is refused before it is taken."""
    if shop.rig.setup.connector.code != "praxis":
        pytest.skip("only Praxis asks")
    import json
    import time

    from support.psp import praxis

    deposit = await shop.start()
    attempt = await shop.attempt(deposit)

    async def asked(amount: int, order: str) -> int:
        at = int(time.time())
        tried = {
            "currency": "EUR",
            "amount": amount,
            "conversion_rate": 1,
            "attempted_currency": "EUR",
            "attempted_amount": amount,
        }
        body = {
            "merchant_id": praxis.MERCHANT,
            "application_key": praxis.APPLICATION,
            "timestamp": at,
            "customer": {"customer_token": "t"},
            "session": {"order_id": order},
            "transaction_attempt": tried,
        }
        proof = praxis.sign(praxis.MERCHANT, praxis.APPLICATION, at, "t", order, *tried.values())
        raw = json.dumps(body).encode()
        answer = await shop.tell(raw, [("gt-authentication", proof)])
        assert answer.status_code == 200
        said: int = answer.json()["status"]
        assert answer.headers["gt-authentication"] == praxis.sign(said, answer.json()["timestamp"])
        return said

    assert await asked(10050, attempt.reference or "") == 0
    assert await asked(20050, attempt.reference or "") == 1
    assert await asked(10050, "00000000-0000-0000-0000-000000000000") == 1
    async with shop.opener()() as work:
        assert await work.count(select(ProviderEvent.id)) == 0


async def test_a_callback_that_never_came_is_found_by_asking(shop: Shop) -> None:
    deposit = await shop.start()
    attempt = await shop.attempt(deposit)
    await shop.rig.pay(attempt.reference or "")

    await settlement.look(shop.opener(), attempt.id)

    assert await shop.state(deposit) == ("credited", shop.rig.setup.priced.amount)
    assert Money(*(await shop.state(deposit))[1:], shop.rig.setup.priced.currency)
