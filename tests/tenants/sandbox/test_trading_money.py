import asyncio

import pytest

from support.mt5_peer import Peer
from support.patience import until
from support.trading_server import TradingServer, deals_of


async def move(peer: Peer, login: int, amount: str, kind: int = 2, **given: str) -> int:
    told = await peer.say(
        "TRADE_BALANCE", LOGIN=str(login), TYPE=str(kind), BALANCE=amount, **given
    )
    assert ("TICKET" in told.fields) == (told.code == 0)
    return told.code


async def test_a_deposit_is_a_deal_that_carries_the_comment(
    trading: TradingServer, peer: Peer
) -> None:
    login = await trading.account(peer, money="0")

    told = await peer.say(
        "TRADE_BALANCE", LOGIN=str(login), TYPE="2", BALANCE="250.50",
        COMMENT="D:ABCDEFGHIJKLMNOPQRST|=", CHECK_MARGIN="1",
    )  # fmt: skip

    (deal,) = await deals_of(peer, login)
    assert deal["Deal"] == told.fields["TICKET"]
    assert (deal["Action"], deal["Profit"]) == ("2", "250.50")
    assert deal["Comment"] == "D:ABCDEFGHIJKLMNOPQRST|="
    assert (await peer.say("DEAL_GET", TICKET=deal["Deal"])).body == deal
    assert (await peer.say("USER_GET", LOGIN=str(login))).body["Balance"] == "250.50"


async def test_comments_are_cut_to_thirty_one_characters(
    trading: TradingServer, peer: Peer
) -> None:
    login = await trading.account(peer, money="0")

    await move(peer, login, "1", COMMENT="x" * 40)

    assert (await deals_of(peer, login))[0]["Comment"] == "x" * 31


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("-100.01", 10019),
        ("-100.00", 0),
        ("0", 3),
        ("NaN", 3),
        ("1e9", 3),
        ("", 3),
        ("1.001", 3),
        ("1.100", 0),
        ("1000000000.01", 4005),
        ("ten", 3),
        ("--1", 3),
    ],
)
async def test_only_money_that_is_there_goes_out(
    trading: TradingServer, peer: Peer, amount: str, code: int
) -> None:
    login = await trading.account(peer, money="100")

    assert await move(peer, login, amount, CHECK_MARGIN="1") == code

    rows = await deals_of(peer, login)
    assert len(rows) == (2 if code == 0 else 1)


async def test_the_margin_of_open_positions_cannot_be_withdrawn(
    still: TradingServer, desk: Peer
) -> None:
    login = await still.account(desk, money="2000")
    await still.post(f"/dealer/{login}/order", symbol="EURUSD", side="buy", lots="1")
    state = (await desk.say("USER_ACCOUNT_GET", LOGIN=str(login))).body
    free = state["MarginFree"]

    assert await move(desk, login, f"-{float(free) + 0.01:.2f}") == 10019
    assert await move(desk, login, f"-{float(free) + 0.01:.2f}", CHECK_MARGIN="1") == 10019
    assert await move(desk, login, f"-{free}", CHECK_MARGIN="1") == 0
    assert await move(desk, login, "-10", CHECK_MARGIN="0") == 0


async def test_yen_have_no_decimals(trading: TradingServer, peer: Peer) -> None:
    login = await trading.account(peer, "real\\standard-jpy", "0")

    assert await move(peer, login, "1500.5") == 3
    assert await move(peer, login, "1500.00") == 0
    assert await move(peer, login, "500") == 0

    told = await peer.say("USER_ACCOUNT_GET", LOGIN=str(login))
    assert told.body["Balance"] == "2000"
    assert told.body["CurrencyDigits"] == "0"


async def test_credit_is_kept_apart_and_taken_back_only_as_far_as_given(
    trading: TradingServer, peer: Peer
) -> None:
    login = await trading.account(peer, money="100")

    assert await move(peer, login, "50", 3) == 0
    assert await move(peer, login, "-60", 3) == 10019
    assert await move(peer, login, "-20", 3) == 0

    state = (await peer.say("USER_ACCOUNT_GET", LOGIN=str(login))).body
    assert (state["Balance"], state["Credit"], state["Equity"]) == ("100.00", "30.00", "130.00")
    assert await move(peer, login, "-101") == 10019


@pytest.mark.parametrize("kind", [0, 1, 7, 19, 99, -1])
async def test_only_balance_operations_can_be_made_by_hand(
    trading: TradingServer, peer: Peer, kind: int
) -> None:
    login = await trading.account(peer, money="100")

    assert await move(peer, login, "1", kind) == 3


