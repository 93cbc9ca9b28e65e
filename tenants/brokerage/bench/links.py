"""Standing links to trading platforms, cut at random a thousand times: what was lost or doubled.

The stand-in is a process of its own with its own journal, which is the truth; the connector listens
to the push and reads the journal where the push says that it began anew, as whoever keeps books
must. Cuts come in the middle of frames, while deals are being made.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec

from brokerage.bench.figures import Figure
from brokerage.bench.ground import Ground
from brokerage.bench.wire import Wire
from brokerage.trading.connector import (
    Deal,
    DealCursor,
    MoneyKind,
    NewAccount,
    Profile,
    Told,
    TradingConnector,
    mark,
)
from brokerage.trading.connectors.ctrader import CTrader, Settings
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed
from stoa.kernel.refusals import Refusal

CUTS: Final = 1_000
_PATIENCE_S: Final = 60.0
_READY_S: Final = 30.0
_PAUSE_S: Final = 0.05
_NOT_FINE: Final = 300
_AFTER_BYTES: Final = 400
JSON: Final = {"content-type": "application/json", "host": "localhost"}


Cut = Callable[[Wire, int, int], Awaitable[None]]
"""Cut the link the so-maniest time, after so many bytes where that can be said."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of it: deals that never arrived, deals that were there twice or never made."""

    lost: int
    doubled: int
    deals: int
    cuts: int


async def measure(_: Ground) -> list[Figure]:
    """CTrader's Manager link, cut a thousand times."""
    with tempfile.TemporaryDirectory(prefix="stoa-bench-") as folder:
        async with _plant(Path(folder)) as (connector, port):
            login = await an_account(connector, "Raw")
            came = await through_cuts(connector, login, port, cuts=CUTS, seed=1)
    note = f"{came.deals:,} deals, {came.cuts:,} cuts, half of them in the middle of a frame"
    return [
        Figure("random disconnects of cTrader's link: lost", came.lost, "deals", 0, note=note),
        Figure("random disconnects of cTrader's link: doubled", came.doubled, "deals", 0),
    ]


async def through_cuts(
    connector: TradingConnector,
    login: int,
    port: int,
    *,
    cuts: int,
    seed: int,
    cut: Cut | None = None,
    ticket: Callable[[int], int] = int,
) -> Came:
    """Trade on an account while the link is cut so many times; `port` is that of the levers.

    `ticket` is the journal's number of a deal by the connector's.
    """
    dice, levers, books = random.Random(seed), Wire(port, JSON), _Books(login, ticket)  # noqa: S311
    done = asyncio.Event()
    listening = asyncio.create_task(books.keep(connector, done))
    for at in range(cuts):
        order = {"symbol": "EURUSD", "side": "buy", "lots": "0.02"}
        made = await pull(levers, f"/dealer/{login}/order", order)
        await (cut or _cut)(levers, at, dice.randrange(_AFTER_BYTES) if at % 2 else 0)
        part = "0.01" if at % 3 == 0 else ""
        closing = {"position": int(made["Deals"][0]["PositionID"]), "lots": part}
        await pull(levers, f"/dealer/{login}/close", closing)
    done.set()
    async with asyncio.timeout(_PATIENCE_S):
        await listening
    truth = msgspec.json.decode((await levers.get(f"/truth/{login}")).body)
    levers.close()
    return books.against(truth, cuts)


async def _cut(levers: Wire, _: int, after: int) -> None:
    """Wait until the link stands, then cut it after so many bytes more."""
    ends = time.monotonic() + _PATIENCE_S
    while time.monotonic() < ends:
        if (await pull(levers, "/cut", {"after": after}))["cut"]:
            return
        await asyncio.sleep(_PAUSE_S / 10)
    raise RuntimeError("the link does not come back")


async def pull(levers: Wire, path: str, body: dict[str, Any]) -> Any:
    answer = await levers.post(path, msgspec.json.encode(body))
    if answer.status >= _NOT_FINE:
        raise RuntimeError(f"{path}: {answer.status} {answer.text}")
    return msgspec.json.decode(answer.body)


