import asyncio
import itertools
import json
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.trading.book import Book
from sandbox.trading.clock import Zone
from sandbox.trading.journal import Journal
from sandbox.trading.market import Market
from sandbox.trading.noise import SLOT_MS
from sandbox.trading.symbols import SYMBOLS
from support.mt5_peer import Peer
from support.patience import until
from support.trading_server import TradingServer, cents, deals_of

DAY = 86_400


def moved(rows: list[dict[str, str]]) -> int:
    return sum(cents(row[name] for name in ("Profit", "Storage", "Commission")) for row in rows)


async def balance(peer: Peer, login: int) -> int:
    return cents([(await peer.say("USER_GET", LOGIN=str(login))).body["Balance"]])


async def test_a_made_past_is_consistent_to_the_cent(own: TradingServer) -> None:
    peer = await own.peer()
    now = int((await own.get("/clock"))["now"])
    login = await own.account(peer, "real\\raw-usd", money="0")
    start, end = now - 60 * DAY, now - DAY

    made = await own.post(
        "/history", login=login, **{"from": start, "to": end}, deals=400, seed=5, deposit="8000"
    )

    rows = await deals_of(peer, login)
    assert made[0]["deals"] == len(rows) == 401
    assert moved(rows) == await balance(peer, login)
    assert all(start <= int(row["Time"]) - 7200 <= end for row in rows)
    opened = {
        row["PositionID"]: row for row in rows if row["Entry"] == "0" and row["Action"] in "01"
    }
    for row in rows:
        if row["Entry"] == "1":
            begin = opened[row["PositionID"]]
            assert int(begin["TimeMsc"]) <= int(row["TimeMsc"])
            assert begin["Symbol"] == row["Symbol"]
            assert begin["Action"] != row["Action"]
    lots = {ticket: int(row["Volume"]) for ticket, row in opened.items()}
    for row in rows:
        if row["Entry"] == "1":
            lots[row["PositionID"]] -= int(row["VolumeClosed"])
    assert set(lots.values()) == {0}
    assert (await peer.say("POSITION_GET_TOTAL", LOGIN=str(login))).fields["TOTAL"] == "0"
    assert int((await peer.say("USER_GET", LOGIN=str(login))).body["Registration"]) == start + 7200
    truth = await own.get(f"/truth/{login}")
    assert truth["balance"] == truth["told_balance"]
    weekday = {Zone.weekday(int(row["Time"]) // DAY) for row in rows if row["Symbol"] == "EURUSD"}
    assert weekday <= {1, 2, 3, 4, 5}


async def test_deals_of_the_past_have_the_prices_of_the_past(own: TradingServer) -> None:
    peer = await own.peer()
    now = int((await own.get("/clock"))["now"])
    login = await own.account(peer, "real\\raw-usd")
    await own.post(
        "/history",
        login=login,
        **{"from": now - 9 * DAY, "to": now - DAY},
        deals=60,
        deposit="9000",
    )
    market = Market(own.seed, Zone(120))

    for row in await deals_of(peer, login):
        if row["Action"] in "01":
            seen = market.quote(SYMBOLS[row["Symbol"]], int(row["TimeMsc"]) - 7_200_000)
            price = int(row["Price"].replace(".", ""))
            assert price == (seen.ask if row["Action"] == "0" else seen.bid)


async def test_a_past_goes_around_what_was_there_and_the_same_seed_gives_the_same(
    tmp_path: Path,
) -> None:
    told = []
    for name in ("one", "two"):
        server = await TradingServer(tmp_path / name, seed=3).start()
        await server.post("/clock", now="2025-03-01T00:00:00", frozen=True)
        peer = await server.peer()
        login = await server.account(peer, "real\\standard-eur", money="3000")
        await server.post("/clock", now="2025-04-01T00:00:00", frozen=True)
        await peer.say("TRADE_BALANCE", LOGIN=str(login), TYPE="2", BALANCE="-500")
        await server.post("/clock", now="2025-05-01T00:00:00", frozen=True)
        form = {"from": "2025-03-02T00:00:00", "to": "2025-04-30T00:00:00"}
        await server.post(
            "/history", login=login, **form, deals=101, seed=9, keep_open=3, style="swing"
        )
        rows = await deals_of(peer, login)
        held = (await peer.say("POSITION_GET_PAGE", LOGIN=str(login))).body
        assert moved(rows) == await balance(peer, login)
        assert len(held) == 3
        assert [row["Profit"] for row in rows if row["Action"] == "2"] == ["3000.00", "-500.00"]
        told.append((rows, held))
        await server.stop()

    assert told[0] == told[1]


async def test_what_cannot_have_been_is_refused(trading: TradingServer, peer: Peer) -> None:
    login = await trading.account(peer)
    now = int((await trading.get("/clock"))["now"])

    for change in (
        {"to": now + 60},
        {"from": now, "to": now - 1},
        {"deals": -1},
        {"deals": 10**6},
        {"style": "lucky"},
        {"deposit": "1.234"},
        {"from": "yesterday"},
        {"colour": "red"},
        {"deals": 2},  # its money came later
    ):
        form = {"login": login, "from": now - 100, "to": now - 10, "deals": 2} | change
        assert (await trading.call("POST", "/history", form)).status == 422
    unknown = {"login": 1, "from": now - 100, "to": now - 10, "deals": 2}
    assert (await trading.call("POST", "/history", unknown)).status == 404


async def test_the_clock_moves_forward_and_deals_follow_it(own: TradingServer) -> None:
    peer = await own.peer()
    await own.post("/clock", now="2024-02-05T09:00:00")
    login = await own.account(peer)
    await own.post(f"/dealer/{login}/order", symbol="EURUSD", side="buy", lots="0.01")
    await own.post("/clock", now="2024-03-05T09:00:00", frozen=True)
    await own.post("/robots", login=login, style="scalper", rate=30, seed=2)

    await own.post("/clock", now="2024-03-06T09:00:00", frozen=True)
    back = await own.call("POST", "/clock", {"now": "2024-02-20T09:00:00"})

    rows = await deals_of(peer, login)
    times = [int(row["Time"]) - 7200 for row in rows]
    assert times == sorted(times)
    assert 1_707_123_600 <= times[0] < 1_707_123_660
    assert 1_709_629_200 < times[-1] <= 1_709_715_600
    assert len(rows) > 100
    assert moved(rows) == await balance(peer, login)
    assert back.status == 409


async def test_robots_trade_until_they_are_stopped(own: TradingServer) -> None:
    peer = await own.peer()
    login = await own.account(peer)
    robots = await own.post("/robots", login=login, rate=3600, style="mixed", symbols=["BTCUSD"])

    async def traded() -> bool:
        return len(await deals_of(peer, login)) > 1

    await until(traded, every_s=0.25)
    gone = await own.call("DELETE", f"/robots/{robots[0]['robot']}")

    rows = await deals_of(peer, login)
    assert len(rows) > 1
    assert {row["Symbol"] for row in rows[1:]} == {"BTCUSD"}
    assert (gone.status, await own.get("/robots")) == (200, [])
    assert (await own.call("DELETE", "/robots/99")).status == 404


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_after_a_stop_or_a_kill_the_server_is_what_its_journal_says(
    own: TradingServer, how: signal.Signals
) -> None:
    peer = await own.peer()
    now = int((await own.get("/clock"))["now"])
    busy = await own.account(peer, "real\\raw-usd")
    quiet = await own.account(peer, "real\\standard-eur", "77")
    gone = await own.account(peer, money="0")
    form = {"from": now - 9 * DAY, "to": now - DAY}
    await own.post("/history", login=busy, **form, deals=80, keep_open=2, deposit="2000")
    await own.post(f"/dealer/{busy}/order", symbol="XAUUSD", side="sell", lots="0.01")
    await own.post(
        f"/dealer/{busy}/order", symbol="EURUSD", side="buy", lots="0.02", type="limit", price="0.5"
    )
    await own.post("/shocks", symbol="XAUUSD", percent=0.3)
    await peer.say("USER_PASS_CHANGE", LOGIN=str(quiet), TYPE="MAIN", PASSWORD="Fresh-one-2")
    await peer.say("USER_DELETE", LOGIN=str(gone))
    await own.post("/clock", now=now + 5, frozen=True)
    questions = [
        ("USER_LOGINS", {"GROUP": "*"}),
        ("USER_GET", {"LOGIN": str(busy)}),
        ("USER_ACCOUNT_GET", {"LOGIN": str(busy)}),
        ("POSITION_GET_PAGE", {"LOGIN": str(busy)}),
        ("ORDER_GET_PAGE", {"LOGIN": str(busy)}),
        ("HISTORY_GET_PAGE", {"LOGIN": str(busy)}),
        ("USER_PASS_CHECK", {"LOGIN": str(quiet), "TYPE": "MAIN", "PASSWORD": "Fresh-one-2"}),
        ("TICK_LAST", {"SYMBOL": "*"}),
        ("COMMON_GET", {}),
    ]
    before = [await peer.say(command, **fields) for command, fields in questions]
    deals = await deals_of(peer, busy)
    truth = await own.get(f"/truth/{busy}")

    await own.stop(how)
    await own.start()

    peer = await own.peer()
    after = [await peer.say(command, **fields) for command, fields in questions]
    for one, other in zip(before, after, strict=True):
        if isinstance(one.body, dict):
            for name in ("LastAccess", "LastIP", "ExpirationLicense", "ExpirationSupport"):
                one.body.pop(name, None), other.body.pop(name, None)
        assert one == other
    assert await deals_of(peer, busy) == deals
    assert await own.get(f"/truth/{busy}") == truth
    assert truth["balance"] == truth["told_balance"]
    assert await own.account(peer) > quiet


async def test_money_acknowledged_before_a_kill_is_there_afterwards(own: TradingServer) -> None:
    login = await own.account(await own.peer(), money="0")
    acknowledged: list[str] = []

    async def deposit(name: int) -> None:
        peer = await own.peer()
        for count in itertools.count():
            comment = f"D:{name}-{count}"
            try:
                told = await peer.say(
                    "TRADE_BALANCE", LOGIN=str(login), TYPE="2", BALANCE="1", COMMENT=comment
                )
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            assert told.code == 0
            acknowledged.append(comment)

    workers = [asyncio.create_task(deposit(name)) for name in range(4)]
    await until(lambda: len(acknowledged) > 20)
    await own.kill()
    await asyncio.gather(*workers)
    await own.start()

    rows = await deals_of(await own.peer(), login)
    comments = [row["Comment"] for row in rows]
    assert set(acknowledged) <= set(comments)
    assert len(comments) == len(set(comments)) <= len(acknowledged) + 4
    assert (await own.get(f"/truth/{login}"))["balance"] == f"{len(rows)}.00"


async def test_a_torn_last_line_never_happened(own: TradingServer) -> None:
    peer = await own.peer()
    login = await own.account(peer, money="40")
    await own.kill()
    journal = own.folder / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'[["deal",8000999,200001,2,17')

    await own.start()

    assert await balance(await own.peer(), login) == 4000
    assert journal.read_bytes() == whole
    await (await own.peer()).say("TRADE_BALANCE", LOGIN=str(login), TYPE="2", BALANCE="2")
    await own.kill()
    await own.start()
    assert await balance(await own.peer(), login) == 4200


async def test_a_broken_snapshot_is_not_believed(own: TradingServer) -> None:
    login = await own.account(await own.peer(), money="40")
    await own.stop()
    snapshot = own.folder / "snapshot.jsonl"
    snapshot.write_bytes(snapshot.read_bytes()[:-20])

    await own.start()

    assert await balance(await own.peer(), login) == 4000


def test_a_snapshot_and_the_rest_of_the_journal_give_the_same_book(tmp_path: Path) -> None:
    from sandbox.trading.records import Deal, Position, PositionGone, User

    journal, book = Journal(tmp_path), Book()
    journal.recover(book.apply)
    for login in (1, 2, 3):
        lines = [
            [User(login, "real\\raw-usd")],
            [Deal(deal=login, login=login, action=2, time=login * 1000, profit=500)],
            [Position(login, login, "EURUSD", 0, 100, 100_000, 1, 1, 1, 10)],
        ]
        for line in lines:
            journal.write(line)
            book.apply(line)
        if login == 2:
            journal.snapshot(book.records())
    journal.write([PositionGone(1, 1)])
    book.apply([PositionGone(1, 1)])
    journal.sync()
    journal.close()

    again = Book()
    lines_read = Journal(tmp_path).recover(again.apply)

    assert lines_read == 4
    assert list(again.records()) == list(book.records())
    assert again.watched.keys() == book.watched.keys() == {2, 3}


@settings(max_examples=25)
@given(st.integers(0, 1 << 40), st.integers(1_700_000_000, 1_760_000_000), st.integers(0, 400))
def test_prices_depend_on_seed_and_moment_and_on_nothing_else(
    seed: int, second: int, steps: int
) -> None:
    market, other = Market(seed, Zone(120)), Market(seed, Zone(120))
    at = second * 1000
    for name in ("USDJPY", "EURGBP", "DE40"):
        other.quote(SYMBOLS[name], at + steps * SLOT_MS)
        seen = market.quote(SYMBOLS[name], at)

        assert seen == other.quote(SYMBOLS[name], at)
        assert 0 < seen.bid < seen.ask
        near = market.quote(SYMBOLS[name], at + SLOT_MS)
        assert abs(near.bid - seen.bid) < seen.bid // 500


def test_pairs_agree_with_one_another() -> None:
    market, at = Market(1, Zone(0)), 1_750_000_000_000

    def middle(name: str) -> float:
        seen = market.quote(SYMBOLS[name], at)
        return (seen.bid + seen.ask) / 2 / 10 ** SYMBOLS[name].digits

    assert middle("EURUSD") / middle("GBPUSD") == pytest.approx(middle("EURGBP"), rel=1e-4)
    assert middle("EURUSD") * middle("USDJPY") == pytest.approx(middle("EURJPY"), rel=1e-4)
    assert market.rate("EUR", "USD", at) / 1e8 == pytest.approx(middle("EURUSD"), rel=1e-4)


def test_journal_lines_are_plain_json(tmp_path: Path) -> None:
    from sandbox.trading.records import Deal

    journal = Journal(tmp_path)
    journal.recover(lambda _: None)
    journal.write([Deal(deal=1, login=2, action=2, time=3, profit=4, comment="é")])
    journal.sync()
    journal.close()

    (line,) = journal.path.read_text().splitlines()
    assert json.loads(line)[0][:6] == ["deal", 1, 2, 2, 3, 4]
