"""From one client to another: by number, once, within limits."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from brokerage.ledger import accounts, hooks, transfers, wallets
from brokerage.ledger.posting import NotCovered
from brokerage.ledger.settings import LedgerSettings, Transfers
from stoa.identity import people
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy import settings
from support.ledger import as_client, eur, funded, usd


@pytest.fixture
async def open_transfers(house):
    """A tenant where clients may pay one another."""
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        await allow(work, Transfers(on=True))
    return tenant


async def allow(work, rule: Transfers) -> None:
    known = work.settings(LedgerSettings)
    await settings.put(work, "ledger", msgspec.structs.replace(known, transfers=rule), why="a test")
    work._settings = work._settings | {
        LedgerSettings: msgspec.structs.replace(known, transfers=rule)
    }


def number(work, client, currency="EUR") -> str:
    found = accounts.client_wallet(work, client, currency).number
    assert found is not None
    return found


async def test_money_reaches_the_wallet_of_the_number(work):
    await allow(work, Transfers(on=True))
    anna, boris = await funded(work), await funded(work, "1")
    work.actor = as_client(anna)

    await transfers.send(work, anna, eur("250.50"), number(work, boris).lower(), key="k")

    assert await wallets.available(work, anna, "EUR") == eur("749.50")
    assert await wallets.available(work, boris, "EUR") == eur("251.50")


async def test_the_recipient_is_shown_by_initials(work):
    person = await people.create(work, "client", f"{uuid7()}@a.example", "Boris de Vries")
    await funded(work, client=person.id)

    found = await transfers.recipient(work, number(work, person.id))

    assert found.initials == "B. D. V."


@pytest.mark.parametrize("typed", ["", "W-AAAAA-AAAAA", "W-1", "'; drop table", "W-00000-11111"])
async def test_an_unknown_number_moves_nothing(work, typed):
    await allow(work, Transfers(on=True))
    anna = await funded(work)
    work.actor = as_client(anna)

    with pytest.raises(Invalid, match="No wallet has this number"):
        await transfers.send(work, anna, eur("1"), typed, key="k")


async def test_one_cannot_pay_oneself_or_in_another_currency(work):
    await allow(work, Transfers(on=True))
    anna, boris = await funded(work), await funded(work, "1", "USD")
    work.actor = as_client(anna)

    with pytest.raises(Invalid, match="your own wallet"):
        await transfers.send(work, anna, eur("1"), number(work, anna), key="k")
    with pytest.raises(Invalid, match="Exchange first"):
        await transfers.send(work, anna, eur("1"), number(work, boris, "USD"), key="k")


async def test_switched_off_it_is_refused(work):
    anna, boris = await funded(work), await funded(work)
    work.actor = as_client(anna)

    with pytest.raises(Invalid, match="not offered"):
        await transfers.send(work, anna, eur("1"), number(work, boris), key="k")


async def test_the_same_key_moves_once_and_another_body_is_refused(work):
    await allow(work, Transfers(on=True))
    anna, boris = await funded(work), await funded(work)
    work.actor = as_client(anna)
    await transfers.send(work, anna, eur("10"), number(work, boris), key="k")

    again = await transfers.send(work, anna, eur("10"), number(work, boris), key="k")
    with pytest.raises(Conflict, match="other content"):
        await transfers.send(work, anna, eur("11"), number(work, boris), key="k")

    assert again.replayed
    assert await wallets.available(work, anna, "EUR") == eur("990")


async def test_fifty_at_once_at_the_edge_of_the_day_stay_within_it(house, open_transfers):
    async with house.door.open(open_transfers) as work:
        await allow(work, Transfers(on=True, most=Decimal(0), most_per_day=Decimal(1000)))
        anna, boris = await funded(work, "100000", "USD"), await funded(work, "1", "USD")
        to = number(work, boris, "USD")
    barrier = asyncio.Barrier(50)

    async def send(n: int) -> bool:
        await barrier.wait()
        try:
            async with house.door.open(open_transfers, actor=as_client(anna)) as work:
                await transfers.send(work, anna, usd("150"), to, key=str(n))
        except Conflict as refused:
            assert refused.code == "over-limit"
            return False
        return True

    assert sum(await asyncio.gather(*(send(n) for n in range(50)))) == 6


async def test_more_than_one_transfer_may_be_is_refused(work):
    await allow(work, Transfers(on=True, most=Decimal(100)))
    anna, boris = await funded(work, "1000", "USD"), await funded(work, "1", "USD")
    work.actor = as_client(anna)

    with pytest.raises(Invalid, match=r"up to 100\.00 USD"):
        await transfers.send(work, anna, usd("100.01"), number(work, boris, "USD"), key="k")


async def test_more_than_there_is_is_not_sent(work):
    await allow(work, Transfers(on=True))
    anna, boris = await funded(work, "10"), await funded(work)
    work.actor = as_client(anna)

    with pytest.raises(NotCovered):
        await transfers.send(work, anna, eur("10.01"), number(work, boris), key="k")


async def test_forty_writers_in_circles_neither_deadlock_nor_lose(house, open_transfers):
    async with house.door.open(open_transfers) as work:
        await allow(work, Transfers(on=True, most=Decimal(0), most_per_day=Decimal(0)))
        clients = [await funded(work, "1000") for _ in range(5)]
        numbers = [number(work, client) for client in clients]

    async def pay(n: int) -> None:
        at = n % 5
        async with house.door.open(open_transfers, actor=as_client(clients[at])) as work:
            to = numbers[(at + 1 + n % 4) % 5]
            await transfers.send(work, clients[at], eur("3.33"), to, key=f"c{n}")

    await asyncio.gather(*(pay(n) for n in range(200)))

    async with house.door.open(open_transfers) as work:
        total = sum([(await wallets.available(work, c, "EUR")).amount for c in clients])
        assert total == Decimal(5000)
        later = work.now + timedelta(seconds=1)
        for client in clients:
            wallet = accounts.client_wallet(work, client, "EUR")
            assert await wallets.as_of(work, wallet, later) == await wallets.available(
                work, client, "EUR"
            )


async def test_once_a_freeze_is_written_no_transfer_leaves(house, open_transfers):
    """T57: whoever asks after it is refused; what left before is in both wallets."""
    async with house.door.open(open_transfers) as work:
        anna, boris = await funded(work, "1000"), await funded(work, "1")
        to = number(work, boris)
    frozen = asyncio.Event()

    async def freeze() -> None:
        await asyncio.sleep(0.1)
        async with house.door.open(open_transfers) as work:
            await accounts.freeze(work, anna, "court order")
        frozen.set()

    async def pay(n: int) -> tuple[bool, bool]:
        if n >= 20:  # the second half waits for the freeze, the first races it
            await frozen.wait()
        after = frozen.is_set()
        try:
            async with house.door.open(open_transfers, actor=as_client(anna)) as work:
                await transfers.send(work, anna, eur("1"), to, key=f"f{n}")
        except Conflict:
            return after, False
        return after, True

    _, *done = await asyncio.gather(freeze(), *(pay(n) for n in range(40)))

    assert sum(after for after, _ in done) >= 20
    assert not [one for one in done if one == (True, True)]
    sent = sum(went for _, went in done)
    async with house.door.open(open_transfers) as work:
        assert await wallets.available(work, boris, "EUR") == eur(str(1 + sent))


async def test_what_another_module_forbids_is_not_sent(work, monkeypatch):
    await allow(work, Transfers(on=True))
    anna, boris = await funded(work), await funded(work)
    work.actor = as_client(anna)

    async def unverified(_work, client, money, purpose):
        assert (client, money, purpose) == (anna, eur("1"), transfers.KIND)
        raise Conflict("Verify who you are first. Nothing was moved.")

    monkeypatch.setattr(hooks, "outgoing", [unverified])

    with pytest.raises(Conflict, match="Verify who you are"):
        await transfers.send(work, anna, eur("1"), number(work, boris), key="k")
