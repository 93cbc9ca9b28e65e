"""Sums of the engine, worked out here a second time with plain decimals."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.trading import amounts, nightly
from sandbox.trading.clock import Zone
from sandbox.trading.symbols import SYMBOLS
from support.mt5_peer import Peer
from support.trading_server import TradingServer, cents, deals_of

CENT = Decimal("0.01")


def rounded(value: Decimal, step: Decimal = CENT) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP)


async def state(peer: Peer, login: int) -> dict[str, Decimal]:
    body = (await peer.say("USER_ACCOUNT_GET", LOGIN=str(login))).body
    return {name: Decimal(text) for name, text in body.items()}


async def quote(peer: Peer, symbol: str, group: str) -> tuple[Decimal, Decimal]:
    row = (await peer.say("TICK_LAST_GROUP", SYMBOL=symbol, GROUP=group)).body[0]
    return Decimal(row["Bid"]), Decimal(row["Ask"])


async def buy(server: TradingServer, login: int, lots: str, symbol: str = "EURUSD") -> Any:
    return await server.post(f"/dealer/{login}/order", symbol=symbol, side="buy", lots=lots)


async def sell(server: TradingServer, login: int, lots: str, symbol: str = "EURUSD") -> Any:
    return await server.post(f"/dealer/{login}/order", symbol=symbol, side="sell", lots=lots)


async def positions(peer: Peer, login: int) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = (await peer.say("POSITION_GET_PAGE", LOGIN=str(login))).body
    return rows


async def test_a_purchase_opens_at_the_ask_and_closes_at_the_bid(
    still: TradingServer, desk: Peer
) -> None:
    group = "real\\standard-usd"
    login = await still.account(desk, group)
    bid, ask = await quote(desk, "EURUSD", group)

    opened = (await buy(still, login, "0.50"))["Deals"][0]
    closed = (await still.post(f"/dealer/{login}/close", position=int(opened["PositionID"])))[
        "Deals"
    ][0]

    assert (Decimal(opened["Price"]), Decimal(closed["Price"])) == (ask, bid)
    assert (opened["Action"], opened["Entry"], opened["Volume"]) == ("0", "0", "5000")
    assert (closed["Action"], closed["Entry"], closed["VolumeClosed"]) == ("1", "1", "5000")
    assert opened["VolumeExt"] == "50000000"
    assert closed["PositionID"] == opened["PositionID"] == opened["Order"]
    assert Decimal(closed["Profit"]) == rounded((bid - ask) * 50_000)
    assert (await state(desk, login))["Balance"] == 10_000 + Decimal(closed["Profit"])


async def test_margin_and_equity_are_what_the_rules_give(still: TradingServer, desk: Peer) -> None:
    group = "real\\standard-usd"
    login = await still.account(desk, group)
    bid, ask = await quote(desk, "EURUSD", group)
    await buy(still, login, "0.30")
    row = (await positions(desk, login))[0]

    now = await state(desk, login)

    profit = rounded((bid - ask) * 30_000)
    margin = rounded(rounded(Decimal(row["RateMargin"]) * 30_000) / 100)
    assert now["Profit"] == now["Floating"] == profit
    assert now["Equity"] == 10_000 + profit
    assert now["Margin"] == margin
    assert now["MarginFree"] == now["Equity"] - margin
    assert abs(now["MarginLevel"] - now["Equity"] / margin * 100) < CENT
    assert abs(Decimal(row["RateMargin"]) - (bid + ask) / 2) < Decimal("0.0002")


@pytest.mark.parametrize(
    ("symbol", "lots", "contract", "share"),
    [
        ("US500", "1.00", 10, Decimal("0.05")),
        ("BTCUSD", "0.10", 1, Decimal("0.5")),
        ("XAUUSD", "0.20", 100, Decimal("0.01")),
        ("DE40", "0.50", 10, Decimal("0.05")),
    ],
)
async def test_each_kind_of_instrument_takes_its_own_margin(
    still: TradingServer, desk: Peer, symbol: str, lots: str, contract: int, share: Decimal
) -> None:
    login = await still.account(desk, money="100000")
    await buy(still, login, lots, symbol)
    row = (await positions(desk, login))[0]

    margin = (await state(desk, login))["Margin"]

    value = Decimal(row["PriceOpen"]) * contract * Decimal(lots) * Decimal(row["RateMargin"])
    assert abs(margin - value * share) <= CENT


async def test_hedged_volume_takes_half_the_margin(still: TradingServer, desk: Peer) -> None:
    login = await still.account(desk)
    await buy(still, login, "0.30")
    alone = (await state(desk, login))["Margin"]

    await sell(still, login, "0.30")
    assert abs((await state(desk, login))["Margin"] - alone / 2) <= CENT

    await sell(still, login, "0.10")
    assert abs((await state(desk, login))["Margin"] - alone * 5 / 6) <= CENT


async def test_profit_in_another_currency_is_converted(still: TradingServer, desk: Peer) -> None:
    group = "real\\standard-eur"
    login = await still.account(desk, group)
    bid, ask = await quote(desk, "USDJPY", group)

    opened = (await sell(still, login, "0.40", "USDJPY"))["Deals"][0]
    closed = (await still.post(f"/dealer/{login}/close", position=int(opened["PositionID"])))[
        "Deals"
    ][0]

    raw = (bid - ask) * 40_000
    assert Decimal(closed["ProfitRaw"]) == rounded(raw, Decimal(1))
    assert abs(Decimal(closed["Profit"]) - raw * Decimal(closed["RateProfit"])) <= CENT
    euro = await quote(desk, "EURJPY", group)
    assert abs(1 / Decimal(closed["RateProfit"]) - sum(euro) / 2) < Decimal("0.2")


async def test_commission_is_taken_on_both_sides_by_lots(still: TradingServer, desk: Peer) -> None:
    login = await still.account(desk, "real\\raw-usd")

    opened = (await buy(still, login, "0.25"))["Deals"][0]
    closed = (await still.post(f"/dealer/{login}/close", position=int(opened["PositionID"])))[
        "Deals"
    ][0]

    assert (opened["Commission"], closed["Commission"]) == ("-0.88", "-0.88")
    rows = await deals_of(desk, login)
    moved = sum(cents(row[name] for name in ("Profit", "Storage", "Commission")) for row in rows)
    assert (await state(desk, login))["Balance"] == Decimal(moved) / 100


async def test_a_partial_close_leaves_the_rest_open(still: TradingServer, desk: Peer) -> None:
    login = await still.account(desk)
    ticket = int((await buy(still, login, "0.30"))["Deals"][0]["PositionID"])

    first = (await still.post(f"/dealer/{login}/close", position=ticket, lots="0.10"))["Deals"][0]
    rest = (await positions(desk, login))[0]
    wrong = [
        await still.call("POST", f"/dealer/{login}/close", {"position": ticket, "lots": lots})
        for lots in ("0.21", "0.005", "0", "-0.01")
    ]
    second = (await still.post(f"/dealer/{login}/close", position=ticket))["Deals"][0]

    assert (first["VolumeClosed"], rest["Volume"], second["VolumeClosed"]) == (
        "1000",
        "2000",
        "2000",
    )
    assert all(reply.body["retcode"].startswith("10014") for reply in wrong)
    assert await positions(desk, login) == []
    assert (await state(desk, login))["Margin"] == 0


async def test_opposite_positions_close_each_other_without_a_spread(
    still: TradingServer, desk: Peer
) -> None:
    login = await still.account(desk)
    long = (await buy(still, login, "0.30"))["Deals"][0]
    short = (await sell(still, login, "0.10"))["Deals"][0]

    deals = (
        await still.post(
            f"/dealer/{login}/close", position=int(long["PositionID"]), by=int(short["PositionID"])
        )
    )["Deals"]

    assert [deal["Entry"] for deal in deals] == ["3", "3"]
    assert [deal["VolumeClosed"] for deal in deals] == ["1000", "1000"]
    spread = Decimal(short["Price"]) - Decimal(long["Price"])
    assert [Decimal(deal["Profit"]) for deal in deals] == [rounded(spread * 10_000), 0]
    (left,) = await positions(desk, login)
    assert (left["Position"], left["Volume"]) == (long["PositionID"], "2000")


async def test_a_netting_account_holds_one_position_and_turns_it_round(
    still: TradingServer, desk: Peer
) -> None:
    login = await still.account(desk, "real\\netting-usd")

    first = (await buy(still, login, "0.10"))["Deals"][0]
    await buy(still, login, "0.20")
    (row,) = await positions(desk, login)
    assert row["Volume"] == "3000"

    part = (await sell(still, login, "0.10"))["Deals"][0]
    assert (part["Entry"], part["VolumeClosed"], part["PositionID"]) == (
        "1",
        "1000",
        first["Order"],
    )

    turned = (await sell(still, login, "0.50"))["Deals"][0]
    assert (turned["Entry"], turned["Volume"], turned["VolumeClosed"]) == ("2", "5000", "2000")
    (row,) = await positions(desk, login)
    assert (row["Action"], row["Volume"], row["Position"]) == ("1", "3000", first["Order"])

    last = (await buy(still, login, "0.30"))["Deals"][0]
    assert last["Entry"] == "1"
    assert await positions(desk, login) == []
    rows = await deals_of(desk, login)
    closed = sum(int(deal["VolumeClosed"]) for deal in rows)
    opened = sum(int(deal["Volume"]) for deal in rows if deal["Action"] in "01") - closed
    assert opened == closed == 6000


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"lots": "0.001"}, 10014),
        ({"lots": "0.015"}, 10014),
        ({"lots": "1000"}, 10014),
        ({"lots": "-1"}, 10014),
        ({"lots": "one"}, 10014),
        ({"lots": "20"}, 10019),
        ({"symbol": "NOPE"}, 10013),
        ({"side": "up"}, 10013),
        ({"sl": "9"}, 10016),
        ({"tp": "0.1"}, 10016),
        ({"type": "limit", "price": "9"}, 10015),
        ({"type": "stop", "price": "0.5"}, 10015),
        ({"type": "limit", "price": "0"}, 10015),
        ({"type": "limit", "price": "0.9", "sl": "1.0"}, 10016),
        ({"type": "limit", "price": "0.9", "expires": 1}, 10013),
    ],
)
async def test_orders_that_cannot_be_are_refused_and_leave_nothing(
    still: TradingServer, desk: Peer, order: dict[str, Any], code: int
) -> None:
    login = await still.account(desk)
    form = {"symbol": "EURUSD", "side": "buy", "lots": "0.10"} | order

    reply = await still.call("POST", f"/dealer/{login}/order", form)

    assert reply.status == 422
    assert reply.body["retcode"].startswith(str(code))
    assert len(await deals_of(desk, login)) == 1
    assert (await desk.say("ORDER_GET_TOTAL", LOGIN=str(login))).fields["TOTAL"] == "0"


async def test_a_margin_call_warns_and_a_stop_out_closes_the_worst_first(
    own: TradingServer,
) -> None:
    peer = await own.peer()
    await own.post("/clock", now="2025-06-11T10:00:00", frozen=True)
    login = await own.account(peer, money="1500")
    await buy(own, login, "0.80")
    await sell(own, login, "0.10", "USDJPY")
    level = (await state(peer, login))["MarginLevel"]
    assert level > 100

    await own.post("/shocks", symbol="EURUSD", percent=-0.6)
    warned = (await peer.say("USER_ACCOUNT_GET", LOGIN=str(login))).body
    assert warned["SOActivation"] == "1"
    assert 50 < Decimal(warned["MarginLevel"]) <= 100
    assert len(await positions(peer, login)) == 2

    await own.post("/shocks", symbol="EURUSD", percent=-0.8)
    stopped = (await peer.say("USER_ACCOUNT_GET", LOGIN=str(login))).body
    last = (await deals_of(peer, login))[-1]
    assert stopped["SOActivation"] == "2"
    assert Decimal(stopped["SOLevel"]) <= 50
    assert (last["Reason"], last["Symbol"]) == ("5", "EURUSD")
    assert last["Comment"].startswith("so ")
    assert [row["Symbol"] for row in await positions(peer, login)] == ["USDJPY"]
    assert Decimal(stopped["MarginLevel"]) > 50


async def test_a_protected_group_never_ends_below_zero(own: TradingServer) -> None:
    peer = await own.peer()
    await own.post("/clock", now="2025-06-11T10:00:00", frozen=True)
    kept = await own.account(peer, "real\\eu-retail-eur", "1000", LEVERAGE="30")
    owing = await own.account(peer, "real\\standard-eur", "1000", LEVERAGE="30")
    for login in (kept, owing):
        await buy(own, login, "0.20")

    await own.post("/shocks", symbol="EURUSD", percent=-20)

    rows = await deals_of(peer, kept)
    assert rows[-1]["Action"] == "19"
    assert (await state(peer, kept))["Balance"] == 0
    assert (await state(peer, owing))["Balance"] < 0


async def test_stops_and_pending_orders_act_when_the_price_is_there(own: TradingServer) -> None:
    peer = await own.peer()
    await own.post("/clock", now="2025-06-11T10:00:00", frozen=True)
    login = await own.account(peer, "real\\raw-usd")
    bid, _ = await quote(peer, "EURUSD", "real\\raw-usd")
    below, above = f"{bid * Decimal('0.995'):.5f}", f"{bid * Decimal('1.005'):.5f}"
    order = {"symbol": "EURUSD", "lots": "0.10"}
    await own.post(f"/dealer/{login}/order", **order, side="buy", sl=below, tp=above)
    await own.post(f"/dealer/{login}/order", **order, side="sell", tp=below)
    await own.post(f"/dealer/{login}/order", **order, side="buy", type="limit", price=below)
    await own.post(f"/dealer/{login}/order", **order, side="buy", type="stop", price=above)
    cancelled = await own.post(
        f"/dealer/{login}/order", **order, side="sell", type="limit", price=above
    )
    await own.post(f"/dealer/{login}/cancel", order=int(cancelled["Order"]))
    assert (await peer.say("ORDER_GET_TOTAL", LOGIN=str(login))).fields["TOTAL"] == "2"

    await own.post("/shocks", symbol="EURUSD", percent=-0.6)

    rows = await deals_of(peer, login)
    assert sorted(row["Reason"] for row in rows[-3:]) == ["2", "3", "4"]
    (left,) = await positions(peer, login)
    assert left["Action"] == "0"
    waiting = (await peer.say("ORDER_GET_PAGE", LOGIN=str(login))).body
    assert [row["Type"] for row in waiting] == ["4"]
    ended = (await peer.say("HISTORY_GET_PAGE", LOGIN=str(login))).body
    assert sorted(row["State"] for row in ended) == ["2", "4", "4", "4", "4", "4"]
    assert (await peer.say("HISTORY_GET", TICKET=cancelled["Order"])).body["State"] == "2"
    assert (await peer.say("HISTORY_GET_TOTAL", LOGIN=str(login))).fields["TOTAL"] == "6"


async def test_a_pending_order_ends_with_its_time(own: TradingServer) -> None:
    peer = await own.peer()
    await own.post("/clock", now="2025-06-11T10:00:00", frozen=True)
    login = await own.account(peer)
    until = int((await own.get("/clock"))["now"]) + 3600
    await own.post(
        f"/dealer/{login}/order",
        symbol="EURUSD",
        side="buy",
        lots="0.10",
        type="limit",
        price="0.5",
        expires=until,
    )

    await own.post("/clock", now=until + 60, frozen=True)
    await own.post("/shocks", symbol="EURUSD", percent=0)

    ended = (await peer.say("HISTORY_GET_PAGE", LOGIN=str(login))).body
    assert [row["State"] for row in ended] == ["6"]


async def test_stops_of_a_position_can_be_changed(still: TradingServer, desk: Peer) -> None:
    login = await still.account(desk)
    ticket = int((await buy(still, login, "0.10"))["Deals"][0]["PositionID"])

    await still.post(f"/dealer/{login}/change", position=ticket, sl="0.90000", tp="1.50000")
    same = await still.call(
        "POST", f"/dealer/{login}/change", {"position": ticket, "sl": "0.9", "tp": "1.5"}
    )
    wrong = await still.call("POST", f"/dealer/{login}/change", {"position": ticket, "sl": "1.5"})

    (row,) = await positions(desk, login)
    assert (row["PriceSL"], row["PriceTP"]) == ("0.90000", "1.50000")
    assert same.body["retcode"].startswith("10025")
    assert wrong.body["retcode"].startswith("10016")


async def test_nights_are_charged_thrice_on_wednesday_and_not_on_weekends(
    own: TradingServer,
) -> None:
    peer = await own.peer()
    await own.post("/clock", now="2025-06-09T10:00:00", frozen=True)  # a Monday
    login = await own.account(peer, "real\\raw-usd")
    free = await own.account(peer, "real\\islamic-usd")
    for each in (login, free):
        await buy(own, each, "1")
    night = Decimal(SYMBOLS["EURUSD"].swap_long) / 10  # dollars a lot, as a point is a dollar

    seen = []
    for day in range(10, 17):
        await own.post("/clock", now=f"2025-06-{day}T10:00:00", frozen=True)
        seen.append((await state(peer, login))["Storage"] / night)

    assert seen == [1, 2, 5, 6, 7, 7, 7]
    assert (await state(peer, free))["Storage"] == 0
    (row,) = await positions(peer, login)
    closed = (await own.post(f"/dealer/{login}/close", position=int(row["Position"])))["Deals"][0]
    assert Decimal(closed["Storage"]) == 7 * night
    assert (await state(peer, login))["Storage"] == 0


def test_a_week_has_seven_nights_for_currencies_and_for_coins() -> None:
    for first in range(20_000, 20_020):
        for name in ("EURUSD", "US500", "BTCUSD"):
            assert nightly.nights(SYMBOLS[name], first, first + 7) == 7
    assert Zone.weekday(0) == 4  # the first of January 1970 was a Thursday


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**9))
def test_division_rounds_half_away_from_zero(number: int, whole: int) -> None:
    exact = Decimal(number) / Decimal(whole)

    assert amounts.share(number, whole) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(st.integers(-(10**14), 10**14), st.integers(0, 8))
def test_money_survives_its_text(minor: int, digits: int) -> None:
    assert amounts.to_minor(amounts.to_text(minor, digits), digits) == minor
