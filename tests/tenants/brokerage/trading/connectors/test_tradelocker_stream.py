"""What the BrandSocket tells, heard by the connector, and a hundred broken connections."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from brokerage.trading.connector import (
    Deal,
    DealCursor,
    MoneyKind,
    News,
    Told,
    mark,
)
from brokerage.trading.connectors.tradelocker import TradeLocker
from stoa.kernel.refusals import Refusal, Unavailable
from support import patience
from support.patience import LONGEST_S
from support.platform_server import PlatformServer
from support.tradelocker import a_trade, an_account, joined

DISCONNECTS = 100


@pytest.fixture
async def own(tmp_path: Path) -> AsyncGenerator[PlatformServer]:
    server = await PlatformServer("tradelocker", tmp_path / "state").start()
    yield server
    await server.stop()


async def _news(tradelocker: TradeLocker) -> AsyncGenerator[News]:
    async for one in tradelocker.stream():
        yield one


async def until(stream: AsyncGenerator[News], what: Told, login: int) -> list[News]:
    """All that is told up to a certain news."""
    heard: list[News] = []
    async with asyncio.timeout(LONGEST_S):
        while not heard or (heard[-1].what, heard[-1].login) != (what, login):
            heard.append(await anext(stream))
    return heard


async def test_the_stream_begins_with_a_gap_and_knows_whose_a_closed_position_was(
    own: PlatformServer,
) -> None:
    async with joined(own) as tradelocker, aclosing(_news(tradelocker)) as stream:
        login = await an_account(tradelocker, 1_000)
        old = await a_trade(own, login)

        assert await anext(stream) == News(what=Told.GAP)
        new = await a_trade(own, login)
        await until(stream, Told.POSITION, login)
        for position in (old, new):
            await own.post(f"/dealer/{login}/close", position=position)
            heard = await until(stream, Told.ACCOUNT, login)
            assert News(what=Told.DEAL, login=login) in heard
        await tradelocker.balance_op(login, MoneyKind.DEPOSIT, Decimal(5), mark("D", uuid4()))
        assert await anext(stream) == News(what=Told.ACCOUNT, login=login)


async def test_a_bent_message_is_a_gap_and_the_stream_goes_on(own: PlatformServer) -> None:
    async with joined(own) as tradelocker, aclosing(_news(tradelocker)) as stream:
        login = await an_account(tradelocker, 1_000)
        await anext(stream)
        await own.post("/faults", stream_noise=True)
        await a_trade(own, login)

        heard = await until(stream, Told.POSITION, login)

        assert News(what=Told.GAP) in heard
        assert sum(one.what is Told.DEAL for one in heard) == 1


async def test_the_second_connection_takes_the_first_one_s_place(own: PlatformServer) -> None:
    async with (
        joined(own) as one,
        joined(own) as two,
        aclosing(_news(one)) as first,
        aclosing(_news(two)) as second,
    ):
        assert (await anext(first)).what is Told.GAP
        assert (await anext(second)).what is Told.GAP
        with pytest.raises(Refusal):
            await anext(first)


async def test_a_wrong_key_hears_nothing(own: PlatformServer) -> None:
    async with joined(own, key="wrong") as tradelocker, aclosing(_news(tradelocker)) as stream:
        with pytest.raises(Unavailable) as refusal:
            await anext(stream)

    assert refusal.value.code == "stream-refused"


class Books:
    """What a listener knows who reads the journal where the stream says so, each deal once."""

    def __init__(self, tradelocker: TradeLocker, login: int) -> None:
        self._tradelocker = tradelocker
        self._login = login
        self._cursor = DealCursor.start()
        self.deals: dict[int, Deal] = {}
        self.gaps = 0
        self.live = False

    async def keep(self, done: asyncio.Event) -> None:
        while not done.is_set():
            with suppress(Refusal):
                async with aclosing(_news(self._tradelocker)) as stream:
                    async for one in stream:
                        self.live = True
                        self.gaps += one.what is Told.GAP
                        if one.what in (Told.GAP, Told.DEAL):
                            await self.read()
            self.live = False
            await asyncio.sleep(0.01)

    async def read(self) -> None:
        batch = await self._tradelocker.get_deals([self._login], self._cursor)
        for deal in batch.deals:
            assert self.deals.setdefault(deal.deal, deal) == deal
        self._cursor = max(self._cursor, batch.cursor)


async def test_random_disconnects_lose_nothing_and_double_nothing(own: PlatformServer) -> None:
    dice = random.Random(5)
    async with joined(own, overlap_s=5) as tradelocker:
        login = await an_account(tradelocker, 1_000_000)
        books, done = Books(tradelocker, login), asyncio.Event()
        listening = asyncio.create_task(books.keep(done))
        for at in range(DISCONNECTS):
            fault = dice.choice(("stream_drop", "disconnect", "stream_noise"))
            if fault == "stream_drop":  # which strikes who is listening, however slow to return
                await patience.until(lambda: books.live)
            await own.post("/faults", **{fault: {"times": 1}})
            position = await a_trade(own, login, "0.02")
            await own.post(
                f"/dealer/{login}/close", position=position, **({"lots": "0.01"} if at % 3 else {})
            )
            await asyncio.sleep(dice.random() * 0.02)
        fired = (await own.lever("GET", "/faults"))["fired"]
        await own.lever("DELETE", "/faults")
        done.set()
        await asyncio.sleep(0.3)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await books.read()

        truth = await own.lever("GET", f"/truth/{login}")
        trades = [deal for deal in books.deals.values() if deal.kind.trade]
        assert len(trades) == truth["trades"] == DISCONNECTS * 2
        assert sum(one.lots_closed for one in trades) == Decimal(truth["volume_closed"]) / 10_000
        assert sum(one.profit for one in trades) == Decimal(truth["profit"])
        assert fired["stream_drop"] > 5
        assert books.gaps > 5
