import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from brokerage.trading.connector import (
    Access,
    DealCursor,
    DealKind,
    Doubled,
    Entry,
    MoneyKind,
    NewAccount,
    Profile,
    Which,
    mark,
    operation_of,
)
from brokerage.trading.connectors.mt5_webapi import Mt5WebApi, Settings
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.connectors.trouble import Blocked, NoAnswer, Unreachable, Unreadable
from stoa.kernel.refusals import NotFound, Unavailable
from support.mt5_server import Mt5, mt5_server
from support.patience import until

PATIENT = Limits(in_a_row=10_000, error_rate=2)


@asynccontextmanager
async def joined(server: Mt5, **settings: Any) -> AsyncGenerator[Mt5WebApi]:
    lines = Lines(Egress({server.place}), limits=PATIENT)
    told = {"host": server.host, "port": server.port, "login": 1000, "answer_s": 20.0} | settings
    secrets = Keyring({"mt5.manager": "Pässw0rd1"})
    connector = Mt5WebApi(msgspec.convert(told, Settings), secrets, lines.of("t", "mt5"))
    try:
        yield connector
    finally:
        await connector.aclose()
        await lines.egress.aclose()


@pytest.fixture
async def server() -> AsyncGenerator[Mt5]:
    async with mt5_server() as running:
        yield running


@pytest.fixture
async def mt5(server: Mt5) -> AsyncGenerator[Mt5WebApi]:
    async with joined(server) as connector:
        yield connector


def a_new_account(**fields: Any) -> NewAccount:
    profile = Profile(name="Ann Ó Briain", email="ann@example.com", country="Ireland")
    told = {
        "external_id": "A-1",
        "group": "real\\eur",
        "leverage": 30,
        "profile": profile,
        "password": "Secret|1=\\x",
        "investor_password": "Inv3stor",
    }
    return NewAccount(**(told | fields))


def commands(server: Mt5) -> list[str]:
    return [command for command, _ in server.asked if not command.startswith("TIME_")]


@pytest.mark.parametrize("crypt", ["none", "aes256ofb"])
@pytest.mark.parametrize("split", [0, 7, 1])
async def test_it_logs_in_and_reads_split_answers_among_pings(crypt: str, split: int) -> None:
    async with mt5_server(split=split, pings=True) as server:
        server.user(501, Name="Ann Ó Briain")
        async with joined(server, crypt=crypt) as mt5:
            account = await mt5.get_account(501)

            assert (account.name, account.currency, account.leverage) == (
                "Ann Ó Briain",
                "EUR",
                100,
            )
            assert (await mt5.get_account(501)).equity == 0
    assert server.connections == 1


async def test_a_wrong_password_is_not_tried_again_at_once(server: Mt5) -> None:
    server.password = "other"
    async with joined(server) as mt5:
        with pytest.raises(Unreachable) as first:
            await mt5.get_account(501)
        with pytest.raises(Unreachable) as second:
            await mt5.get_account(501)

    assert first.value.code == "mt5-1001"
    assert second.value.code == "backing-off"
    assert server.connections == 1


async def test_a_server_that_does_not_know_the_password_is_not_trusted(server: Mt5) -> None:
    server.lies = True
    async with joined(server) as mt5:
        with pytest.raises(Unreachable) as refusal:
            await mt5.get_account(501)

    assert refusal.value.code == "mt5-1008"
    assert commands(server) == []


async def test_a_server_on_no_address_of_ours_is_not_called() -> None:
    async with mt5_server() as server:
        lines = Lines(Egress())
        settings = Settings(host=server.host, port=server.port, login=1000)
        mt5 = Mt5WebApi(settings, Keyring({"mt5.manager": "x"}), lines.of("t", "mt5"))

        with pytest.raises(Blocked):
            await mt5.list_groups()

        assert server.connections == 0
        await mt5.aclose()
        await lines.egress.aclose()


