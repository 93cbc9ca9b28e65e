import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.trading import wire
from support.mt5_peer import MAX_NUMBER, Peer, Told, hashed
from support.patience import LONGEST_S, until
from support.trading_server import PASSWORD, TradingServer, deals_of

SRV_RAND = bytes.fromhex("73007dc7184747ce0f7c98516ef1c851")


def test_the_published_login_vector_holds_for_server_and_peer() -> None:
    from sandbox.trading import auth

    expected = "7ee684e3fb28bfdabd73ea3f2507ba76"

    assert auth.proof(auth.password_hash("Pässw0rd1"), SRV_RAND) == expected
    assert hashed("Pässw0rd1", SRV_RAND) == expected


async def test_a_manager_with_the_right_password_gets_in(trading: TradingServer) -> None:
    peer = await Peer.connect(trading.port)

    told = await peer.authenticate(*trading.manager)

    assert told.code == 0
    await peer.close()


@pytest.mark.parametrize("login", [1000, 4711])
async def test_a_wrong_password_and_an_unknown_login_are_told_the_same(
    trading: TradingServer, login: int
) -> None:
    peer = await Peer.connect(trading.port)

    told = await peer.authenticate(login, "not it")

    assert told.code == 1001
    assert await peer.reader.read() == b""
    peer.writer.close()


async def test_other_kinds_of_client_are_refused(trading: TradingServer) -> None:
    peer = await Peer.connect(trading.port)

    told = await peer.say("AUTH_START", VERSION="484", AGENT="x", LOGIN="1000", TYPE="CLIENT")

    assert told.code == 1000
    peer.writer.close()


async def test_nothing_is_answered_before_the_login(trading: TradingServer) -> None:
    peer = await Peer.connect(trading.port)

    told = await peer.say("USER_LOGINS", GROUP="*")

    assert told.code == 8
    assert await peer.reader.read() == b""
    peer.writer.close()


async def test_a_server_that_proves_itself_wrongly_is_noticed(own: TradingServer) -> None:
    await own.post("/faults", wrong_auth={"times": 1})
    peer = await Peer.connect(own.port)

    told = await peer.authenticate(*own.manager)

    assert told.code == 1008
    peer.writer.close()


async def test_encrypted_sessions_say_the_same_as_plain_ones(trading: TradingServer) -> None:
    plain, sealed = await trading.peer(), await trading.peer(crypt=True)

    for command, fields in [
        ("GROUP_TOTAL", {}),
        ("SYMBOL_NEXT", {"INDEX": "0"}),
        ("GROUP_GET", {"GROUP": "real\\raw-usd"}),
        ("SYMBOL_NEXT", {"INDEX": "0", "COUNT": "22"}),
    ]:
        one, other = await plain.say(command, **fields), await sealed.say(command, **fields)
        assert one == other
        assert one.code == 0


async def test_encrypted_requests_may_come_in_pieces(trading: TradingServer) -> None:
    sealed = await trading.peer(crypt=True)

    for cuts in (1, 2, 7):
        await sealed.send_text("GROUP_GET|GROUP=real\\\\raw-usd|\r\n", cuts=cuts)
        told = await sealed.hear("GROUP_GET")
        assert told.body["Currency"] == "USD"


async def test_long_answers_come_in_packets_whose_seam_may_cut_a_character(
    trading: TradingServer, peer: Peer
) -> None:
    login = await trading.account(peer, NAME="Žofie Ñandú 北京 😀")
    peer.packets = 0

    told = await peer.say("SYMBOL_NEXT", INDEX="0", COUNT="22")

    assert peer.packets > 1
    assert len(told.body) == 22
    told = await peer.say("USER_GET", LOGIN=str(login))
    assert told.body["Name"] == "Žofie Ñandú 北京 😀"


async def test_a_request_may_come_byte_by_byte_and_in_many_packets(peer: Peer) -> None:
    await peer.send_text("TIME_SERVER|\r\n", cuts=9)

    told = await peer.hear("TIME_SERVER")

    assert told.code == 0
    peer.number += 1
    body = "GROUP_TOTAL|\r\n".encode("utf-16-le")
    for byte in b"%04x%04x0" % (len(body), peer.number) + body:
        peer.writer.write(bytes([byte]))
        await peer.writer.drain()
    assert (await peer.hear("GROUP_TOTAL")).code == 0