async def test_hands_pulling_at_once_never_take_more_than_there_is(own: TradingServer) -> None:
    peers = [await own.peer() for _ in range(6)]
    login = await own.account(peers[0], money="100")

    codes = await asyncio.gather(*(move(peer, login, "-30", CHECK_MARGIN="1") for peer in peers))

    assert sorted(codes) == [0, 0, 0, 10019, 10019, 10019]
    assert (await own.get(f"/truth/{login}"))["balance"] == "10.00"


async def test_the_line_may_break_before_or_after_the_money_moved(own: TradingServer) -> None:
    login = await own.account(await own.peer(), money="0")

    for fault, balance in (("balance_drop_before", "0.00"), ("balance_drop_after", "7.00")):
        await own.post("/faults", **{fault: {"times": 1}})
        peer = await own.peer()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await move(peer, login, "7", COMMENT=f"D:{fault[-6:]}")
        assert (await own.get(f"/truth/{login}"))["balance"] == balance

    rows = await deals_of(await own.peer(), login)
    assert [row["Comment"] for row in rows] == ["D:_after"]
    assert (await own.get("/faults"))["fired"] == {
        "balance_drop_before": 1,
        "balance_drop_after": 1,
    }


async def test_a_code_that_says_nothing_may_stand_for_done_or_not_done(own: TradingServer) -> None:
    peer = await own.peer()
    login = await own.account(peer, money="0")

    for code, applied in ((10012, True), (10031, False), (10008, True)):
        order = {"command": "TRADE_BALANCE", "code": code, "applied": applied, "times": 1}
        await own.post("/faults", answers=[order])
        assert await move(peer, login, "5") == code

    assert (await own.get(f"/truth/{login}"))["balance"] == "10.00"


async def test_late_and_doubled_reports_of_deals_change_nothing_in_the_book(
    own: TradingServer,
) -> None:
    peer = await own.peer()
    login = await own.account(peer, money="10")
    await own.post("/faults", late_s=4)
    await move(peer, login, "5")

    assert len(await deals_of(peer, login)) == 1
    await own.post("/faults", late_s=0)

    async def reported() -> bool:
        return len(await deals_of(peer, login)) == 2

    await until(reported, every_s=0.1)
    await own.post("/faults", duplicate_deals={"times": 1})
    page = (await peer.say("DEAL_GET_PAGE", LOGIN=str(login))).body

    assert len(page) == 3
    assert len({row["Deal"] for row in page}) == 2
    assert len(await deals_of(peer, login)) == 2


async def test_noise_split_bytes_and_delay_do_not_change_what_is_said(own: TradingServer) -> None:
    peer = await own.peer()
    login = await own.account(peer)
    plain = await peer.say("USER_GET", LOGIN=str(login))

    await own.post("/faults", noise=True, split_bytes=True, delay_ms=30)
    odd = await peer.say("USER_GET", LOGIN=str(login))
    sealed = await own.peer(crypt=True)
    hidden = await sealed.say("USER_GET", LOGIN=str(login))

    assert plain == odd == hidden
    assert (peer.pings, peer.foreign) == (1, 1)
    assert sealed.foreign >= 1


async def test_a_server_that_is_down_refuses_connections_and_comes_back_as_it_was(
    own: TradingServer,
) -> None:
    peer = await own.peer()
    login = await own.account(peer)

    await own.post("/faults", down=True)
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", own.port)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await peer.say("PING")
    reply = await own.call("DELETE", "/faults")

    assert reply.status == 200
    told = await (await own.peer()).say("USER_GET", LOGIN=str(login))
    assert told.body["Balance"] == "10000.00"


async def test_bad_prices_come_only_when_ordered(own: TradingServer) -> None:
    peer = await own.peer()

    def sound(row: dict[str, str]) -> bool:
        return 0 < float(row["Bid"]) < float(row["Ask"]) and int(row["Datetime"]) > 1_000_000_000

    assert all(sound(row) for row in (await peer.say("TICK_LAST", SYMBOL="*")).body)
    await own.post("/faults", bad_ticks=True)
    bad = 0
    for _ in range(20):
        rows = (await peer.say("TICK_LAST", SYMBOL="*")).body
        wrong = [row for row in rows if not sound(row) or "." not in row["Bid"]]
        bad += len(wrong)
    assert bad == 20