async def test_an_account_is_made_and_found_again(server: Mt5, mt5: Mt5WebApi) -> None:
    outcome = await mt5.create_account(a_new_account())

    assert outcome == Confirmed("501")
    assert server.passwords[501] == "Secret|1=\\x"
    asked = dict(server.asked)["USER_ADD"]
    assert (asked["GROUP"], asked["LEVERAGE"], asked["ID"]) == ("real\\eur", "30", "A-1")
    assert await mt5.find_account("A-1", "real\\eur") == 501
    assert await mt5.find_account("A-2", "real\\eur") is None
    assert await mt5.find_account("A-1", "real\\eur", login=501) == 501
    assert await mt5.find_account("A-1", "real\\eur", login=999) is None


async def test_a_creation_without_an_answer_is_unknown_and_can_be_found(
    server: Mt5, mt5: Mt5WebApi
) -> None:
    server.drop_after.add("USER_ADD")

    outcome = await mt5.create_account(a_new_account())

    assert isinstance(outcome, Unknown)
    assert await mt5.find_account("A-1", "real\\eur") == 501
    assert commands(server).count("USER_ADD") == 1


async def test_a_creation_the_server_refuses_says_why(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(700)

    taken = await mt5.create_account(a_new_account(login=700))
    weak = await mt5.create_account(a_new_account(password="short"))
    odd = await mt5.create_account(a_new_account(access=Access.CLOSE_ONLY))

    assert isinstance(taken, Refused)
    assert (taken.code, taken.technical) == ("mt5-3004", False)
    assert isinstance(weak, Refused)
    assert weak.code == "mt5-3006"
    assert isinstance(odd, Refused)


async def test_a_change_writes_the_whole_record_back(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501, ApiData="kept", Balance="70.00")

    assert await mt5.set_leverage(501, 30) == Confirmed("501")
    assert await mt5.set_access(501, Access.NO_TRADING) == Confirmed("501")
    assert await mt5.set_group(501, "real\\eur\\vip") == Confirmed("501")
    profile = Profile(name="Eve", zip_code="D02")
    assert await mt5.update_profile(501, profile) == Confirmed("501")

    user = server.users[501]
    assert (user["Leverage"], user["Rights"], user["Group"]) == ("30", str(0x167), "real\\eur\\vip")
    assert (user["ApiData"], user["Balance"]) == ("kept", "70.00")
    assert (user["Name"], user["ZIPCode"], "ZipCode" in user) == ("Eve", "D02", False)
    asked = [params for command, params in server.asked if command == "USER_UPDATE"][-1]
    assert asked["ZIPCODE"] == "D02"


async def test_a_change_to_what_is_so_already_asks_for_nothing(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501)

    assert await mt5.set_leverage(501, 100) == Confirmed("501")

    assert "USER_UPDATE" not in commands(server)


async def test_changes_at_the_same_time_lose_none(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501)
    server.slow["USER_UPDATE"] = 0.02

    await asyncio.gather(
        mt5.set_leverage(501, 50),
        mt5.set_access(501, Access.NO_LOGIN),
        mt5.update_profile(501, Profile(name="Eve")),
    )

    user = server.users[501]
    assert (user["Leverage"], user["Name"]) == ("50", "Eve")
    assert int(user["Rights"]) & 1 == 0


async def test_after_silence_the_record_itself_says_whether_a_change_held(
    server: Mt5, mt5: Mt5WebApi
) -> None:
    server.user(501)
    server.drop_after.add("USER_UPDATE")
    assert await mt5.set_leverage(501, 50) == Confirmed("501")

    server.drop_after.clear()
    server.drop_before.add("USER_UPDATE")
    outcome = await mt5.set_leverage(501, 60)

    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.technical) == ("not-applied", True)


async def test_a_change_of_an_account_that_is_not_there_is_refused(mt5: Mt5WebApi) -> None:
    outcome = await mt5.set_leverage(404, 50)

    assert isinstance(outcome, Refused)
    assert not outcome.technical
    with pytest.raises(NotFound):
        await mt5.get_account(404)


async def test_a_password_is_reset_or_its_state_is_asked(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501)

    assert await mt5.reset_password(501, "N3w passw|rd", Which.MAIN) == Confirmed("501")
    server.drop_after.add("USER_PASS_CHANGE")
    assert await mt5.reset_password(501, "An0ther one", Which.MAIN) == Confirmed("501")
    server.drop_after.clear()
    server.drop_before.add("USER_PASS_CHANGE")
    kept = await mt5.reset_password(501, "Th1rd one!!", Which.INVESTOR)

    assert server.passwords[501] == "An0ther one"
    assert isinstance(kept, Refused)
    assert kept.technical