async def test_packet_numbers_wrap_and_come_back_with_the_answer(peer: Peer) -> None:
    peer.number = MAX_NUMBER - 2

    for _ in range(5):
        assert (await peer.say("PING")).code == 0

    assert peer.number == 3


async def test_pings_of_the_client_are_not_answered(peer: Peer) -> None:
    for number in (1, 77, 0x3FFF):
        peer.writer.write(b"0000%04x0" % number)
    await peer.send("")

    told = await peer.say("TIME_SERVER")

    assert told.code == 0
    assert peer.foreign == peer.pings == 0


async def test_names_are_read_in_any_case_and_escapes_are_taken_off(
    trading: TradingServer, peer: Peer
) -> None:
    login = await trading.account(peer, CITY="a|b=c\\d", COMMENT="x\ny")

    await peer.send_text(f"user_get|Login={login}|\r\n")
    told = await peer.hear("user_get")

    assert told.body["City"] == "a|b=c\\d"
    assert told.body["Comment"] == "x\ny"


async def test_commands_without_bars_and_unescaped_groups_are_understood(peer: Peer) -> None:
    await peer.send_text("TIME_SERVER\r\n")
    assert (await peer.hear("TIME_SERVER")).code == 0

    await peer.send_text("GROUP_GET|GROUP=demo\\standard\r\n")
    assert (await peer.hear("GROUP_GET")).body["Group"] == "demo\\standard"


async def test_json_that_is_none_and_commands_nobody_knows_are_refused_and_the_line_stays(
    peer: Peer,
) -> None:
    assert (await peer.say("USER_ADD", "{not json", LOGIN="0")).code == 3
    assert (await peer.say("MAKE_COFFEE")).code == 3
    assert (await peer.say("USER_GET", LOGIN="ten")).code == 3
    assert (await peer.say("USER_GET")).code == 3
    assert (await peer.say("PING")).code == 0


async def test_the_clock_is_local_and_its_distance_is_told(
    trading: TradingServer, peer: Peer
) -> None:
    settings_told = (await peer.say("TIME_GET")).body
    told = (await peer.say("TIME_SERVER")).fields["TIME"]

    seconds, day, hour = told.split(" ")
    utc = (await trading.get("/clock"))["now"]
    assert settings_told["TimeZone"] == "120"
    assert abs(int(seconds) - utc - 7200) < 3
    assert day.count(".") == 2
    assert hour.count(":") == 2


async def test_groups_and_symbols_are_told_one_by_one_and_by_name(peer: Peer) -> None:
    for kind, name in (("GROUP", "Group"), ("SYMBOL", "Symbol")):
        total = int((await peer.say(f"{kind}_TOTAL")).fields["TOTAL"])
        rows = [(await peer.say(f"{kind}_NEXT", INDEX=str(each))).body for each in range(total)]

        assert len({row[name] for row in rows}) == total
        assert (await peer.say(f"{kind}_NEXT", INDEX=str(total))).code == 13
        assert (await peer.say(f"{kind}_GET", **{kind: rows[-1][name]})).body == rows[-1]
        assert (await peer.say(f"{kind}_GET", **{kind: "nothing"})).code == 13


async def test_all_values_in_answers_are_strings(trading: TradingServer, peer: Peer) -> None:
    login = str(await trading.account(peer))
    await trading.post(f"/dealer/{login}/order", symbol="EURUSD", side="buy", lots="0.1")

    for command in ("USER_GET", "USER_ACCOUNT_GET", "POSITION_GET_PAGE", "DEAL_GET_PAGE"):
        body: Any = (await peer.say(command, LOGIN=login)).body
        for row in body if isinstance(body, list) else [body]:
            assert all(isinstance(text, str) for text in row.values()), row
    for row in (await peer.say("TICK_LAST", SYMBOL="*")).body:
        assert all(isinstance(text, str) for text in row.values())


