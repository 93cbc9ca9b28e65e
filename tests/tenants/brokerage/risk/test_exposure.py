"""What is open is added up once, whatever it is called and however it is looked at."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from brokerage.clients.model import Client
from brokerage.risk import book, exposure, points
from brokerage.risk.ground import read
from brokerage.risk.settings import Where
from brokerage.trading.model import OpenPosition, TradingAccount, TradingServer

from .conftest import SIZES, by_key

BYS = ("symbol", "underlying", "family", "book", "entity", "server", "group", "currency", "account")


async def parts_of(desk, by, **where):
    async with desk.opener()() as work:
        return await exposure.parts(work, await read(work), by, where=where)


async def test_synonyms_and_contract_sizes_of_two_platforms_are_one_symbol(desk):
    one, two = await desk.account("a"), await desk.account("b", server="two")
    await desk.open(one, "EURUSD", "2", "1.10")
    await desk.open(two, "EURUSD.r", "-50", "1.10")
    await desk.open(one, "XAUUSD", "1", "2000")
    await desk.open(two, "GOLD", "1", "2000")

    found = by_key(await parts_of(desk, "symbol"))

    assert set(found) == {"EURUSD", "XAUUSD"}
    assert (found["EURUSD"].long, found["EURUSD"].short) == (Decimal(2), Decimal("0.5"))
    assert found["EURUSD"].net == Decimal("1.5")
    assert found["XAUUSD"].net == Decimal(2)
    assert found["XAUUSD"].positions == 2
    async with desk.opener()() as work:
        house = (await read(work)).house
        rate = (await read(work)).rate("USD")
    assert house == "USD" or rate is not None
    assert found["XAUUSD"].notional == (Decimal(400_000) * (rate or 1)).quantize(
        Decimal("0.000001")
    )


async def test_gold_does_not_hide_euro(desk):
    account = await desk.account("a")
    await desk.open(account, "EURUSD", "1", "1")
    await desk.open(account, "XAUUSD", "-1", "1000")

    (one,) = await parts_of(desk, "server")

    assert abs(one.notional) < one.open
    assert one.open == one.gross


async def test_what_has_no_rate_is_counted_and_never_taken_for_nothing(desk):
    account = await desk.account("a", server="two")
    await desk.open(account, "USDSEK", "3", "10.5")

    (one,) = await parts_of(desk, "symbol")

    assert (one.positions, one.unpriced, one.notional) == (1, 1, 0)


async def test_demo_accounts_are_not_exposure(desk):
    await desk.open(await desk.account("a", kind="demo"), "EURUSD", "9")

    assert await parts_of(desk, "symbol") == []


async def test_books_and_entities_follow_server_and_group(desk):
    await desk.tune(
        books=(Where(name="A", groups=("real\\raw*",)), Where(name="A", servers=("two",))),
        entities=(Where(name="Isle Ltd", groups=("*-isle",)),),
    )
    for name, server, group in (
        ("a", "one", "real\\raw_usd"), ("b", "two", "real\\standard"), ("c", "one", "real\\std-isle"),
        ("d", "one", "reals\\rawx"),
    ):  # fmt: skip
        account = await desk.account(name, server=server, group=group)
        await desk.open(account, "EURUSD" if server == "one" else "EURUSD.r", "1")

    books = by_key(await parts_of(desk, "book"))
    entities = by_key(await parts_of(desk, "entity"))

    assert (books["A"].positions, books["B"].positions) == (2, 2)
    assert entities["Isle Ltd"].positions == 1
    assert len(entities) == 2


async def test_figures_of_a_silent_server_say_how_old_they_are(desk):
    account = await desk.account("a")
    async with desk.opener()() as work:
        old = work.now - timedelta(minutes=12)
    await desk.open(account, "EURUSD", "1", told_at=old)
    async with desk.opener()() as work:
        await work.run(update(TradingServer).where(TradingServer.code == "one").values(ok_at=old))
        await work.run(
            update(TradingServer).where(TradingServer.code == "two").values(state="failing")
        )

    async with desk.opener()() as work:
        ground = await read(work)
        (one,) = await exposure.parts(work, ground, "symbol")

    assert {server.code for server in ground.failing} == {"one", "two"}
    assert one.stale == 1
    assert one.oldest == old


async def test_staff_see_the_sum_of_the_clients_they_may_see(desk):
    mine, other = await desk.account("a"), await desk.account("b")
    await desk.open(mine, "EURUSD", "1")
    await desk.open(other, "EURUSD", "5")
    actor = await desk.staff("trading:exposure:view", scope="own")
    async with desk.opener()() as work:
        (await work.get(Client, desk.owners[mine])).owner = actor.id

    async with desk.opener(actor)() as work:
        (one,) = await exposure.parts(work, await read(work), "symbol")

    assert one.net == 1


async def test_one_tenant_sees_nothing_of_another(desk, house):
    await desk.open(await desk.account("a"), "EURUSD", "1")
    other = await house.tenant()

    async with house.door.open(other, purpose="test") as work:
        assert await exposure.parts(work, await read(work), "symbol") == []


async def test_points_are_kept_once_a_step_and_old_ones_forgotten(desk):
    account = await desk.account("a")
    await desk.open(account, "EURUSD", "1", "1.2")
    await points.keep(desk.opener())
    await desk.open(account, "EURUSD", "1", "1.2")
    await points.keep(desk.opener())

    async with desk.opener()() as work:
        moments, values, _ = await points.line(work, "symbol", "EURUSD", 24)
        (now,) = await exposure.parts(work, await read(work), "symbol")

    assert len(moments) in {1, 2}
    assert values[-1] == float(now.notional)


@st.composite
def positions(draw):
    """(account, symbol, signed lots in hundredths, price in cents, profit in cents)."""
    names = {"one": ["EURUSD", "XAUUSD", "DE40", "#Weird-X"], "two": ["EURUSD.r", "GOLD"]}
    account = draw(st.integers(0, 3))
    symbol = draw(st.sampled_from(names["one" if account < 2 else "two"]))
    lots = draw(st.integers(-500, 500).filter(bool))
    return account, symbol, lots, draw(st.integers(1, 500_000)), draw(st.integers(-9999, 9999))


async def _fill(desk, rows):
    async with desk.opener()() as work:
        await work.run(delete(OpenPosition))
        for at, (which, symbol, lots, price, profit) in enumerate(rows, start=1):
            row = await work.get(TradingAccount, desk.accounts[str(which)])
            work.add(
                OpenPosition(
                    server=row.server, number=at, account=row.id, client=row.client, symbol=symbol,
                    side="buy" if lots > 0 else "sell", lots=Decimal(abs(lots)) / 100,
                    contract_size=SIZES.get(symbol, Decimal(1)), price_open=Decimal(1),
                    price_now=Decimal(price) / 100, profit=Decimal(profit) / 100, swap=Decimal(0),
                    opened_at=work.now, told_at=work.now,
                )
            )  # fmt: skip


async def _check(desk):
    """However it is cut, the parts are the positions: sums, counts, and each filter's share."""
    async with desk.opener()() as work:
        ground = await read(work)
        source = book.held(ground)
        rows = await work.table(select(source))
        for by in BYS:
            want = defaultdict(lambda: [0, Decimal(0), Decimal(0), Decimal(0)])
            for row in rows:
                mine = want[str(getattr(row, book.PARTS[by]))]
                mine[0] += 1
                mine[1] += row.net
                mine[2] += row.notional or 0
                mine[3] += row.result or 0
            parts = await exposure.parts(work, ground, by)
            got = {one.key: [one.positions, one.net, one.notional, one.result] for one in parts}
            assert got == dict(want), by
            for key, figures in want.items():
                inside = await exposure.parts(work, ground, "symbol", where={by: key})
                assert sum(one.positions for one in inside) == figures[0], (by, key)
                assert sum(one.net for one in inside) == figures[1]
                assert sum(one.notional for one in inside) == figures[2]
                assert sum(one.result for one in inside) == figures[3]


@pytest.fixture
async def settled(desk):
    for name, server, group, currency in (
        ("0", "one", "real\\raw", "USD"), ("1", "one", "real\\standard", "EUR"),
        ("2", "two", "real\\raw", "EUR"), ("3", "two", "real\\other", "USD"),
    ):  # fmt: skip
        await desk.account(name, server=server, group=group, currency=currency)
    return desk


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(positions(), min_size=1, max_size=25))
async def test_sums_equal_positions_however_they_are_cut(rows, settled):
    await _fill(settled, rows)
    await _check(settled)
