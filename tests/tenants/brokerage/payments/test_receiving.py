"""Addresses that stay: one client's for ever, and each payment to one its own deposit, once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from brokerage.clients import verification
from brokerage.ledger import rates, wallets
from brokerage.ledger.settings import LedgerSettings
from brokerage.payments.laws import LAWS
from brokerage.payments.model import Deposit, DepositAddress, ProviderEvent, Unresolved
from brokerage.payments.receiving import arriving, giving
from brokerage.payments.receiving.port import Coin
from brokerage.payments.routing.model import ProviderState
from brokerage.payments.settings import Amount, DepositMethod, Fee, PaymentsSettings, Psp
from brokerage.payments.source.settings import Sources
from stoa.connectors.outside import Outside
from stoa.identity.model import Person
from stoa.kernel.refusals import Conflict, NotFound
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind
from stoa.vault import credentials
from support.clients import a_client
from support.fixtures import House
from support.psp.rig import running
from support.psp.setups import SETUPS
from support.web import signed_in

from .conftest import OWN, verified
from .test_every_way_in import Shop

ALL = Amount(amount=Decimal(10_000_000), currency="USD")
KEEPERS = sorted(code for code, setup in SETUPS.items() if setup.staying)


@pytest.fixture(params=KEEPERS)
async def shop(
    request: pytest.FixtureRequest, house: House, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shop]:
    setup = SETUPS[request.param]
    async with running(setup) as rig:
        await rig.control("switch", schemes=["https://", "http://"])
        way = Outside(replace(house.config, services={"psp": rig.url}))
        for place in ("psp.providers", "receiving.giving"):
            monkeypatch.setattr(f"brokerage.payments.{place}.outside", lambda: way)
        tenant = await house.tenant()
        told = {name: value for name, value in setup.settings.items() if name != "callback_url"}
        psp = Psp(
            code="psp",
            connector=setup.connector.code,
            settings=told | setup.staying | dict.fromkeys(setup.urls, "service:psp"),
        )
        connector: Any = rig.connector(**setup.staying)
        asset = connector.coins[0].asset
        offered = DepositMethod(
            method=setup.method,
            label="Coins",
            least=Amount(amount=Decimal("0.1"), currency=asset),
            most=Amount(amount=Decimal(5), currency=asset),
            fee=Fee(percent=Decimal(1)),
        )
        async with house.door.open(tenant, purpose="test") as work:
            changed = msgspec.structs.replace(
                work.settings(PaymentsSettings), psps=(psp,), methods=(offered,), routes=(),
                payout_routes=(), sources=Sources(alone=ALL),
            )  # fmt: skip
            await settings.put(work, "payments", changed, why="one provider")
            held = msgspec.structs.replace(
                work.settings(LedgerSettings), currencies=("USD", "EUR", asset)
            )
            await settings.put(work, "ledger", held, why="its coin")
            for name, text in setup.secrets.items():
                await credentials.put(work, name, text)
            await rates.store_manual(work)
        shop = Shop(house, tenant, rig, await person(house, tenant))
        yield shop
        await way.aclose()


async def person(house: House, tenant: Any) -> UUID:
    async with house.door.open(tenant, purpose="test") as work:
        row = await a_client(work)
        await verification.confirm(work, row.id)
        await verified(work, row.id)
        return row.id


def coin_of(shop: Shop) -> Coin:
    connector: Any = shop.rig.connector(**shop.rig.setup.staying)
    return connector.coins[0]


async def address(shop: Shop, client: UUID | None = None) -> DepositAddress:
    who = client or shop.client
    actor = Actor(Kind.CLIENT, who, "A client", OWN, scope="own")
    found = await giving.address_for(shop.opener(actor), who, coin_of(shop))
    async with shop.opener()() as work:
        return await work.get(DepositAddress, found)


async def came(shop: Shop) -> list[Deposit]:
    async with shop.opener()() as work:
        return list(await work.rows(select(Deposit).order_by(Deposit.id)))


async def sent(shop: Shop, row: DepositAddress, amount: str, how: str, transfer: str) -> None:
    for raw, headers in await shop.rig.send(row.reference or "", amount, how, transfer):
        answer = await shop.tell(raw, headers)
        assert answer.status_code in {200, 202}, answer.text
    async with shop.opener()() as work:
        assert await work.count(select(ProviderEvent.id))
    await react(shop)


async def react(shop: Shop) -> None:
    await shop.react()
    async with shop.opener()() as work:
        left = await work.rows(select(ProviderEvent.state).where(ProviderEvent.state == "taken"))
    assert list(left) == []


async def held(shop: Shop, client: UUID | None = None) -> Decimal:
    async with shop.opener()() as work:
        money = await wallets.available(work, client or shop.client, coin_of(shop).asset)
        broken = [
            (law.name, found)
            for law in LAWS
            for found in (await work.session.execute(_text(law.sql))).all()
        ]
        assert broken == []
        return money.amount


def _text(sql: str) -> Any:
    from sqlalchemy import text

    return text(sql)


async def test_the_address_is_one_and_is_shown_again(shop: Shop) -> None:
    one, again = await address(shop), await address(shop)
    other = await address(shop, await person(shop.house, shop.tenant))

    assert one.id == again.id and one.state == "open"
    assert other.address != one.address
    assert (await shop.rig.made())["refused"] == []


async def test_asked_for_twice_at_once_it_is_one(shop: Shop) -> None:
    found = await asyncio.gather(*(address(shop) for _ in range(4)), return_exceptions=True)

    rows = {one.id for one in found if isinstance(one, DepositAddress)}
    assert len(rows) == 1, found


async def test_each_payment_is_a_deposit_of_its_own_once(shop: Shop) -> None:
    row = await address(shop)

    await sent(shop, row, "0.5", "seen", "a")
    (first,) = await came(shop)
    assert (first.state, first.amount) == ("waiting", Decimal("0.5"))
    assert await held(shop) == 0
    for _ in range(2):
        await sent(shop, row, "0.5", "there", "a")
    await sent(shop, row, "0.25", "there", "b")
    await asyncio.gather(*(arriving.look(shop.opener(), row.id) for _ in range(4)))

    assert [(one.state, one.amount) for one in await came(shop)] == [
        ("credited", Decimal("0.5")),
        ("credited", Decimal("0.25")),
    ]
    assert await held(shop) == Decimal("0.7425")  # less one percent, once each
    assert (await shop.rig.made())["refused"] == []


async def test_a_payment_nobody_told_of_is_found_by_asking(shop: Shop) -> None:
    row = await address(shop)
    await shop.rig.send(row.reference or "", "0.5", "there", "a")

    async with shop.opener()() as work:
        (await work.get(DepositAddress, row.id)).next_poll_at = work.now
    await arriving.sweep(shop.opener())

    assert await held(shop) == Decimal("0.495")


@pytest.mark.parametrize(("amount", "problem"), [("0.01", "under-paid"), ("7.5", "over-paid")])
async def test_too_little_and_too_much_wait_for_a_person(
    shop: Shop, amount: str, problem: str
) -> None:
    row = await address(shop)
    await sent(shop, row, amount, "there", "a")

    assert await held(shop) == 0
    (one,) = await came(shop)
    assert one.state == "review"
    async with shop.opener()() as work:
        item = await work.first(select(Unresolved).where(Unresolved.deposit == one.id))
    assert item is not None
    assert (item.problem, item.amount, item.proposed) == (problem, Decimal(amount), "credit")
    assert item.entry is not None


async def test_what_comes_to_an_address_no_longer_in_use_is_late(shop: Shop) -> None:
    row = await address(shop)
    async with shop.opener()() as work:
        (await work.lock(DepositAddress, row.id)).move("closed")
    fresh = await address(shop)
    await sent(shop, row, "0.5", "there", "a")

    assert fresh.address != row.address
    (one,) = await came(shop)
    assert (one.state, one.code, one.client) == ("review", "late", shop.client)
    assert await held(shop) == 0


async def test_a_payment_that_never_was_confirmed_ends_without_money(shop: Shop) -> None:
    row = await address(shop)
    await sent(shop, row, "0.5", "seen", "a")
    await sent(shop, row, "0.5", "gone", "a")

    assert [one.state for one in await came(shop)] == ["failed"]
    assert await held(shop) == 0


async def test_an_address_is_nobody_else_s_whatever_the_provider_says(shop: Shop) -> None:
    row = await address(shop)
    other = await person(shop.house, shop.tenant)

    with pytest.raises(IntegrityError):
        async with shop.opener()() as work:
            work.add(_copy(row, other, work.now))
            await work.flush()
    if shop.rig.setup.connector.code != "b2binpay":
        return
    await shop.rig.control("switch", same_address=row.address)
    with pytest.raises(Conflict):
        await address(shop, other)
    async with shop.opener()() as work:
        mine = await work.first(select(DepositAddress).where(DepositAddress.client == other))
        assert mine is not None and (mine.state, mine.address) == ("refused", None)
        item = await work.first(select(Unresolved))
        assert item is not None and item.problem == "address-taken"


def _copy(row: DepositAddress, client: UUID, now: Any) -> DepositAddress:
    from uuid import uuid4

    return DepositAddress(
        id=uuid4(),
        client=client,
        psp=row.psp,
        asset=row.asset,
        network=row.network,
        state="open",
        reference="another",
        address=row.address,
        memo=row.memo,
        asked_at=now,
        opened_at=now,
    )


async def test_a_client_asks_for_no_other_client_s_address(shop: Shop) -> None:
    other = await person(shop.house, shop.tenant)
    actor = Actor(Kind.CLIENT, shop.client, "A client", OWN, scope="own")
    with pytest.raises(NotFound):
        await giving.address_for(shop.opener(actor), other, coin_of(shop))


async def test_an_answer_that_never_came_is_asked_for_again_under_the_same_name(
    shop: Shop,
) -> None:
    await shop.rig.fault("lost-after", shop.rig.setup.deposit_path)
    with pytest.raises(Conflict):
        await address(shop)
    row = await address(shop)

    async with shop.opener()() as work:
        assert await work.count(select(DepositAddress.id)) == 1
    assert row.state == "open"


async def test_the_page_shows_the_address_and_what_came(shop: Shop) -> None:
    async with shop.opener()() as work:
        who = await work.get(Person, shop.client)
    browser = await signed_in(shop.house, shop.tenant, who, "room")
    coin = coin_of(shop)

    page = await browser.get("/deposit")
    assert "/deposit/addresses" in page.text
    asked = await browser.post("/deposit/addresses", {"coin": coin.code})
    assert asked.status_code in {200, 204, 303}, asked.text
    row = await address(shop)
    await sent(shop, row, "0.5", "seen", "a")
    shown = await browser.get("/deposit/addresses")

    assert row.address and row.address in shown.text
    (one,) = await came(shop)
    assert f"/deposit/{one.id}" in shown.text
    state = await browser.get(f"/deposit/{one.id}")
    assert state.status_code == 200 and "Cancel this deposit" not in state.text
    stopped = await browser.post(f"/deposit/{one.id}/cancel", {})
    assert stopped.status_code == 409


async def test_a_paused_provider_gives_no_new_address(shop: Shop) -> None:
    row = await address(shop)
    async with shop.opener()() as work:
        work.add(ProviderState(psp="psp", since=work.now, operator_paused_at=work.now))
    other = await person(shop.house, shop.tenant)

    with pytest.raises(Conflict):
        await address(shop, other)
    assert (await address(shop)).id == row.id
    await sent(shop, row, "0.5", "there", "a")
    assert await held(shop) == Decimal("0.495")
