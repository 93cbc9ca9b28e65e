"""TradeLocker's parsers on what a server may say: rows, packets and messages of any shape."""

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.trading import told
from brokerage.trading.connector import Access, DealKind, Entry, News, Told
from brokerage.trading.connectors.tradelocker import ids, packets, records
from brokerage.trading.connectors.tradelocker.deals import whole
from brokerage.trading.connectors.tradelocker.packets import Kind, parse
from brokerage.trading.connectors.tradelocker.stream import Memory
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import Unavailable

NOW = datetime.now(UTC).replace(microsecond=0)
AT = f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)

TRADE = {
    "tradeId": "72057594037927940",
    "orderId": "72057594037927941",
    "accountId": "L#200001",
    "side": "SELL",
    "orderType": "STOP_OUT",
    "positionStatus": "DECREASE",
    "tradeDateTime": AT,
    "price": "1.10000",
    "lots": "0.1",
    "instrument": "EURUSD",
    "positionId": "72057594037927942",
    "executionFee": "0.35",
}
CLOSING = {
    "accountId": "L#200001",
    "closeTradeId": "72057594037927940",
    "closePrice": "1.1",
    "closeAmount": "10000",
    "lotSize": "100000",
    "profit": "12.50",
    "swap": "-0.50",
    "commission": "0.70",
    "netProfit": "11.30",
}
OPERATION = {
    "id": "72057594037927940",
    "dateTime": AT,
    "operationTypeName": "WITHDRAW",
    "balanceChange": "-10.00",
    "amount": None,
}
POSITION = {
    "positionId": "72057594037927942",
    "accountId": "L#200001",
    "instrument": "EURUSD",
    "side": "BUY",
    "lots": "0.1",
    "lotSize": "100000",
    "openPrice": "1.1",
    "slPrice": None,
    "tpPrice": "1.2",
    "pnl": "-3.00",
    "swap": "0.00",
    "openDateTime": AT,
}
ACCOUNT = {
    "accountId": "L#200001",
    "accountName": "A:1",
    "currency": "USD",
    "leverage": "100",
    "status": "RESTRICTED",
    "balance": "100.00",
    "credit": "0.00",
    "equity": "110.00",
    "pnl": "10.00",
    "marginUsed": "55.00",
    "marginAvailable": "55.00",
    "createdDateTime": AT,
}


def trade(**more: Any) -> records.Trade:
    return records.trade(TRADE | more, "LIVE", {"EURUSD"})


def test_a_trade_and_its_other_half_are_one_deal() -> None:
    deal = records.deal_of_trade(trade(), records.closing(CLOSING, "LIVE"), Decimal(1))

    assert (deal.login, deal.kind, deal.entry) == (200_001, DealKind.SELL, Entry.OUT)
    assert (deal.profit, deal.swap, deal.commission) == (
        Decimal("12.50"),
        Decimal("-0.50"),
        Decimal("-0.35"),
    )
    assert (deal.lots, deal.lots_closed, deal.contract_size) == (
        Decimal("0.1"),
        Decimal("0.1"),
        100_000,
    )
    assert (deal.at, deal.reason) == (NOW, "stop-out")


