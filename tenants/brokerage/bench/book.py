"""Live exposure with 100,000 open positions: what the page and the limits read, made anew."""

from decimal import Decimal
from typing import Final

from sqlalchemy import select, text, true

from brokerage.bench.figures import Figure, median, timed
from brokerage.bench.ground import Ground
from brokerage.clients import clients
from brokerage.ledger.fx import FxRate
from brokerage.risk import exposure, limits, lists, margin, shock
from brokerage.risk import ground as risk
from brokerage.risk.rules import Shock
from brokerage.trading.model import TradingServer
from stoa.web.tables import read as tables

POSITIONS: Final = 100_000
ACCOUNTS: Final = 20_000
ROUNDS: Final = 5
_SYMBOLS: Final = (
    "EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "US500", "US100", "DE40", "BTCUSD", "EURGBP", "XTIUSD",
)  # fmt: skip
_BASES: Final = {"XAUUSD": "XAU", "XTIUSD": "XTI", "BTCUSD": "BTC"}
_SUFFIXES: Final = ("", ".r")
_ACCOUNTS: Final = text(
    "insert into trading_account (id, client, server, kind, product, state, login, server_group, "
    "currency, leverage, balance, credit, equity, margin, margin_free, floating, told_at, opened_at) "
    "select gen_random_uuid(), :client, 'bench-' || n % 2, 'live', 'standard', 'active', n, "
    "'real\\' || (array['raw', 'standard', 'vip'])[1 + n % 3], (array['USD', 'EUR'])[1 + n % 2], 100, "
    "1000, 0, 1000, 400 + n % 900, 100, 0, now(), now() from generate_series(1, :many) n"
)
_POSITIONS: Final = text(
    "insert into open_position (server, number, account, client, symbol, side, lots, contract_size, "
    "price_open, price_now, profit, swap, opened_at, told_at) "
    "select t.server, t.login * 100 + n, t.id, t.client, "
    "(cast(:symbols as text[]))[1 + (t.login + n) % 10] "
    "|| (array['', '.r'])[1 + t.login % 2], (array['buy', 'sell'])[1 + (t.login * 7 + n) % 2], "
    "0.01 * (1 + (t.login * 13 + n) % 100), 100000, 1.08, 1.0812, 12.34, -0.5, now(), now() "
    "from trading_account t, generate_series(1, :each) n where t.server like 'bench-%'"
)


async def measure(ground: Ground) -> list[Figure]:
    await _fill(ground)
    figures = {
        "page": [await timed(lambda: _page(ground)) for _ in range(ROUNDS)],
        "limits": [await timed(lambda: _limits(ground)) for _ in range(ROUNDS)],
        "what if": [await timed(lambda: _shock(ground)) for _ in range(ROUNDS)],
    }
    of = f"{POSITIONS:,} positions of {ACCOUNTS:,} accounts on two servers"
    return [
        Figure(
            "live exposure refreshed",
            median(figures["page"]),
            "s",
            1,
            note=f"totals and list; {of}",
        ),
        Figure("every limit held against it", median(figures["limits"]), "s", None, note=of),
        Figure("a price shock on it", median(figures["what if"]), "s", None, note=of),
    ]


async def _fill(ground: Ground) -> None:
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        client = await clients.register(
            work,
            email="book@bench.example",
            first_name="Bea",
            last_name="Bench",
            country="ES",
        )
        for at, suffix in enumerate(_SUFFIXES):
            work.add(_server(f"bench-{at}", suffix, work.now))
        if not await work.rows(select(FxRate).limit(1)):
            work.add(
                FxRate(base="EUR", quote="USD", rate=Decimal("1.08"), source="bench", at=work.now)
            )
        await work.flush()
        await work.run(_ACCOUNTS, {"client": client.id, "many": ACCOUNTS})
        await work.run(_POSITIONS, {"symbols": list(_SYMBOLS), "each": POSITIONS // ACCOUNTS})
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        open_now = await work.value(text("select count(*) from open_position"))
        if open_now != POSITIONS:
            raise RuntimeError(f"{open_now} positions are open")


def _server(code: str, suffix: str, now: object) -> TradingServer:
    return TradingServer(
        code=code,
        state="ok",
        ok_at=now,
        prices={},
        deals_seen=0,
        symbols=[
            {
                "symbol": one + suffix,
                "base": _BASES.get(one, one[:3]),
                "profit": one[3:] if len(one) == 6 else "USD",
                "contract_size": "100000",
            }
            for one in _SYMBOLS
        ],
    )


async def _page(ground: Ground) -> None:
    """What a refresh of the page reads: the totals with their bars, and the list below."""
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        now = await risk.read(work)
        parts = await exposure.parts(work, now, "symbol")
        if sum(one.positions for one in parts) != POSITIONS or len(parts) != len(_SYMBOLS):
            raise RuntimeError(f"{len(parts)} symbols of {sum(one.positions for one in parts)}")
        table = lists.table(now, "symbol", {}, true(), str, parts)
        await tables.page(work, table, tables.Asked.of(table, {}))


async def _limits(ground: Ground) -> None:
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        await limits.look(work)


async def _shock(ground: Ground) -> None:
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        now = await risk.read(work)
        await shock.run(work, now, [Shock("*", Decimal(-3))])
        await margin.watched(work, now)
