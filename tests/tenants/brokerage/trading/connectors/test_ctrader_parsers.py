"""The connector's parsers on anything: bytes, cut messages, lists of any text."""

import contextlib
import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.trading.connector import Deal, DealKind, Entry, Misread
from brokerage.trading.connectors.ctrader import frames, lists, messages, reading, wire
from brokerage.trading.connectors.ctrader.directory import Instrument
from brokerage.trading.connectors.ctrader.settings import Settings
from stoa.connectors.keyring import secret_fields
from stoa.connectors.trouble import Unreadable
from stoa.drawn import whole
from stoa.drawn.given import Given
from stoa.theming import texts

EURUSD = Instrument(
    number=1,
    name="EURUSD",
    group="Forex",
    description="",
    digits=5,
    lot=Decimal(100_000),
    base="EUR",
    quote="USD",
)
NOW_MS = int(datetime.now(UTC).timestamp() * 1000)
LOGINS = {7: 3_000_007}


def a_deal(closing: bool = True, **more: Any) -> bytes:
    """A closing sale of 0.10 lots with one thing or another different."""
    told: dict[int, Any] = {
        1: 11,
        2: 12,
        3: 13,
        4: 7,
        5: 1_000_000,
        6: 1_000_000,
        7: 1,
        8: NOW_MS - 5,
        9: NOW_MS,
        10: NOW_MS,
        11: 1.1,
        13: 2,
        14: 2,
        15: 1,
        58: 2,
    }
    detail: dict[int, Any] = {2: 1.09, 3: -20, 4: -70, 7: 10_000, 8: 110_000, 16: 1_000_000, 43: 2}
    told |= {int(name[1:]): value for name, value in more.items() if name[0] == "f"}
    detail |= {int(name[1:]): value for name, value in more.items() if name[0] == "c"}
    if closing:
        told[32] = wire.write(detail.items())
    return wire.write(told.items())


def read(data: bytes) -> Deal | Misread | None:
    return reading.of_deal(data, LOGINS.get, {1: EURUSD})


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_broken(data: bytes) -> None:
    try:
        fields = wire.read(data)
    except wire.BrokenMessage:
        return
    for number in (1, 2, 3, 15):
        for ask in (fields.whole, fields.double, fields.text, fields.wholes, fields.each):
            try:
                ask(number)
            except wire.BrokenMessage:
                continue


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.text(), st.binary(), st.floats(allow_nan=False))
def test_what_is_written_is_read_again(number: int, text: str, data: bytes, double: float) -> None:
    fields = wire.read(wire.write([(1, number), (2, text), (3, data), (4, double), (5, None)]))

    assert (fields.whole(1), fields.text(2), fields.data(3)) == (number, text, data)
    assert fields.double(4) == double
    assert not fields.has(5)


@given(st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=50)), max_size=8), st.data())
def test_frames_cut_anywhere_are_the_same_frames(
    told: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(frames.pack(kind, payload, "q") for kind, payload in told)
    parser = frames.FrameParser()
    found: list[tuple[int, bytes]] = []
    at = 0

    while at < len(stream):
        step = data.draw(st.integers(1, 40))
        found += [(one.kind, one.payload) for one in parser.feed(stream[at : at + step])]
        at += step

    assert found == told


@given(st.binary(max_size=300))
def test_a_parser_fed_with_anything_ends_or_waits(data: bytes) -> None:
    with contextlib.suppress(wire.BrokenMessage):
        list(frames.FrameParser().feed(data))


def test_a_frame_beyond_all_measure_is_refused_before_it_has_come() -> None:
    with pytest.raises(wire.BrokenMessage, match="too large"):
        list(frames.FrameParser().feed(struct.pack(">I", frames.LARGEST + 1)))


@given(st.binary(max_size=120))
def test_any_bytes_are_a_deal_or_put_aside_or_nobodys(data: bytes) -> None:
    assert isinstance(read(data), Deal | Misread | None)
    assert isinstance(reading.of_operation(data, LOGINS.get), Deal | Misread | None)
    assert isinstance(reading.of_bonus(data, LOGINS.get), Deal | Misread | None)


@given(st.data())
def test_a_deal_cut_or_bent_anywhere_never_becomes_another_deal_of_somebody_else(
    data: st.DataObject,
) -> None:
    whole = bytearray(a_deal())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))

    told = read(bytes(whole[: data.draw(st.integers(0, len(whole)))]))

    assert isinstance(told, Deal | Misread | None)
    if told is not None:
        assert told.login in {0, 3_000_007}


