"""Platforms that are asked and never tell: a thousand cuts each while deals and money go on.

A cut comes at any call of a reading, before the server looks at it or in the middle of its answer, and
around a deposit before or after money moved. The stand-in is a process of its own; its journal is
the truth.
"""

import asyncio
import os
import random
import signal
import ssl
import sys
import tempfile
import tomllib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec

from brokerage.bench import links
from brokerage.bench.figures import Figure
from brokerage.bench.ground import Ground
from brokerage.bench.wire import Wire
from brokerage.trading import connectors
from brokerage.trading.connector import Deal, DealCursor, MoneyKind, TradingConnector, mark
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed, Refused
from stoa.kernel.refusals import Refusal

READING: Final = ("disconnect", "torn")
MONEY: Final = ("balance_drop_before", "balance_drop_after", "torn")
_MONEY_EACH: Final = 8
"""One cut of so many comes around a deposit."""
_READY_S: Final = 30.0
_PATIENCE: Final = 400
_PAUSE_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Kind:
    """A connector, the module that stands in for its server, and how the two are joined.

    `settings` is made of the stand-in's ports and its first manager's login.
    """

    connector: str
    module: str
    group: str
    secret: str
    port: str
    settings: Callable[[dict[str, int], int], dict[str, Any]]


KINDS: Final = (
    Kind(
        "mt5-webapi",
        "sandbox.trading",
        "real\\standard-usd",
        "mt5.manager",
        "port",
        lambda ports, login: {
            "host": "127.0.0.1",
            "port": ports["port"],
            "login": login,
            "crypt": "aes256ofb",
        },
    ),
    Kind(
        "mt5-https",
        "sandbox.trading",
        "real\\standard-usd",
        "mt5.manager",
        "https",
        lambda ports, login: {"base_url": f"https://127.0.0.1:{ports['https']}", "login": login},
    ),
    Kind(
        "dxtrade",
        "sandbox.dxtrade",
        "STANDARD",
        "dxtrade.admin",
        "port",
        lambda ports, login: {
            "base_url": f"http://127.0.0.1:{ports['port']}",
            "username": str(login),
        },
    ),
    Kind(
        "matchtrader",
        "sandbox.matchtrader",
        "real\\standard-usd",
        "matchtrader.token",
        "port",
        lambda ports, _: {
            "base_url": f"http://127.0.0.1:{ports['port']}",
            "broker": "sandbox",
        },
    ),
)
_UNRATIONED: Final = 1_000_000
"""Calls a minute for Match-Trader and its stand-in: the link is measured, not the vendor's ration."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of it; `cuts` by kind as the server counted them."""

    lost: int
    doubled: int
    deals: int
    moved: int
    cuts: dict[str, int]


async def measure(_: Ground) -> list[Figure]:
    """All four at once: most of the time is waiting."""
    told = await asyncio.gather(*(_one(kind, links.CUTS) for kind in KINDS))
    figures: list[Figure] = []
    for kind, came in zip(KINDS, told, strict=True):
        cuts = ", ".join(f"{n} {name}" for name, n in came.cuts.items())
        note = f"{came.deals:,} deals, {came.moved:,} deposits; {sum(came.cuts.values()):,} cuts: {cuts}"
        what = f"random disconnects of {kind.connector}"
        figures += [
            Figure(f"{what}: lost", came.lost, "deals and deposits", 0, note=note),
            Figure(f"{what}: doubled", came.doubled, "deals and deposits", 0),
        ]
    return figures


async def _one(kind: Kind, cuts: int) -> Came:
    with tempfile.TemporaryDirectory(prefix="stoa-bench-") as folder:
        async with plant(kind, Path(folder)) as (connector, levers):
            login = await links.an_account(connector, kind.group)
            return await through_cuts(connector, login, levers, cuts=cuts, seed=1)


async def through_cuts(
    connector: TradingConnector, login: int, levers: Wire, *, cuts: int, seed: int
) -> Came:
    """Trade, read and pay in while so many cuts come, one after the other."""
    dice, books, moved = random.Random(seed), Books(connector, login), 0  # noqa: S311 - no secret
    for at in range(cuts):
        if at % _MONEY_EACH == 0:
            await _order(levers, dice.choice(MONEY), 1.0)
            await _deposit(connector, login)
            moved += 1
        else:
            await _trade(levers, login, whole=at % 3 == 0)
            await _order(levers, dice.choice(READING), dice.choice((1.0, 0.5, 0.3)))
        await _until_cut(levers, books, at + 1)
    await levers.send(b"DELETE /faults HTTP/1.1\r\n", b"")
    for _ in range(_PATIENCE):
        if await books.read():
            break
        await asyncio.sleep(_PAUSE_S)
    fired = await _fired(levers)
    truth = msgspec.json.decode((await levers.get(f"/truth/{login}")).body)
    return books.against(truth, moved, fired)


