"""Addresses that stay, at every provider that keeps them, each against its stand-in process."""

from collections.abc import AsyncGenerator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from brokerage.payments.addresses import networks
from brokerage.payments.connector import EventKind, State
from brokerage.payments.connectors import ALL
from brokerage.payments.receiving.port import Coin, GivesAddresses, Place, Wanted
from stoa.connectors.outcomes import Refused
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Unavailable
from support.psp.rig import Rig, read, running
from support.psp.setups import SETUPS

KEEPERS = sorted(code for code, setup in SETUPS.items() if setup.staying)


@pytest.fixture(scope="module", params=KEEPERS)
async def stand(request: pytest.FixtureRequest) -> AsyncGenerator[Rig]:
    async with running(SETUPS[request.param]) as rig:
        yield rig


@pytest.fixture
async def rig(stand: Rig) -> AsyncGenerator[Rig]:
    await stand.control("reset")
    yield stand
    assert (await stand.made())["refused"] == []
    await stand.control("reset")


def keeper(rig: Rig) -> Any:
    connector = rig.connector(**rig.setup.staying)
    assert isinstance(connector, GivesAddresses)
    return connector


def wanted(coin: Coin) -> Wanted:
    return Wanted(id=uuid4(), reference="C-204531", coin=coin, email="ann@example.com")


async def given(connector: Any) -> tuple[Wanted, Place]:
    ask = wanted(connector.coins[0])
    place = await connector.give_address(ask)
    assert isinstance(place, Place), place
    return ask, place


def test_whoever_keeps_addresses_is_tried_here() -> None:
    assert [kind.code for kind in ALL if hasattr(kind, "give_address")] == KEEPERS


async def test_an_address_is_of_its_network_and_another_client_s_is_another(rig: Rig) -> None:
    connector = keeper(rig)
    ask, place = await given(connector)
    _, other = await given(connector)

    assert networks.checked(ask.coin.network, ask.coin.asset, place.address)[0] == place.address
    assert other.address != place.address
    assert other.reference != place.reference
    assert await connector.arrivals(place.reference, ask, ()) == []


async def test_each_payment_is_told_apart_and_followed_to_its_end(rig: Rig) -> None:
    connector = keeper(rig)
    ask, place = await given(connector)
    named: tuple[str, ...] = ()
    for amount, how, transfer in (
        ("0.5", "seen", "a"),
        ("0.5", "there", "a"),
        ("0.25", "there", "b"),
        ("0.75", "seen", "c"),
        ("0.75", "gone", "c"),
    ):
        for heard in await rig.send(place.reference, amount, how, transfer):
            for event in await read(connector, heard):
                assert event.kind is EventKind.DEPOSIT
                assert event.our_id == str(ask.id)
                named += (event.payment or event.reference,)

    came = await connector.arrivals(
        place.reference, ask, tuple(one for one in set(named) if one and one != place.reference)
    )

    found = {(one.money, one.state) for one in came}
    assert found == {
        (Money(Decimal("0.5"), ask.coin.asset), State.SUCCEEDED),
        (Money(Decimal("0.25"), ask.coin.asset), State.SUCCEEDED),
        (Money(Decimal("0.75"), ask.coin.asset), State.FAILED),
    }
    assert len({one.transfer for one in came}) == len(came) == 3


async def test_an_address_whose_answer_never_came_is_none(rig: Rig) -> None:
    connector = keeper(rig)
    for fault in ("lost-before", "error-500", "error-429"):
        await rig.fault(fault, rig.setup.deposit_path)
        answer = await connector.give_address(wanted(connector.coins[0]))
        assert isinstance(answer, Refused), answer
        assert answer.technical


async def test_silence_is_not_an_empty_list(rig: Rig) -> None:
    connector = keeper(rig)
    ask, place = await given(connector)

    for path in ("/payment-methods", "/transfer/", "/v1/payment/"):
        await rig.fault("error-503", path, "GET")
    with pytest.raises(Unavailable):
        await connector.arrivals(place.reference, ask, ())


async def test_without_its_setting_no_address_is_kept(rig: Rig) -> None:
    off: dict[str, Any] = {"networks": []} if "networks" in rig.setup.staying else {}

    connector: Any = rig.connector(**off)

    assert isinstance(connector, GivesAddresses)
    assert connector.coins == ()


async def test_an_unknown_address_is_not_there(rig: Rig) -> None:
    connector = keeper(rig)
    try:
        came = await connector.arrivals(rig.setup.absent, wanted(connector.coins[0]), ())
    except NotFound:
        came = []
    await rig.control("reset")

    assert came == []
