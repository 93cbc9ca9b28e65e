"""The keeper of coins: an address that stays, blocks that confirm, and our own adapter over the wire."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from brokerage.payments.connector import EventKind, Payer, Payout, State, ToCrypto
from brokerage.payments.connectors.b2binpay import B2BinPay, Settings
from brokerage.payments.receiving.port import Coin, Place, Wanted
from sandbox.coins.chain import COINS
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Accepted
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Unavailable
from support.patience import until
from support.standins import Listener, Standin

LOGIN, PASSWORD = "login", "password"
OPEN: list[Egress] = []
BITCOIN = Coin("BTC", "bitcoin")


@pytest.fixture
async def hooks():
    listener = await Listener().open()
    yield listener
    await listener.close()


@pytest.fixture
async def coins(tmp_path, hooks: Listener):
    standin = await Standin("coins", tmp_path / "coins").start()
    await standin.control("merchants", login=LOGIN, password=PASSWORD, webhook_url=hooks.url)
    yield standin
    while OPEN:
        await OPEN.pop().aclose()
    await standin.stop()


def adapter(standin: Standin, password: str = PASSWORD) -> B2BinPay:
    place = standin.url.removeprefix("http://")
    egress = Egress({place})
    OPEN.append(egress)
    lines = Lines(egress)
    told = Settings(
        base_url=standin.url,
        wallets=tuple(f"{one.asset}={one.wallet}" for one in COINS.values()),
        coins=tuple(f"{one.asset}={one.number}" for one in COINS.values()),
        networks=("BTC=bitcoin", "ETH=ethereum", "USDT=tron"),
        confirmations=3,
        hosted=False,
    )
    keys = Keyring({"b2binpay.login": LOGIN, "b2binpay.password": password})
    return B2BinPay(told, keys, lines.of("t", f"coins-{uuid4().hex}"))


def wanted(coin: Coin = BITCOIN) -> Wanted:
    return Wanted(id=uuid4(), coin=coin, reference="A-1")


async def test_an_address_stays_and_its_coins_are_sure_after_their_blocks(
    coins: Standin, hooks: Listener
) -> None:
    ours, ask = adapter(coins), wanted()
    place = await ours.give_address(ask)
    again = await ours.give_address(ask)
    assert isinstance(place, Place) and place == again
    assert place.address.startswith("bc1")

    await coins.control("send", address=place.address, amount="0.01", block_s=3600)
    (arrival,) = await ours.arrivals(place.reference, ask, ())
    assert (arrival.state, arrival.confirmations, arrival.needed) == (State.PENDING, 0, 3)
    await coins.control("block", transfer=arrival.transfer)
    (arrival,) = await ours.arrivals(place.reference, ask, ())
    assert (arrival.state, arrival.confirmations) == (State.PENDING, 1)
    for _ in range(3):
        await coins.control("block", transfer=arrival.transfer)

    (arrival,) = await ours.arrivals(place.reference, ask, ())
    assert (arrival.state, arrival.confirmations) == (State.SUCCEEDED, 3)
    assert arrival.money == Money(Decimal("0.01"), "BTC") and arrival.hash
    assert Money(Decimal("0.01"), "BTC") in await ours.balances()
    (moved,) = await ours.transfers(place.reference)
    assert (moved.address, moved.hash) == (place.address, arrival.hash)
    await until(lambda: len(hooks.got) >= 4)
    for call in hooks.got:
        (event,) = ours.parse_callback(call.content, [], datetime.now(UTC))
        assert (event.kind, event.our_id) == (EventKind.DEPOSIT, str(ask.id))


async def test_it_keeps_its_own_record_over_a_death(coins: Standin) -> None:
    ours, ask = adapter(coins), wanted(Coin("USDT", "tron"))
    place = await ours.give_address(ask)
    assert isinstance(place, Place)
    await coins.control("send", address=place.address, amount="250", block_s=0)
    await coins.control("settle", wait_s=5)

    await coins.kill_and_restart()

    (arrival,) = await adapter(coins).arrivals(place.reference, ask, ())
    assert arrival.state is State.SUCCEEDED and arrival.money == Money(Decimal(250), "USDT")
    truth = await coins.truth()
    assert [one["amount"] for one in truth["transfers"]] == ["250.00000000"]


async def test_a_payout_is_one_however_often_it_is_ordered(coins: Standin) -> None:
    ours = adapter(coins)
    payout = Payout(
        id=UUID(int=7),
        reference="W-1",
        money=Money(Decimal("0.002"), "BTC"),
        destination=ToCrypto(
            asset="BTC", network="bitcoin", address="bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
        ),
        payer=Payer(reference="C-1", name="Ann Example"),
        description="W-1",
    )
    for _ in range(2):
        assert isinstance(await ours.pay_out(payout), Accepted)
    assert len((await coins.truth())["payouts"]) == 1

    async def sent() -> bool:
        since = datetime.now(UTC) - timedelta(minutes=5)
        return (await ours.poll_payout(payout.id, "", since)).state is State.SUCCEEDED

    await until(sent)


async def test_who_is_nobody_here_is_told_nothing(coins: Standin) -> None:
    with pytest.raises(Unavailable):
        await adapter(coins, "another").balances()
    with pytest.raises(NotFound):
        await adapter(coins).poll("1")
    nobody = {"address": "nobody's", "amount": "1"}
    answer = await coins.http.post("/_sandbox/send", json=nobody)
    assert answer.status_code == 404