class Books:
    """What whoever keeps books writes down: each deal once, by its number, since a cursor."""

    def __init__(self, connector: TradingConnector, login: int) -> None:
        self._connector = connector
        self._login = login
        self._cursor = DealCursor.start()
        self._deals: dict[int, Deal] = {}
        self._changed = 0

    async def read(self) -> bool:
        """Whether the journal could be read."""
        try:
            batch = await self._connector.get_deals([self._login], self._cursor)
        except Refusal:
            return False
        for deal in batch.deals:
            if self._deals.setdefault(deal.deal, deal) != deal:
                self._changed += 1
        self._cursor = max(self._cursor, batch.cursor)
        return True

    def against(self, truth: dict[str, Any], moved: int, cuts: dict[str, int]) -> Came:
        """Counts, and the sums that no count shows: lots closed, money won, money paid in."""
        trades = [deal for deal in self._deals.values() if deal.kind.trade]
        paid = [one for one in truth["operations"] if Decimal(one["amount"]) == 1]
        short = (int(truth["trades"]) - len(trades), moved - len(paid))
        lost = sum(max(0, one) for one in short)
        doubled = sum(max(0, -one) for one in short) + self._changed
        lots = sum((deal.lots_closed for deal in trades), Decimal(0))
        won = sum((deal.profit for deal in trades), Decimal(0))
        same = lots == Decimal(truth["volume_closed"]) / 10_000 and won == Decimal(truth["profit"])
        wrong = 0 if same or lost or doubled else 1
        return Came(lost, doubled + wrong, len(trades), moved, cuts)


async def _deposit(connector: TradingConnector, login: int) -> None:
    """One dollar through every doubt, as transfers settle it: never sent again on a guess."""
    order, began = mark("D", uuid4()), datetime.now(UTC)
    for _ in range(_PATIENCE):
        try:
            outcome = await connector.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), order)
        except Refusal:
            await asyncio.sleep(_PAUSE_S)  # Nothing left us.
            continue
        if isinstance(outcome, Confirmed):
            return
        # A line that broke before anything was sent is a technical refusal: nothing to ask about.
        if not isinstance(outcome, Refused) and await _is_there(connector, login, order, began):
            return
        await asyncio.sleep(_PAUSE_S)
    raise RuntimeError("a deposit was never settled")


async def _is_there(connector: TradingConnector, login: int, order: str, began: datetime) -> bool:
    for _ in range(_PATIENCE):
        try:
            return await connector.find_balance_op(login, order, began) is not None
        except Refusal:
            await asyncio.sleep(_PAUSE_S)
    raise RuntimeError("the server never came back")


async def _trade(levers: Wire, login: int, *, whole: bool) -> None:
    order = {"symbol": "EURUSD", "side": "buy", "lots": "0.02"}
    made = await links.pull(levers, f"/dealer/{login}/order", order)
    closing = {"position": int(made["Deals"][0]["PositionID"]), "lots": "" if whole else "0.01"}
    await links.pull(levers, f"/dealer/{login}/close", closing)


async def _order(levers: Wire, fault: str, chance: float) -> None:
    await links.pull(levers, "/faults", {fault: {"chance": chance, "times": 1}})


async def _until_cut(levers: Wire, books: Books, wanted: int) -> None:
    """Read until the cut that was ordered has come."""
    for _ in range(_PATIENCE):
        if sum((await _fired(levers)).values()) >= wanted:
            return
        if not await books.read():
            await asyncio.sleep(_PAUSE_S)
    raise RuntimeError("what was ordered does not come")


async def _fired(levers: Wire) -> dict[str, int]:
    told = msgspec.json.decode((await levers.get("/faults")).body)["fired"]
    return {name: told[name] for name in {*READING, *MONEY} if told.get(name)}


@asynccontextmanager
async def plant(kind: Kind, folder: Path) -> AsyncGenerator[tuple[TradingConnector, Wire]]:
    """The stand-in as a process, the connector joined to it, and the stand-in's levers."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", kind.module, "--state", str(folder), "--seed", "1"),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"STANDIN_CALLS_A_MINUTE": str(_UNRATIONED)},
    )
    try:
        assert running.stdout is not None  # noqa: S101 - asked for above
        line = (await asyncio.wait_for(running.stdout.readline(), _READY_S)).decode()
        told = dict(piece.split("=", 1) for piece in line.split()[1:])
        ports = {name: int(text) for name, text in told.items() if text.isdecimal()}
        manager = tomllib.loads((folder / "server.toml").read_text())["managers"][0]
        made = connectors.named(kind.connector)
        more = {"overlap_s": 5, "answer_s": 5, "settle_s": 10}
        settings: Any = msgspec.convert(
            kind.settings(ports, manager["login"]) | more, made.settings_type
        )
        if hasattr(settings, "per_minute"):
            settings = msgspec.structs.replace(settings, per_minute=_UNRATIONED)
        certificate = folder / "tls.pem"
        tls = ssl.create_default_context(cafile=certificate) if certificate.exists() else None
        egress = Egress({f"127.0.0.1:{ports[kind.port]}"}, tls=tls)
        # What is measured is the link, so the breaker must not hold calls back.
        line_of = Lines(egress, limits=Limits(in_a_row=1_000_000, error_rate=2))
        keys = Keyring({kind.secret: manager["password"]})
        connector = made(settings, keys, line_of.of("bench", kind.connector))
        levers = Wire(ports["http"], links.JSON)
        try:
            yield connector, levers
        finally:
            levers.close()
            await connector.aclose()
            await egress.aclose()
    finally:
        os.kill(running.pid, signal.SIGTERM)
        await running.wait()