def test_a_closing_deal_is_read_with_its_money() -> None:
    told = read(a_deal())

    assert isinstance(told, Deal)
    assert (told.deal, told.login, told.position) == (11, 3_000_007, 13)
    assert (told.kind, told.entry) == (DealKind.SELL, Entry.OUT)
    assert (told.lots, told.lots_closed) == (Decimal("0.1"), Decimal("0.1"))
    assert (told.profit, told.swap, told.commission) == (100, Decimal("-0.2"), Decimal("-0.7"))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"f7": 99}, "no symbol"),
        ({"f11": 0.0}, "price"),
        ({"f11": -1.5}, "price"),
        ({"f11": float("inf")}, "no number"),
        ({"f6": 0}, "volume"),
        ({"f6": -5}, "volume"),
        ({"c16": 2_000_000}, "volume"),
        ({"f9": NOW_MS + 10 * 86_400_000}, "time"),
        ({"f9": 1}, "time"),
        ({"f13": 3}, "side"),
        ({"f14": 9}, "status"),
        ({"f1": 10**15}, "number"),
        ({"f1": 0}, "number"),
        ({"c43": 77}, "digits"),
    ],
)
def test_what_cannot_have_been_is_put_aside_with_the_reason(more: dict[str, Any], why: str) -> None:
    told = read(a_deal(**more))

    assert isinstance(told, Misread)
    assert told.login in {0, 3_000_007}
    assert why in told.why


def test_a_deal_that_was_not_filled_moved_nothing() -> None:
    assert read(a_deal(f14=4)) is None


def test_a_deal_of_nobody_we_asked_for_is_passed_over() -> None:
    assert read(a_deal(f4=8)) is None


def test_more_filled_than_closed_is_a_reversal_and_counts_its_lots_once() -> None:
    told = read(a_deal(c16=400_000))

    assert isinstance(told, Deal)
    assert told.entry is Entry.REVERSAL
    assert (told.lots, told.lots_closed) == (Decimal("0.1"), Decimal("0.04"))


