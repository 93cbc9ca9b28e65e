"""Match-Trader's parsers on what a server may say, and the pace at which it is asked."""

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.trading.connector import Access, Deal, DealKind, Entry, Misread, Symbol
from brokerage.trading.connectors.matchtrader import ids, records
from brokerage.trading.connectors.matchtrader.deals import traded
from brokerage.trading.connectors.matchtrader.pace import Pace
from brokerage.trading.connectors.matchtrader.reading import listed
from stoa.connectors.trouble import Unreadable, Withheld

NOW = datetime.now(UTC).replace(microsecond=0)
AT = f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z"
BEFORE = f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}Z"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
EURUSD = Symbol(
    symbol="EURUSD",
    path="FOREX\\EURUSD",
    description="",
    digits=5,
    contract_size=Decimal(100_000),
    currency_base="EUR",
    currency_profit="USD",
    currency_margin="EUR",
    lots_min=Decimal("0.01"),
    lots_max=Decimal(50),
    lots_step=Decimal("0.01"),
)
SIZES = {"EURUSD": EURUSD}
OPEN = {
    "id": "W0222619880136",
    "symbol": "EURUSD",
    "volume": Decimal("0.2"),
    "side": "BUY",
    "openTime": BEFORE,
    "openPrice": Decimal("1.1"),
    "currentPrice": Decimal("1.2"),
    "stopLoss": None,
    "takeProfit": 0,
    "profit": Decimal("-3.5"),
    "swap": 0,
    "comment": "",
}
CLOSED = {
    "id": "W0222619880136",
    "symbol": "EURUSD",
    "volume": Decimal("0.1"),
    "side": "BUY",
    "openTime": BEFORE,
    "openPrice": Decimal("1.1"),
    "closeTime": AT,
    "closePrice": Decimal("1.2"),
    "commission": Decimal("-0.7"),
    "swap": Decimal("-0.5"),
    "profit": Decimal("12.5"),
    "netProfit": Decimal("11.3"),
    "closingOrderId": "M0000000123",
    "reason": "STOP_LOSS",
}
ENTRY = {"id": "77", "type": "WITHDRAWAL", "time": AT, "profit": Decimal(-10), "comment": "hi"}
ACCOUNT = {
    "login": "200001",
    "group": "real",
    "created": BEFORE,
    "leverageRatioPercent": 10_000,
    "accessRight": "LOCKED_CLOSE_ONLY",
    "accountDetails": {"firstName": "Ann", "lastName": "B"},
    "remarks": "A:1 0f0f",
    "financeInfo": {
        "balance": 100,
        "equity": Decimal("110.5"),
        "netProfit": Decimal("10.5"),
        "margin": 0,
        "freeMargin": Decimal("110.5"),
        "marginLevel": 0,
        "credit": 0,
        "currency": "USD",
    },
}


def a_closing(**more: Any) -> Deal:
    return records.closing(CLOSED | more, 7, SIZES)[1]


def test_a_closing_is_a_deal_the_other_way_round_with_what_it_brought() -> None:
    deal = a_closing()

    assert (deal.kind, deal.entry, deal.lots, deal.lots_closed) == (
        DealKind.SELL,
        Entry.OUT,
        Decimal("0.1"),
        Decimal("0.1"),
    )
    assert (deal.profit, deal.swap, deal.commission) == (
        Decimal("12.5"),
        Decimal("-0.5"),
        Decimal("-0.7"),
    )
    assert (deal.at, deal.reason, deal.contract_size) == (NOW, "stop-loss", 100_000)


def test_version_one_s_name_for_the_time_of_closing_is_read_too() -> None:
    row = {name: value for name, value in CLOSED.items() if name != "closeTime"} | {"time": AT}

    assert records.closing(row, 7, SIZES)[1].at == NOW


def test_two_closings_of_one_position_are_two_deals_and_each_is_the_same_for_ever() -> None:
    other = a_closing(closingOrderId="M0000000124")

    assert a_closing().deal == a_closing().deal != other.deal
    assert a_closing().position == other.position


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("symbol", "BRENTX", "not known"),
        ("symbol", None, "missing"),
        ("volume", 0, "above zero"),
        ("volume", Decimal("-0.1"), "above zero"),
        ("volume", Decimal("Infinity"), "no number"),
        ("openPrice", 0, "above zero"),
        ("closePrice", Decimal(-1), "above zero"),
        ("closePrice", True, "no number"),
        ("side", "HOLD", "not known"),
        ("closeTime", "2020-01-01T00:00:00Z", "before openTime"),
        ("closeTime", "2020-01-01T00:00:00", "no time with its zone"),
        ("openTime", "9999-12-31T00:00:00Z", "cannot be"),
        ("id", "", "no id"),
        ("id", "0", "no id"),
        ("id", ["W1"], "no id"),
        ("id", "W" * 200, "no id"),
        ("netProfit", Decimal("11.31"), "netProfit"),
        ("swap", None, "no number"),
    ],
)
def test_a_closing_that_cannot_be_is_put_aside_with_its_reason(
    field: str, value: Any, why: str
) -> None:
    with pytest.raises(Unreadable) as refusal:
        a_closing(**{field: value})

    assert why in refusal.value.code


@pytest.mark.parametrize(
    ("kind", "told", "profit", "deal"),
    [
        ("DEPOSIT", "10", "10", DealKind.BALANCE),
        ("WITHDRAWAL", "-10", "-10", DealKind.BALANCE),
        ("WITHDRAWAL", "10", "-10", DealKind.BALANCE),
        ("CREDIT_OUT", "5", "-5", DealKind.CREDIT),
        ("AGENT_COMMISSION", "1.5", "1.5", DealKind.AGENT),
        ("OTHER", "-0.01", "-0.01", DealKind.OTHER),
    ],
)
def test_ledgers_are_deals_of_money(kind: str, told: str, profit: str, deal: DealKind) -> None:
    found = records.entry(ENTRY | {"type": kind, "profit": Decimal(told)}, 7)

    assert (found.kind, found.profit, found.entry) == (deal, Decimal(profit), Entry.NONE)