async def test_prices_are_told_once_and_then_only_when_they_moved(peer: Peer) -> None:
    told = await peer.say("TICK_LAST", SYMBOL="EURUSD,USDJPY,XAUUSD", TRANS_ID="0")
    assert [row["Symbol"] for row in told.body] == ["EURUSD", "USDJPY", "XAUUSD"]
    assert told.body[1]["Bid"].partition(".")[2].__len__() == 3

    said = {"SYMBOL": "Forex\\Major\\*", "TRANS_ID": told.fields["TRANS_ID"]}

    async def moved() -> bool:
        news = await peer.say("TICK_LAST", **said)
        return int(news.fields["TRANS_ID"]) > int(told.fields["TRANS_ID"])

    await until(moved, every_s=0.2)
    later = await peer.say("TICK_LAST", **said)

    assert {row["Symbol"] for row in later.body} <= {
        "EURUSD", "GBPUSD", "USDJPY", "USDCHF", "AUDUSD", "USDCAD", "NZDUSD"
    }  # fmt: skip
    again = await peer.say("TICK_LAST", SYMBOL="EURUSD", TRANS_ID=str(1 << 31))
    assert again.body == []


async def test_a_group_sees_its_own_spread(desk: Peer) -> None:
    plain = (await desk.say("TICK_LAST", SYMBOL="EURUSD")).body[0]
    raw = (await desk.say("TICK_LAST_GROUP", SYMBOL="EURUSD", GROUP="real\\raw-usd")).body[0]
    marked = (await desk.say("TICK_LAST_GROUP", SYMBOL="EURUSD", GROUP="real\\standard-usd")).body[
        0
    ]

    def spread(row: dict[str, str]) -> int:
        return int(row["Ask"].replace(".", "")) - int(row["Bid"].replace(".", ""))

    assert raw == plain
    assert spread(marked) == spread(plain) + 4


async def test_the_day_of_a_symbol_contains_its_price(peer: Peer) -> None:
    row = (await peer.say("TICK_STAT", SYMBOL="GBPUSD")).body[0]

    assert float(row["BidLow"]) <= float(row["Bid"]) <= float(row["BidHigh"])
    assert float(row["AskLow"]) <= float(row["Ask"]) <= float(row["AskHigh"])


async def test_deals_are_paged_to_a_hundred_at_most(trading: TradingServer, peer: Peer) -> None:
    login = await trading.account(peer, money="100000")
    now = (await trading.get("/clock"))["now"]
    await trading.post(
        "/history",
        login=login,
        **{"from": now - 900_000, "to": now - 600},
        deals=250,
        deposit="20000",
    )

    page = await peer.say(
        "DEAL_GET_PAGE", LOGIN=str(login), FROM="0", TO=str(1 << 33), TOTAL="1000"
    )
    rows = await deals_of(peer, login)

    assert len(page.body) == 100
    assert len(rows) == 252
    assert len({row["Deal"] for row in rows}) == 252
    assert [int(row["TimeMsc"]) for row in rows] == sorted(int(row["TimeMsc"]) for row in rows)
    middle = int(rows[120]["Time"])
    part = await deals_of(peer, login, since=middle)
    assert part == [row for row in rows if int(row["Time"]) >= middle]


async def test_the_manager_of_a_group_sees_no_other(own: TradingServer) -> None:
    everyone = await own.peer()
    await own.post("/groups", name="real\\acme-usd", login_from=700_000, login_to=700_999)
    await own.post("/managers", login=2000, password="Hers-alone-1", groups="real\\acme*")
    mine = await own.account(everyone, "real\\acme-usd")
    other = await own.account(everyone, "real\\standard-usd")
    peer = await Peer.manager(own.port, 2000, "Hers-alone-1")

    assert (await peer.say("USER_LOGINS", GROUP="*")).body == [str(mine)]
    assert (await peer.say("GROUP_TOTAL")).fields["TOTAL"] == "1"
    assert (await peer.say("USER_GET", LOGIN=str(mine))).code == 0
    assert (await peer.say("USER_GET", LOGIN=str(other))).code == 13
    told = await peer.say("TRADE_BALANCE", LOGIN=str(other), TYPE="2", BALANCE="1")
    assert told.code == 13
    told = await peer.say(
        "USER_ADD",
        LOGIN="0",
        GROUP="real\\standard-usd",
        PASS_MAIN=PASSWORD,
        NAME="X",
        LEVERAGE="1",
    )
    assert told.code == 8
    await peer.close()