async def test_money_moves_once_and_carries_its_mark(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501)
    operation = mark("D", uuid4())

    outcome = await mt5.balance_op(501, MoneyKind.DEPOSIT, Decimal("1E+2"), operation, "Deposit")

    assert outcome == Confirmed("1")
    asked = dict(server.asked)["TRADE_BALANCE"]
    assert (asked["TYPE"], asked["BALANCE"], asked["CHECK_MARGIN"]) == ("2", "100", "0")
    assert asked["COMMENT"] == f"{operation} De"
    found = await mt5.find_balance_op(501, operation, datetime.now(UTC))
    assert found is not None
    assert (found.kind, found.profit, found.entry) == (DealKind.BALANCE, Decimal(100), Entry.NONE)
    assert abs(found.at - datetime.now(UTC)) < timedelta(minutes=5), "not three hours away"


@pytest.mark.parametrize(
    ("kind", "type_", "sign"),
    [
        (MoneyKind.WITHDRAWAL, "2", "-"),
        (MoneyKind.CREDIT_IN, "3", ""),
        (MoneyKind.CREDIT_OUT, "3", "-"),
        (MoneyKind.CHARGE, "4", "-"),
        (MoneyKind.CORRECTION_IN, "5", ""),
        (MoneyKind.CORRECTION_OUT, "5", "-"),
    ],
)
async def test_direction_is_in_the_kind(
    server: Mt5, mt5: Mt5WebApi, kind: MoneyKind, type_: str, sign: str
) -> None:
    server.user(501, Balance="500")

    await mt5.balance_op(501, kind, Decimal("10.50"), mark("W", uuid4()))

    asked = dict(server.asked)["TRADE_BALANCE"]
    assert (asked["TYPE"], asked["BALANCE"]) == (type_, sign + "10.50")


async def test_an_overdrawn_withdrawal_is_refused_for_good(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501, Balance="5")

    outcome = await mt5.balance_op(501, MoneyKind.WITHDRAWAL, Decimal(6), mark("W", uuid4()))

    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.technical) == ("mt5-10019", False)