@pytest.mark.parametrize(
    ("status", "side", "entry", "kind"),
    [
        ("OPEN", "BUY", Entry.IN, DealKind.BUY),
        ("INCREASE", "SHORT_SELL", Entry.IN, DealKind.SELL),
        ("DECREASE", "BUY_TO_COVER", Entry.OUT, DealKind.BUY),
        ("CLOSE", "SELL", Entry.OUT, DealKind.SELL),
    ],
)
def test_the_status_says_whether_a_trade_opened_or_closed(
    status: str, side: str, entry: Entry, kind: DealKind
) -> None:
    read = trade(positionStatus=status, side=side)

    assert (read.entry, read.kind) == (entry, kind)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("instrument", "BRENTX", "not known"),
        ("instrument", None, "missing"),
        ("instrument", "E" * 300, "missing"),
        ("price", "0", "above zero"),
        ("price", "-1.1", "above zero"),
        ("price", "1e5", "no number"),
        ("price", "NaN", "no number"),
        ("price", True, "no number"),
        ("price", "1." + "0" * 60, "no number"),
        ("lots", "0", "above zero"),
        ("lots", "١", "no number"),
        ("side", "HOLD", "not known"),
        ("positionStatus", "SPLIT", "not known"),
        ("positionStatus", ["OPEN"], "not known"),
        ("tradeDateTime", "2026-01-01T00:00:00", "no time with its zone"),
        ("tradeDateTime", "1970-01-01T00:00:00Z", "cannot be"),
        ("tradeDateTime", "9999-12-31T23:59:59-23:00", "no time"),
        ("tradeDateTime", 1_700_000_000, "no time with its zone"),
        ("tradeId", "-1", "no id"),
        ("tradeId", "9223372036854775808", "no id"),
        ("tradeId", "0", "no id"),
        ("accountId", "D#200001", "cluster"),
        ("accountId", "200001", "cluster"),
        ("executionFee", None, "no number"),
    ],
)
def test_a_trade_that_cannot_be_is_put_aside_with_its_reason(
    field: str, value: Any, why: str
) -> None:
    with pytest.raises(Unreadable) as refusal:
        trade(**{field: value})

    assert why in refusal.value.code


def test_a_day_that_is_not_here_yet_cannot_be() -> None:
    for days, fine in ((1, True), (3, False)):
        ahead = (NOW + timedelta(days=days)).isoformat()
        with contextlib.nullcontext() if fine else pytest.raises(Unreadable):
            told.moment(ahead, "at")


def test_a_time_in_another_zone_is_the_same_instant() -> None:
    there = (NOW + timedelta(hours=3)).replace(tzinfo=None).isoformat() + "+03:00"

    assert told.moment(there, "at") == NOW


def test_an_order_type_nobody_knows_is_the_client_s_and_does_not_stop_the_trade() -> None:
    assert trade(orderType="ICEBERG").reason == "client"
    assert trade(orderType=None).reason == "client"


def test_a_closing_whose_parts_do_not_make_its_whole_is_put_aside() -> None:
    with pytest.raises(Unreadable) as refusal:
        records.closing(CLOSING | {"netProfit": "11.31"}, "LIVE")

    assert "netProfit" in refusal.value.code


def test_commission_counts_once_whichever_sign_it_has() -> None:
    signs = [
        records.closing(CLOSING | {"commission": "-0.70"}, "LIVE"),
        records.closing(CLOSING, "LIVE"),
    ]

    assert signs[0] == signs[1]


@pytest.mark.parametrize(
    ("name", "change", "amount", "kind", "profit"),
    [
        ("DEPOSIT", "10.00", None, DealKind.BALANCE, "10.00"),
        ("WITHDRAW", "-10.00", None, DealKind.BALANCE, "-10.00"),
        ("CREDIT", "0.00", "-5.00", DealKind.CREDIT, "-5.00"),
        ("ADJUSTMENT", "0.01", None, DealKind.CORRECTION, "0.01"),
    ],
)
def test_operations_are_deals_of_money(
    name: str, change: str, amount: str | None, kind: DealKind, profit: str
) -> None:
    row = OPERATION | {"operationTypeName": name, "balanceChange": change, "amount": amount}

    deal = records.deal_of_operation(records.operation(row), 200_001, "D:1")

    assert (deal.kind, deal.profit, deal.entry, deal.external_id) == (
        kind,
        Decimal(profit),
        Entry.NONE,
        "D:1",
    )


def test_an_operation_and_a_trade_of_one_number_are_two_deals() -> None:
    operation = records.operation(OPERATION)

    assert operation.deal != trade().trade
    assert operation.deal == int(OPERATION["id"] or 0) + (1 << 62)
    assert operation.deal < 1 << 63


@pytest.mark.parametrize("name", ["REBATE", "", None, "deposit"])
def test_an_operation_of_a_kind_nobody_knows_is_put_aside(name: Any) -> None:
    with pytest.raises(Unreadable):
        records.operation(OPERATION | {"operationTypeName": name})