class _Books:
    """What a listener writes down: each deal once, by its number."""

    def __init__(self, login: int, ticket: Callable[[int], int]) -> None:
        self._login = login
        self._ticket = ticket
        self._cursor = DealCursor.start()
        self._deals: dict[int, Deal] = {}
        self._other = 0

    async def keep(self, connector: TradingConnector, done: asyncio.Event) -> None:
        """Listen until it is done, and open the stream again whenever it broke; then read the rest."""
        ending = asyncio.ensure_future(done.wait())
        while not done.is_set():
            listening = asyncio.ensure_future(self._listen(connector))
            await asyncio.wait({listening, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await asyncio.sleep(0.005)
        for _ in range(int(_PATIENCE_S / _PAUSE_S)):
            if await self._read(connector):
                return
            await asyncio.sleep(_PAUSE_S)

    async def _listen(self, connector: TradingConnector) -> None:
        try:
            async with aclosing(_generator(connector)) as stream:
                async for news in stream:
                    if news.what is Told.GAP or (news.what is Told.DEAL and not news.deals):
                        await self._read(connector)
                    self._note(news.deals)
        except Refusal:
            return

    async def _read(self, connector: TradingConnector) -> bool:
        try:
            batch = await connector.get_deals([self._login], self._cursor)
        except Refusal:
            return False
        self._note(batch.deals)
        self._cursor = max(self._cursor, batch.cursor)
        return True

    def _note(self, deals: tuple[Deal, ...]) -> None:
        for deal in deals:
            if deal.kind.trade and self._deals.setdefault(deal.deal, deal) != deal:
                self._other += 1

    def against(self, truth: dict[str, Any], cuts: int) -> Came:
        """Numbers, and the sums that no number shows: lots closed and money won."""
        made, kept = set(truth["tickets"]), set(map(self._ticket, self._deals))
        lots = sum((deal.lots_closed for deal in self._deals.values()), Decimal(0))
        won = sum((deal.profit for deal in self._deals.values()), Decimal(0))
        more = lots != Decimal(truth["volume_closed"]) / 10_000 or won != Decimal(truth["profit"])
        wrong = len(kept - made) + self._other + (1 if more and kept == made else 0)
        return Came(len(made - kept), wrong, len(made), cuts)


async def _generator(connector: TradingConnector) -> AsyncGenerator[Any]:
    async for news in connector.stream():
        yield news


@asynccontextmanager
async def _plant(folder: Path) -> AsyncGenerator[tuple[TradingConnector, int]]:
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.ctrader", "--state", str(folder), "--seed", "1"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert running.stdout is not None  # noqa: S101 - asked for above
        line = (await asyncio.wait_for(running.stdout.readline(), _READY_S)).decode()
        told = dict(piece.split("=", 1) for piece in line.split()[1:])
        port, link = int(told["port"]), int(told["link"])
        manager = tomllib.loads((folder / "server.toml").read_text())["managers"][0]
        egress = Egress({f"127.0.0.1:{port}", f"127.0.0.1:{link}"})
        settings = Settings(
            base_url=f"http://127.0.0.1:{port}",
            login=manager["login"],
            broker="sandbox",
            plant="sandbox",
            host="127.0.0.1",
            port=link,
            tls=False,
        )
        # What is measured is the link, so the breaker must not hold calls back.
        line_of = Lines(egress, limits=Limits(in_a_row=1_000_000, error_rate=2))
        keys = Keyring({settings.password: manager["password"]})
        connector = CTrader(settings, keys, line_of.of("bench", "ctrader"))
        try:
            yield connector, port
        finally:
            await connector.aclose()
            await egress.aclose()
    finally:
        os.kill(running.pid, signal.SIGTERM)
        await running.wait()


async def an_account(connector: TradingConnector, group: str) -> int:
    """With a million on it."""
    made = await connector.create_account(
        NewAccount(
            external_id=mark("A", uuid4()),
            group=group,
            leverage=100,
            profile=Profile(name="Bench", email="bench@example.com"),
            password="Bench-pass-1",  # noqa: S106 - of an account that lives for a minute
            investor_password="",
            currency="USD",
        )
    )
    if not isinstance(made, Confirmed):
        raise TypeError(f"no account: {made}")
    login = int(made.reference)
    await connector.balance_op(login, MoneyKind.DEPOSIT, Decimal(1_000_000), mark("D", uuid4()))
    return login
