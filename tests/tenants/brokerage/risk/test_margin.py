"""Who is near a stop-out, and what a shock would do."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.risk import margin, rules, shock
from brokerage.risk.ground import read
from brokerage.risk.rules import Shock
from brokerage.risk.settings import StopOut
from brokerage.trading.model import TradingServer
from stoa.kernel.refusals import Invalid
from stoa.web.tables.read import Asked, page


async def watched(desk):
    async with desk.opener()() as work:
        ground = await read(work)
        table = margin.table(ground)
        shown = await page(work, table, Asked.of(table, {}))
        count = await margin.watched(work, ground)
    ids = {str(account): name for name, account in desk.accounts.items()}
    return [ids[row.key] for row in shown.rows], count


async def test_accounts_are_sorted_by_how_near_they_are_to_their_own_stop_out(desk):
    await desk.tune(stop_out=50, near=60, stop_outs=(StopOut(groups=("*eu",), percent=20),))
    await desk.account("calm", equity="1000", margin="100")
    await desk.account("near", equity="80", margin="100")
    await desk.account("under", equity="45", margin="100")
    await desk.account("eu", equity="95", margin="100", group="real\\eu")
    await desk.account("demo", equity="10", margin="100", kind="demo")
    await desk.account("idle", equity="0", margin="0")

    names, count = await watched(desk)

    assert names == ["under", "near"]
    assert (count.under, count.near) == (1, 2)


async def test_what_a_server_told_of_a_group_goes_before_the_usual_and_the_settings_before_it(desk):
    async with desk.opener()() as work:
        row = await work.get(TradingServer, "one")
        row.groups = [
            {"group": "Real\\Wild", "stop": "10", "call": "20"},
            {"group": "real\\eu", "stop": "90", "call": "100"},
        ]
    await desk.tune(near=30, stop_outs=(StopOut(groups=("*eu",), percent=5),))
    await desk.account("wild", equity="45", margin="100", group="real\\wild")
    await desk.account("std", equity="79", margin="100")
    await desk.account("eu", equity="79", margin="100", group="real\\eu")

    names, _ = await watched(desk)

    assert names == ["std"]


async def test_a_shock_moves_equity_by_value_and_stops_out_whom_it_takes_under(desk):
    safe = await desk.account("safe", equity="100000", margin="1100")
    thin = await desk.account("thin", equity="1300", margin="1100")
    short = await desk.account("short", equity="1300", margin="1100", group="real\\raw")
    await desk.open(safe, "EURUSD", "1", "1.10")
    await desk.open(thin, "EURUSD", "1", "1.10")
    await desk.open(short, "EURUSD", "-1", "1.10")

    async with desk.opener()() as work:
        ground = await read(work)
        rate = ground.rate("USD")
        down = await shock.run(work, ground, [Shock("EURUSD", Decimal(-1))])
        other = await shock.run(work, ground, [Shock("XAUUSD", Decimal(-50))])

    # One percent of 110,000 USD: the two long accounts lose 1,100 each and the short one wins it.
    assert down.clients == (Decimal(-1100) * rate).quantize(Decimal("0.000001"))
    assert down.house == -down.clients
    assert [hit.account for hit in down.hits] == [thin]
    assert down.hits[0].after.amount == Decimal("200.00")
    assert down.stopped == 1
    assert {name: stopped for name, _, stopped in down.by_book} == {"A": 0, "B": 1}
    assert (other.clients, other.stopped) == (0, 0)


async def test_what_is_missing_below_zero_is_the_houses(desk):
    account = await desk.account("a", equity="1000", margin="100")
    await desk.open(account, "XAUUSD", "1", "2000")

    async with desk.opener()() as work:
        ground = await read(work)
        found = await shock.run(work, ground, [Shock("*", Decimal(-1))])

    assert found.below_zero == 1
    assert found.beyond == (Decimal(1000) * ground.rate("USD")).quantize(Decimal("0.000001"))


def test_shocks_are_read_in_the_order_they_are_written():
    wanted = rules.shocks("XAUUSD -5, fx_major +2%; * −1")

    assert [one.percent for one in wanted] == [-5, 2, -1]
    assert rules.moves(wanted, "XAUUSD", "gold") == -5
    assert rules.moves(wanted, "EURUSD", "fx_major") == 2
    assert rules.moves(wanted, "DE40", "index") == -1


@pytest.mark.parametrize("said", ["XAUUSD", "XAUUSD five", "XAUUSD 500", "a b c", "X 1e9", "X NaN"])
def test_a_shock_that_is_none_is_refused_in_words(said):
    with pytest.raises(Invalid):
        rules.shocks(said)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_shocks(said):
    try:
        found = rules.shocks(said)
    except Invalid:
        return
    assert all(one.percent.is_finite() and abs(one.percent) <= 100 for one in found)