def test_accounts_and_positions_are_read() -> None:
    account = records.account(ACCOUNT, "LIVE", "LIVE-STANDARD")
    position = records.position(POSITION, "LIVE")

    assert (account.access, account.leverage, account.external_id) == (
        Access.CLOSE_ONLY,
        100,
        "A:1",
    )
    assert account.margin_level == 200
    assert (position.stop_loss, position.take_profit, position.price_current) == (
        0,
        Decimal("1.2"),
        Decimal("1.1"),
    )
    with pytest.raises(Unreadable):
        records.account(ACCOUNT | {"status": "FROZEN"}, "LIVE", "")
    with pytest.raises(Unreadable):
        records.position(POSITION | {"openPrice": "0"}, "LIVE")


@given(st.sampled_from(sorted(TRADE)), JSON)
def test_any_value_in_a_row_is_read_or_put_aside(field: str, value: Any) -> None:
    for row, read in (
        (TRADE, lambda row: records.trade(row, "LIVE", {"EURUSD"})),
        (CLOSING, lambda row: records.closing(row, "LIVE")),
        (OPERATION, records.operation),
        (POSITION, lambda row: records.position(row, "LIVE")),
        (ACCOUNT, lambda row: records.account(row, "LIVE", "")),
    ):
        names = sorted(row)
        bent = row | {names[sorted(TRADE).index(field) % len(names)]: value}
        with contextlib.suppress(Unreadable):
            read(bent)


@given(JSON)
def test_numbers_are_what_they_say_or_none(value: Any) -> None:
    with contextlib.suppress(Unreadable):
        number = told.number(value, "x")
        assert number.is_finite()
        assert number == Decimal(str(value))
    with contextlib.suppress(Unreadable):
        assert 0 < told.whole(value, "x") < 1 << 63
    with contextlib.suppress(Unreadable):
        assert told.moment(value, "x").tzinfo is UTC


@given(st.integers(1, 10**18 - 1), st.sampled_from(["LIVE", "DEMO"]))
def test_an_account_s_id_goes_both_ways(login: int, kind: str) -> None:
    assert ids.login_of(ids.account_id(login, kind), kind) == login


# What is whole and what waits.


def a_trade(number: int, entry: Entry, minutes: int, login: int = 1) -> records.Trade:
    return msgspec.structs.replace(
        trade(),
        trade=number,
        entry=entry,
        login=login,
        at=NOW - timedelta(minutes=minutes),
    )


def test_a_closing_without_its_other_half_holds_back_what_follows_on_its_account() -> None:
    trades = [
        a_trade(1, Entry.IN, 10),
        a_trade(2, Entry.OUT, 5),
        a_trade(3, Entry.IN, 4),
        a_trade(4, Entry.OUT, 3, login=2),
    ]

    found, lacking = whole(trades, {4}, (), NOW)

    assert [one.trade for one in found] == [1, 4]
    assert lacking == []
    found, _ = whole(trades, {2, 4}, (), NOW)
    assert [one.trade for one in found] == [1, 2, 3, 4]


def test_one_that_waited_too_long_is_put_aside_and_holds_back_nothing() -> None:
    found, lacking = whole([a_trade(2, Entry.OUT, 20), a_trade(3, Entry.IN, 4)], (), (), NOW)

    assert [one.trade for one in found] == [3]
    assert [one.trade for one in lacking] == [2]


def test_one_whose_other_half_is_bent_is_told_as_that_alone() -> None:
    found, lacking = whole([a_trade(2, Entry.OUT, 5), a_trade(3, Entry.IN, 4)], (), {2}, NOW)

    assert [one.trade for one in found] == [3]
    assert lacking == []


# Packets and messages of the stream.


@pytest.mark.parametrize(
    ("text", "kind", "namespace", "data"),
    [
        ('0{"sid":"a","pingInterval":25000}', Kind.OPEN, "/", {"sid": "a", "pingInterval": 25000}),
        ("2", Kind.PING, "/", None),
        ("1", Kind.CLOSE, "/", None),
        ('40/brand-socket,{"sid":"b"}', Kind.JOINED, "/brand-socket", {"sid": "b"}),
        ("41/brand-socket,", Kind.LEFT, "/brand-socket", None),
        ('42/brand-socket,["stream",{}]', Kind.EVENT, "/brand-socket", ["stream", {}]),
        ('42/brand-socket,17["stream",{}]', Kind.EVENT, "/brand-socket", ["stream", {}]),
        ('42["stream",{}]', Kind.EVENT, "/", ["stream", {}]),
        ('44/brand-socket,{"message":"no"}', Kind.REFUSED, "/brand-socket", {"message": "no"}),
        ('42/brand-socket,["stream",{"type":"Pos', Kind.EVENT, "/brand-socket", None),
    ],
)
def test_packets_are_read(text: str, kind: Kind, namespace: str, data: Any) -> None:
    packet = parse(text)

    assert (packet.kind, packet.namespace, packet.data) == (kind, namespace, data)