def read(text: str) -> Told:
    from support.mt5_peer import understood

    return understood("X", text)


@given(
    names=st.lists(st.from_regex(r"[A-Z][A-Z_]{0,8}", fullmatch=True), unique=True, max_size=5),
    values=st.lists(
        st.text(max_size=20).filter(lambda text: "\r" not in text), min_size=5, max_size=5
    ),
)
def test_what_is_escaped_comes_back(names: list[str], values: list[str]) -> None:
    from support.mt5_peer import escaped

    given_ = dict(zip(names, values, strict=False))
    line = "X|" + "".join(f"{name}={escaped(value)}|" for name, value in given_.items())

    assert wire.parse(line + "\r\n").given == given_


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        wire.parse(text)
    except wire.RefusedError as refused:
        assert refused.code == 3


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    chunks=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.just(b"MT5WEBAPI"),
            st.builds(
                lambda size, number, flag, body: b"%04x%04x%d" % (size, number, flag) + body,
                st.integers(0, 0xFFFF),
                st.integers(0, 0xFFFF),
                st.integers(0, 9),
                st.binary(max_size=40),
            ),
            st.builds(
                lambda number, text: (
                    b"%04x%04x0" % (len(text.encode("utf-16-le", "surrogatepass")), number)
                    + text.encode("utf-16-le", "surrogatepass")
                ),
                st.integers(0, 0xFFFF),
                st.text(alphabet=st.characters(), max_size=30),
            ),
        ),
        max_size=6,
    )
)
async def test_garbage_ends_a_connection_and_nothing_else(
    trading: TradingServer, chunks: list[bytes]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", trading.port)
    try:
        for chunk in chunks:
            writer.write(chunk)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), LONGEST_S)
    except OSError:
        pass  # The server may hang up before all of it is sent.
    finally:
        writer.close()

    assert (await trading.get("/health"))["name"] == "Sandbox-Trade"


@settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    command=st.sampled_from(
        "USER_ADD USER_UPDATE USER_GET USER_LOGINS USER_ACCOUNT_GET USER_DELETE USER_PASS_CHANGE "
        "USER_PASS_CHECK TRADE_BALANCE POSITION_GET POSITION_GET_PAGE ORDER_GET ORDER_GET_PAGE "
        "HISTORY_GET HISTORY_GET_PAGE DEAL_GET DEAL_GET_TOTAL DEAL_GET_PAGE TICK_LAST "
        "TICK_LAST_GROUP TICK_STAT GROUP_NEXT GROUP_GET SYMBOL_NEXT SYMBOL_GET SYMBOL_GET_GROUP "
        "TRADE_CALC_PROFIT TRADE_CHECK_MARGIN TRADE_RATE_BUY USER_GET_BATCH DEAL_GET_BATCH".split()
    ),
    given_=st.dictionaries(
        st.sampled_from(
            "LOGIN GROUP TYPE BALANCE COMMENT PASSWORD OFFSET TOTAL FROM TO TICKET INDEX COUNT SYMBOL "
            "TRANS_ID RIGHTS LEVERAGE NAME VOLUME PRICE_OPEN PRICE_CLOSE BASE CURRENCY".split()
        ),
        st.one_of(
            st.text(max_size=12).filter(lambda text: "\r" not in text),
            st.sampled_from(
                ["0", "-1", "1e9", "NaN", "999999999999999999999", "*", "!*", "EURUSD"]
            ),
            st.integers(-(1 << 70), 1 << 70).map(str),
        ),
        max_size=5,
    ),
    body=st.one_of(
        st.just(""), st.just("[]"), st.just('{"Login":null}'), st.just('{"Rights":1e400}')
    ),
)
async def test_every_command_answers_any_parameters_with_a_code(
    trading: TradingServer, command: str, given_: dict[str, str], body: str
) -> None:
    peer = await trading.peer()

    told = await peer.say(command, body, **given_)

    assert told.code >= 0
    assert (await peer.say("PING")).code == 0
    await peer.close()