@pytest.mark.parametrize("amount", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
async def test_no_operation_without_a_positive_amount(mt5: Mt5WebApi, amount: Decimal) -> None:
    with pytest.raises(ValueError, match="positive"):
        await mt5.balance_op(501, MoneyKind.DEPOSIT, amount, mark("D", uuid4()))


@pytest.mark.parametrize("bad", ["", "x" * 32, "two words", "é", "a\nb"])
async def test_a_mark_that_would_not_be_found_again_is_not_sent(mt5: Mt5WebApi, bad: str) -> None:
    with pytest.raises(ValueError, match="mark"):
        await mt5.balance_op(501, MoneyKind.DEPOSIT, Decimal(1), bad)


@pytest.mark.parametrize("switch", ["drop_before", "drop_after", "swallow"])
async def test_money_without_an_answer_is_unknown_and_never_sent_again(
    server: Mt5, switch: str
) -> None:
    server.user(501)
    operation = mark("D", uuid4())
    async with joined(server, answer_s=2) as mt5:
        getattr(server, switch).add("TRADE_BALANCE")

        outcome = await mt5.balance_op(501, MoneyKind.DEPOSIT, Decimal(1), operation)
        found = await mt5.find_balance_op(501, operation, datetime.now(UTC))

    assert isinstance(outcome, Unknown)
    assert commands(server).count("TRADE_BALANCE") == 1
    assert (found is None) == (switch == "drop_before")


@pytest.mark.parametrize("told", ["2 Error", "9 Timeout", "10008 Placed", "10012 Timeout", "777 ?"])
async def test_an_ambiguous_return_code_is_unknown(server: Mt5, mt5: Mt5WebApi, told: str) -> None:
    server.user(501)
    server.retcodes["TRADE_BALANCE"] = told

    outcome = await mt5.balance_op(501, MoneyKind.DEPOSIT, Decimal(1), mark("D", uuid4()))

    assert isinstance(outcome, Unknown)


async def test_money_to_a_server_that_is_down_was_certainly_not_sent() -> None:
    async with mt5_server() as server:
        pass
    async with joined(server) as mt5:
        outcome = await mt5.balance_op(501, MoneyKind.DEPOSIT, Decimal(1), mark("D", uuid4()))

    assert isinstance(outcome, Refused)
    assert outcome.technical


async def test_money_found_twice_is_shouted_about(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501)
    operation = mark("D", uuid4())
    for _ in range(2):
        server.deal(501, server.now(), Action="2", Comment=operation)

    with pytest.raises(Doubled):
        await mt5.find_balance_op(501, operation, datetime.now(UTC))


async def test_another_operation_s_comment_is_not_ours(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501)
    operation = mark("D", uuid4())
    server.deal(501, server.now(), Action="2", Comment=operation[:-1])
    server.deal(501, server.now(), Action="2", Comment=operation + "X")
    server.deal(501, server.now(), Action="0", Comment=operation)

    assert await mt5.find_balance_op(501, operation, datetime.now(UTC)) is None


async def settled(mt5: Mt5WebApi, login: int) -> bool:
    """What the engine does: ask after every doubt, send again only what is surely not there."""
    operation = mark("D", uuid4())
    began = datetime.now(UTC)
    for _ in range(200):
        outcome = await mt5.balance_op(login, MoneyKind.DEPOSIT, Decimal(1), operation)
        if isinstance(outcome, Confirmed):
            return True
        await asyncio.sleep(0.2)  # the settle window of this server
        if isinstance(outcome, Unknown) and await is_there(mt5, login, operation, began):
            return True
    return False


async def is_there(mt5: Mt5WebApi, login: int, operation: str, began: datetime) -> bool:
    for _ in range(2_400):
        try:
            return await mt5.find_balance_op(login, operation, began) is not None
        except Unavailable:
            await asyncio.sleep(0.05)
    raise AssertionError("the server never came back")


async def test_with_a_third_of_the_answers_lost_every_operation_counts_once(server: Mt5) -> None:
    chance = random.Random(7)
    server.chaos = lambda: chance.random() < 0.3
    for login in range(501, 509):
        server.user(login)
    async with joined(server) as mt5:
        ends = await asyncio.gather(*(settled(mt5, 501 + at % 8) for at in range(120)))

    assert all(ends)
    assert sum(Decimal(user["Balance"]) for user in server.users.values()) == 120
    assert len({deal["Comment"] for deal in server.deals}) == len(server.deals) == 120


async def test_deals_of_many_logins_come_in_order_with_overlap(server: Mt5, mt5: Mt5WebApi) -> None:
    now = server.now()
    for login in range(501, 521):
        server.user(login)
        for at in range(30):
            server.deal(login, now - 3600 + at * 60 + login % 7)
    server.deal(501, now - 90_000)
    since = DealCursor(datetime.now(UTC) - timedelta(hours=2))

    batch = await mt5.get_deals([*range(501, 521), 999], since)

    assert len(batch.deals) == 600
    assert batch.missing == (999,)
    assert list(batch.deals) == sorted(batch.deals, key=lambda deal: (deal.at, deal.deal))
    last = batch.deals[-1]
    assert batch.cursor == DealCursor(last.at, last.deal)
    again = await mt5.get_deals(range(501, 521), batch.cursor)
    assert {deal.deal for deal in again.deals} >= {last.deal}
    assert again.cursor == batch.cursor


async def test_a_quiet_market_leaves_the_cursor_where_it_is(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501)
    since = DealCursor(datetime.now(UTC) - timedelta(days=3), 5)

    batch = await mt5.get_deals([501], since)

    assert (batch.deals, batch.cursor) == ((), since)


async def test_a_deal_arrives_with_exact_numbers_and_utc(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501)
    at = server.now()
    server.deal(
        501,
        at,
        Action="1",
        Entry="1",
        Reason="5",
        Volume="123",
        VolumeExt="1234500",
        Price="1.10001",
        Profit="-0.10",
        Storage="-1.25",
        Commission="-3.50",
        ExternalID="X9",
    )

    (deal,) = (await mt5.get_deals([501], DealCursor.start())).deals

    assert deal.kind is DealKind.SELL
    assert (deal.entry, deal.reason, deal.external_id) == (Entry.OUT, "stop-out", "X9")
    assert (deal.lots, deal.price) == (Decimal("0.012345"), Decimal("1.10001"))
    assert (str(deal.profit), str(deal.swap), str(deal.commission)) == ("-0.10", "-1.25", "-3.50")
    assert deal.at == datetime.fromtimestamp(at - server.offset_s, UTC) + timedelta(
        milliseconds=250
    )


async def test_one_bent_deal_is_put_aside_and_the_others_arrive(
    server: Mt5, mt5: Mt5WebApi
) -> None:
    server.user(501)
    for at in range(3):
        server.deal(501, server.now() - at)
    server.deals[1]["Price"] = "many"

    batch = await mt5.get_deals([501], DealCursor.start())

    assert [deal.deal for deal in batch.deals] == [3, 1]
    assert len(batch.misread) == 1
    assert '"many"' in batch.misread[0].raw


async def test_pages_smaller_than_asked_are_all_read(server: Mt5, mt5: Mt5WebApi) -> None:
    server.page = 7
    server.user(501)
    for at in range(50):
        server.deal(501, server.now() - at)

    assert len((await mt5.get_deals([501], DealCursor.start())).deals) == 50


async def test_a_page_that_tells_a_deal_twice_loses_none(server: Mt5, mt5: Mt5WebApi) -> None:
    server.page = 7
    server.stutters = True
    server.user(501)
    for at in range(50):
        server.deal(501, server.now() - at)

    batch = await mt5.get_deals([501], DealCursor.start())

    assert sorted(deal.deal for deal in batch.deals) == list(range(1, 51))


async def test_another_login_s_deal_is_put_aside(server: Mt5, mt5: Mt5WebApi) -> None:
    server.mixes_up = True
    server.user(501)
    server.deal(501, server.now())

    batch = await mt5.get_deals([501], DealCursor.start())

    assert batch.deals == ()
    assert batch.misread[0].why == "a deal of another login"


async def test_a_journal_that_ends_early_fails_rather_than_lose_deals(
    server: Mt5, mt5: Mt5WebApi
) -> None:
    server.page = 0
    server.user(501)
    server.deal(501, server.now())

    with pytest.raises(Unreadable):
        await mt5.get_deals([501], DealCursor.start())


async def test_positions_groups_symbols_and_prices(server: Mt5, mt5: Mt5WebApi) -> None:
    server.positions.append(
        {
            "Position": "9",
            "Login": "501",
            "Symbol": "EURUSD",
            "Action": "1",
            "TimeCreate": str(server.now()),
            "PriceOpen": "1.1",
            "PriceCurrent": "1.2",
            "PriceSL": "1.3",
            "Volume": "5000",
            "Profit": "-50.00",
        }
    )
    server.symbols.append(
        {"Symbol": "EURUSD", "Digits": "5", "VolumeMin": "100", "ContractSize": "100000"}
    )
    server.ticks.append({"Symbol": "EURUSD", "Bid": "1.1", "Ask": "1.10002", "Digits": "5"})

    (position,) = await mt5.get_positions(501)
    (group,) = await mt5.list_groups()
    (symbol,) = await mt5.list_symbols()
    prices = await mt5.prices(["EURUSD", "GBPUSD"])
    nothing = await mt5.prices(["EURUSD"], prices.since)

    assert (position.kind, position.lots, position.stop_loss) == (
        DealKind.SELL,
        Decimal("0.5"),
        Decimal("1.3"),
    )
    assert (group.currency, group.company) == ("EUR", "A|B=C")
    assert (symbol.lots_min, symbol.contract_size) == (Decimal("0.01"), 100000)
    assert [tick.ask for tick in prices.ticks] == [Decimal("1.10002")]
    assert (nothing.ticks, nothing.since) == ((), 5)


async def test_a_slow_answer_holds_up_no_other(server: Mt5) -> None:
    server.user(501)
    answer = server.held["USER_LOGINS"] = asyncio.Event()
    async with joined(server) as mt5:
        await mt5.get_account(501)
        slow = asyncio.ensure_future(mt5.list_logins(["real\\eur"]))
        await until(lambda: "USER_LOGINS" in commands(server))

        await mt5.get_account(501)

        assert not slow.done()
        answer.set()
        assert await slow == (501,)
    assert server.connections == 1


async def test_one_question_at_a_time_where_the_server_wants_it(server: Mt5) -> None:
    server.user(501)
    answer = server.held["USER_LOGINS"] = asyncio.Event()
    async with joined(server, pipeline=1) as mt5:
        slow = asyncio.ensure_future(mt5.list_logins(["real\\eur"]))
        await until(lambda: "USER_LOGINS" in commands(server))
        next_one = asyncio.ensure_future(mt5.get_account(501))
        await asyncio.sleep(0.1)  # time enough to ask, if it were let

        assert "USER_GET" not in commands(server)
        answer.set()
        await next_one
        assert slow.done()
        await slow


async def test_a_lost_answer_leaves_the_connection_to_the_others(server: Mt5) -> None:
    server.user(501)
    server.swallow.add("USER_LOGINS")
    async with joined(server, answer_s=2) as mt5:
        await mt5.get_account(501)
        lost = asyncio.ensure_future(mt5.list_logins(["real\\eur"]))
        while not lost.done():
            await mt5.get_account(501)
            await asyncio.sleep(0.05)
        with pytest.raises(NoAnswer):
            await lost
        await mt5.get_account(501)

    assert server.connections == 1


async def test_a_dead_connection_is_replaced_for_the_next_reader(server: Mt5) -> None:
    server.user(501)
    server.swallow.add("USER_GET")
    async with joined(server, answer_s=2) as mt5:
        with pytest.raises(NoAnswer):
            await mt5.get_account(501)
        server.swallow.clear()

        assert (await mt5.get_account(501)).login == 501

    assert server.connections > 1


async def test_packet_numbers_wrap_in_a_long_session(server: Mt5, mt5: Mt5WebApi) -> None:
    server.user(501)
    await mt5.get_account(501)
    session = mt5._link._session
    assert session is not None
    session._number = 16380

    for _ in range(6):
        assert (await mt5.get_account(501)).login == 501

    assert server.connections == 1
    assert session._number < 100


async def test_the_server_s_clock_is_taken_from_its_settings_where_it_tells_no_time() -> None:
    async with mt5_server(retcodes={"TIME_SERVER": "12002 Not supported"}) as server:
        server.user(501)
        server.deal(501, server.now())
        async with joined(server) as mt5:
            (deal,) = (await mt5.get_deals([501], DealCursor.start())).deals

    assert abs(deal.at - datetime.now(UTC)) < timedelta(minutes=5), "not three hours away"


async def test_testing_the_connection_tells_what_a_person_needs() -> None:
    async with mt5_server() as server:
        async with joined(server) as mt5:
            good = await mt5.test_connection()
        async with joined(server, clock="utc") as mt5:
            wrong_clock = await mt5.test_connection()
        server.password = "other"
        async with joined(server) as mt5:
            shut_out = await mt5.test_connection()

    assert [check.fine for check in good] == [True, True, True]
    assert [check.fine for check in wrong_clock] == [True, True, False]
    assert abs(int(wrong_clock[2].text.removesuffix(" s")) - 10_800) < 300
    assert [check.fine for check in shut_out] == [False]
    assert "mt5-1001" in shut_out[0].text


def test_a_mark_holds_the_whole_operation() -> None:
    operation = UUID("0192f0c1-2345-7abc-8def-0123456789ab")

    word = mark("D", operation)

    assert len(word) == 28
    assert operation_of(word) == operation
    assert operation_of(f"{word} Deposit") == operation
    for other in ("", "D:", word[:-1], word + "X", word.lower(), "Deposit of some kind by hand ok"):
        assert operation_of(other) is None