@pytest.mark.parametrize("text", ["", "7", "4", "49", "x", " 2", "٤2"])
def test_what_is_no_packet_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


@given(st.text(max_size=60) | st.text(max_size=60).map(lambda text: "42/brand-socket," + text))
def test_any_text_is_a_packet_or_refused(text: str) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(parse(text), packets.Packet)


def test_brackets_without_end_are_no_content() -> None:
    assert parse("42/brand-socket," + "[" * 100_000).data is None


def synced() -> Memory:
    memory = Memory("LIVE")
    memory.hear({"type": "Property", "name": "SyncEnd"})
    return memory


def a_position(**more: Any) -> dict[str, Any]:
    return {"type": "Position", "accountId": "L#7", "positionId": "99", "lots": "0.1"} | more


def test_news_begin_with_a_gap_where_the_state_ends() -> None:
    memory = Memory("LIVE")

    assert memory.hear(a_position()) == []
    assert memory.hear({"type": "Property", "name": "SyncEnd"}) == [News(what=Told.GAP)]
    assert memory.hear({"type": "Property", "name": "SyncEnd"}) == []
    assert memory.hear({"type": "ClosePosition", "positionId": "99"}) == [
        News(what=Told.DEAL, login=7),
        News(what=Told.POSITION, login=7),
    ]


def test_a_position_that_changes_its_size_was_dealt_in_and_one_that_does_not_was_not() -> None:
    memory = synced()

    assert [one.what for one in memory.hear(a_position())] == [Told.DEAL, Told.POSITION]
    assert [one.what for one in memory.hear(a_position(stopLossLimit="1"))] == [Told.POSITION]
    assert [one.what for one in memory.hear(a_position(lots="0.05"))] == [Told.DEAL, Told.POSITION]


def test_closing_what_was_never_told_is_news_of_an_account_nobody_knows() -> None:
    assert synced().hear({"type": "ClosePosition", "positionId": "5"}) == [
        News(what=Told.DEAL, login=0),
        News(what=Told.POSITION, login=0),
    ]


def test_equity_is_no_news_and_money_is() -> None:
    memory = synced()
    status = {"type": "AccountStatus", "accountId": "L#7", "balance": "1", "credit": "0"}

    assert memory.hear(status | {"equity": "1"}) == [News(what=Told.ACCOUNT, login=7)]
    assert memory.hear(status | {"equity": "2"}) == []
    assert memory.hear(status | {"balance": "2"}) == [News(what=Told.ACCOUNT, login=7)]


def test_a_message_of_a_kind_nobody_knows_is_no_news() -> None:
    assert synced().hear({"type": "Weather"}) == []
    assert synced().hear({}.fromkeys(["type"])) == []


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        "Position",
        {},
        a_position(accountId="D#7"),
        a_position(accountId=7),
        a_position(positionId=None),
        a_position(positionId="9" * 40),
        {"type": "ClosePosition", "positionId": "-5"},
        {"type": "AccountStatus"},
        {"type": "OpenOrder", "accountId": "?"},
    ],
)
def test_a_bent_message_is_not_guessed_at(message: Any) -> None:
    with pytest.raises(Unreadable):
        synced().hear(message)


def test_a_platform_that_says_it_failed_is_left() -> None:
    with pytest.raises(Unavailable):
        synced().hear({"type": "ConnectionErrorMessage", "status": "error", "message": "moved"})


@given(st.lists(JSON | st.builds(a_position, lots=JSON, positionId=JSON), max_size=6))
def test_any_messages_are_news_or_not(messages: list[Any]) -> None:
    memory = synced()
    for message in messages:
        with contextlib.suppress(Unreadable, Unavailable):
            assert all(isinstance(one, News) for one in memory.hear(message))