@pytest.mark.parametrize("kind", ["CLOSED_POSITION", "COMMISSIONS", "SWAPS", "BONUS", None])
def test_what_trades_tell_themselves_and_what_nobody_knows_is_no_deal_of_money(kind: Any) -> None:
    with pytest.raises(Unreadable):
        records.entry(ENTRY | {"type": kind}, 7)


def test_an_account_is_read() -> None:
    account = records.account(ACCOUNT)

    assert (account.login, account.leverage, account.access) == (200_001, 100, Access.CLOSE_ONLY)
    assert (account.name, account.external_id, account.equity) == (
        "Ann B",
        "A:1",
        Decimal("110.5"),
    )
    for bent in ({"accessRight": "FROZEN"}, {"login": "x"}, {"financeInfo": None}):
        with pytest.raises(Unreadable):
            records.account(ACCOUNT | bent)


@given(st.integers(0, 40), JSON)
def test_any_value_in_a_row_is_read_or_put_aside(at: int, value: Any) -> None:
    for row, read in (
        (CLOSED, lambda row: records.closing(row, 7, SIZES)),
        (OPEN, lambda row: records.position(row, 7, SIZES)),
        (ENTRY, lambda row: records.entry(row, 7)),
        (ACCOUNT, records.account),
    ):
        with contextlib.suppress(Unreadable):
            read(row | {sorted(row)[at % len(row)]: value})
    with contextlib.suppress(Unreadable):
        assert all(isinstance(row, dict) for row in listed(value))


@given(st.text("ABCWXYZ0123456789-abc", min_size=1, max_size=30))
def test_ids_are_63_bits_and_of_three_kinds_that_never_meet(text: str) -> None:
    with contextlib.suppress(Unreadable):
        number = ids.number(text, "id")
        three = {ids.opening(number), ids.closing(text, "", ""), ids.entry(number)}
        assert len(three) == 3
        assert all(0 < one < 1 << 62 for one in three)
        assert 0 < number < 1 << 59


def test_an_id_can_be_read_back() -> None:
    assert ids.number("W0222619880136", "id") == 23 * 10**16 + 222_619_880_136
    assert ids.number("123", "id") == 123
    assert ids.number("A1", "id") != ids.number("B1", "id")


# What is told of one moment.


def told(
    closed: list[dict[str, Any]], opened: list[dict[str, Any]], since: datetime | None = None
) -> tuple[dict[int, Deal], dict[str, Misread]]:
    aside: dict[str, Misread] = {}
    start = since or NOW - timedelta(days=1)
    deals = traded(7, closed, opened, start, SIZES, aside)
    assert len({deal.deal for deal in deals}) == len(deals)
    return {deal.deal: deal for deal in deals}, aside


def opening_of(deals: dict[int, Deal]) -> Deal | None:
    return deals.get(ids.opening(ids.number(OPEN["id"], "id")))


def test_an_opening_has_the_lots_of_all_its_parts() -> None:
    deals, _ = told([CLOSED, CLOSED | {"closingOrderId": "M2"}], [OPEN])

    opening = opening_of(deals)
    assert opening is not None
    assert (opening.lots, opening.entry, opening.kind) == (Decimal("0.4"), Entry.IN, DealKind.BUY)
    assert len(deals) == 3


def test_a_part_that_is_told_twice_counts_once() -> None:
    deals, _ = told([CLOSED, CLOSED], [OPEN, OPEN])

    opening = opening_of(deals)
    assert opening is not None
    assert opening.lots == Decimal("0.3")


def test_an_opening_before_the_window_is_not_told_by_what_is_left_of_it() -> None:
    deals, _ = told([CLOSED], [OPEN], since=NOW - timedelta(minutes=1))

    assert opening_of(deals) is None
    assert len(deals) == 1


def test_a_position_of_which_a_part_cannot_be_read_has_no_opening_yet() -> None:
    deals, aside = told([CLOSED, CLOSED | {"closingOrderId": "M2", "closePrice": 0}], [OPEN])

    assert opening_of(deals) is None
    assert len(deals) == len(aside) == 1


# The pace.


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def paced(per_minute: int) -> tuple[Pace, Clock]:
    clock = Clock()
    return Pace(per_minute, clock=lambda: clock.now, sleep=clock.sleep), clock


async def test_no_minute_has_more_calls_than_agreed() -> None:
    pace, clock = paced(10)
    made: list[float] = []
    for at in range(60):
        with contextlib.suppress(Withheld):
            await pace.turn(changing=at % 3 == 0)
            made.append(clock.now)
        clock.now += 1.5

    assert len(made) > 10
    assert all(sum(one <= at < one + 60 for at in made) <= 10 for one in made)


async def test_readings_leave_room_for_money() -> None:
    pace, _ = paced(10)
    for _ in range(8):
        await pace.turn(changing=False)

    with pytest.raises(Withheld):
        await pace.turn(changing=False)
    await pace.turn(changing=True)


async def test_a_platform_that_asked_us_to_wait_is_left_alone_until_then() -> None:
    pace, clock = paced(10)
    pace.pause(15)
    await pace.turn(changing=True)
    assert clock.now == 1_015

    pace.pause(45)
    with pytest.raises(Withheld):
        await pace.turn(changing=True)
    assert clock.now == 1_015