@pytest.mark.parametrize(
    ("type_", "kind", "amount"),
    [
        (0, DealKind.BALANCE, "12.34"),
        (1, DealKind.BALANCE, "-12.34"),
        (19, DealKind.CREDIT, "12.34"),
        (20, DealKind.CREDIT, "-12.34"),
        (35, DealKind.CHARGE, "-12.34"),
        (39, DealKind.COMPENSATION, "12.34"),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_direction_of_an_operation_is_in_its_type_alone(
    type_: int, kind: DealKind, amount: str, sign: int
) -> None:
    data = wire.write([(1, type_), (2, 5), (3, 7), (4, 0), (5, sign * 1234), (6, NOW_MS), (16, 2)])

    told = reading.of_operation(data, LOGINS.get)

    assert isinstance(told, Deal)
    assert (told.deal, told.kind, told.profit) == (10**15 + 5, kind, Decimal(amount))


def test_an_operation_of_a_type_nobody_knows_is_put_aside() -> None:
    data = wire.write([(1, 41), (2, 5), (3, 7), (4, 0), (5, 1), (6, NOW_MS)])

    told = reading.of_operation(data, LOGINS.get)

    assert isinstance(told, Misread)
    assert "type 41" in told.why


def test_the_balance_entry_of_a_closing_deal_is_not_a_second_movement() -> None:
    data = wire.write([(1, 2), (2, 5), (3, 7), (4, 0), (5, 1), (6, NOW_MS)])

    assert reading.of_operation(data, LOGINS.get) is None


HEAD = ",".join((*lists.CLOSED, "commission", "swap", "depositConversionRate"))
OPENED = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}.000"
CLOSED = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.123"


def a_row(**more: str) -> str:
    told = {
        "login": "3000007",
        "positionId": "13",
        "openTimestamp": OPENED,
        "entryPrice": "1.09",
        "direction": "BUY",
        "volume": "10000",
        "symbol": "EURUSD",
        "closeTimestamp": CLOSED,
        "closePrice": "1.1",
        "pnl": "10000",
        "dealId": "11",
        "commission": "-70",
        "swap": "-20",
        "depositConversionRate": "1",
    } | more
    return ",".join(told[name] for name in HEAD.split(","))


def test_a_row_is_the_same_deal_as_over_the_link() -> None:
    (row,) = lists.closed_positions(f"{HEAD}\n{a_row()}\n")

    told = reading.of_list(row, {"EURUSD": EURUSD}, 2, minor=True)
    linked = read(a_deal())

    assert isinstance(told, Deal)
    assert isinstance(linked, Deal)
    for name in ("deal", "login", "kind", "entry", "symbol", "lots", "price", "profit", "swap"):
        assert getattr(told, name) == getattr(linked, name), name


def test_columns_may_stand_in_any_order_and_lines_end_as_they_like() -> None:
    names = HEAD.split(",")
    cells = dict(zip(names, a_row().split(","), strict=True))
    turned = sorted(names)
    text = f"{','.join(turned)}\r\n{','.join(cells[name] for name in turned)}\r\n"

    (row,) = lists.closed_positions(text)

    assert isinstance(row, lists.Closed)
    assert row.deal == 11


@pytest.mark.parametrize(
    "more",
    [
        {"symbol": ""},
        {"volume": "0"},
        {"volume": "-1"},
        {"volume": "NaN"},
        {"closePrice": "0"},
        {"closePrice": "-1.1"},
        {"closePrice": "1_000"},
        {"direction": "LONG"},
        {"dealId": "x"},
        {"dealId": "99999999999999999999"},
        {"openTimestamp": "yesterday"},
        {"closeTimestamp": "2001-01-01T00:00:00.000"},
        {"closeTimestamp": "2990-01-01T00:00:00.000"},
        {"pnl": "1e999999"},
        {"pnl": "Infinity"},
    ],
)
def test_a_bent_row_stops_no_other(more: dict[str, str]) -> None:
    rows = lists.closed_positions(f"{HEAD}\n{a_row(**more)}\n{a_row()}\n")

    assert [type(row) for row in rows] == [lists.Bent, lists.Closed]
    assert rows[0].login == 3_000_007


def test_rows_too_short_or_too_long_are_told_with_whose_they_seem() -> None:
    rows = lists.closed_positions(f"{HEAD}\n3000007,13\n{a_row()},more\n")

    assert [(type(row), row.login) for row in rows] == [(lists.Bent, 3_000_007)] * 2


@pytest.mark.parametrize("text", ["", "nothing", "a,b,c\n", f"{HEAD}\n{a_row()}"])
def test_a_list_that_is_none_or_was_cut_says_so(text: str) -> None:
    with pytest.raises(Unreadable):
        lists.closed_positions(text)


@given(st.text(max_size=300))
def test_any_text_under_the_names_is_rows(text: str) -> None:
    for row in lists.closed_positions(f"{HEAD}\n{text}\n"):
        told = reading.of_list(row, {"EURUSD": EURUSD}, 2, minor=True)
        assert isinstance(told, Deal | Misread)


def test_a_symbol_or_lot_size_nobody_told_of_is_not_guessed() -> None:
    unknown, sizeless = (
        lists.closed_positions(f"{HEAD}\n{a_row(symbol=name)}\n")[0] for name in ("XXX", "EURUSD")
    )
    without = Instrument(
        number=1, name="EURUSD", group="", description="", digits=5, lot=None, base="", quote=""
    )

    for row in (unknown, sizeless):
        told = reading.of_list(row, {"EURUSD": without}, 2, minor=True)
        assert isinstance(told, Misread)


def test_prices_are_read_in_their_own_scale() -> None:
    spot = messages.spot(wire.write([(2, 1), (3, 110_000), (4, 110_012), (9, NOW_MS)]))

    assert (spot.bid, spot.ask) == (Decimal("1.1"), Decimal("1.10012"))


def test_settings_are_drawn_as_a_form_and_the_password_is_one_to_write_alone() -> None:
    given = Given(secrets=dict.fromkeys(secret_fields(Settings), "••••6789"))
    drawn = whole.opened(Settings, given=given).drawn(texts.of("en"))
    fields = {one.name: one for one in drawn["fields"]}

    assert secret_fields(Settings) == ("password",)
    assert set(fields) == set(Settings.__struct_fields__)
    assert fields["password"].kind == "secret"
    assert msgspec.convert({"base_url": "https://live.example:8443"}, Settings).host == ""
    for bad in ("http://a b", "ftp://live.example", "https://user:pw@live.example"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"base_url": bad}, Settings)
