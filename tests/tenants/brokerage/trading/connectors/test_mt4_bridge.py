"""MT4's tickets through the bridge: against the sandbox's, and against tickets that cannot be."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerage.trading.connector import (
    Deal,
    DealCursor,
    DealKind,
    Entry,
    MoneyKind,
    NewAccount,
    News,
    Profile,
    Told,
    mark,
)
from brokerage.trading.connectors.mt4_bridge import Mt4Bridge, Settings
from brokerage.trading.connectors.mt4_bridge.events import Events
from brokerage.trading.connectors.mt4_bridge.records import Journal
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed, Unknown
from stoa.kernel.refusals import Refusal
from support.patience import until
from support.stands._served import DealerTrader, Served
from support.stands.mt5 import manager_of

RAW = "real\\raw-usd"
BUY, SELL = DealKind.BUY, DealKind.SELL


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    server = await Served("sandbox.mt4bridge", tmp_path_factory.mktemp("mt4")).start()
    yield server
    await server.stop()


@pytest.fixture
async def calm(served: Served) -> AsyncGenerator[Served]:
    yield served
    await served.lever("DELETE", "/faults")


@asynccontextmanager
async def joined(server: Served, key: str = "", **more: Any) -> AsyncGenerator[Mt4Bridge]:
    told = {"base_url": f"http://127.0.0.1:{server.ports['port']}", "answer_s": 20} | more
    egress = Egress({f"127.0.0.1:{server.ports['port']}"})
    line = Lines(egress, limits=Limits(in_a_row=10_000, error_rate=2)).of("t", "mt4")
    keys = Keyring({"mt4.bridge": key or manager_of(server.folder)[1]})
    try:
        yield Mt4Bridge(msgspec.convert(told, Settings), keys, line)
    finally:
        await egress.aclose()


async def an_account(mt4: Mt4Bridge, money: int = 10_000) -> int:
    new = NewAccount(
        external_id=mark("A", uuid4()),
        group=RAW,
        leverage=100,
        profile=Profile(name="Ann"),
        password="Main-pass-1",
        investor_password="Inv-pass-1",
    )
    outcome = await mt4.create_account(new)
    assert isinstance(outcome, Confirmed), outcome
    login = int(outcome.reference)
    assert isinstance(
        await mt4.balance_op(login, MoneyKind.DEPOSIT, Decimal(money), mark("D", uuid4())),
        Confirmed,
    )
    return login


def hand(server: Served) -> DealerTrader:
    return DealerTrader(server, position_of=lambda root: root // 2)


async def trades(mt4: Mt4Bridge, login: int) -> list[Deal]:
    batch = await mt4.get_deals([login], DealCursor.start())
    assert batch.misread == ()
    return [deal for deal in batch.deals if deal.kind.trade]


async def test_a_rest_is_a_new_ticket_and_lots_and_commission_are_told_once(
    served: Served,
) -> None:
    async with joined(served) as mt4:
        login, trader = await an_account(mt4), hand(served)
        await trader.open(login, "EURUSD", BUY, Decimal("0.07"))
        opening = (await trades(mt4, login))[0]
        before = await mt4.get_account(login)
        for lots in ("0.03", "0.02"):
            await trader.close(login, opening.position, Decimal(lots))
        (rest,) = await mt4.get_positions(login)
        again = (await trades(mt4, login))[0]
        await trader.close(login, opening.position)

        told = await trades(mt4, login)
        account = await mt4.get_account(login)

    assert before.balance == 10_000, "commission comes with the closing"
    assert (rest.position, rest.lots) == (opening.position, Decimal("0.02"))
    assert rest.comment.startswith("from #")
    assert again == opening == told[0], "what was told first stays as it was told"
    assert (opening.lots, opening.commission) == (Decimal("0.07"), 0)
    closings = told[1:]
    assert [deal.lots for deal in closings] == [Decimal("0.03"), Decimal("0.02"), Decimal("0.02")]
    assert {deal.position for deal in told} == {opening.position}
    assert len({deal.deal for deal in told}) == len({deal.order for deal in closings}) + 1 == 4
    paid = sum(deal.commission for deal in closings)
    assert abs(paid + Decimal("0.49")) < Decimal("0.03"), "3.50 a lot and side, each side rounded"
    earned = sum(deal.profit + deal.swap + deal.commission for deal in told)
    assert account.balance == account.equity == 10_000 + earned


async def test_a_trade_that_ends_later_is_found_by_the_time_it_ended(served: Served) -> None:
    async with joined(served, overlap_s=0) as mt4:
        login, trader = await an_account(mt4), hand(served)
        await trader.open(login, "EURUSD", SELL, Decimal("0.10"))
        read = await mt4.get_deals([login], DealCursor.start())
        await asyncio.sleep(0.05)
        await trader.close(login, read.deals[-1].position)

        later = await mt4.get_deals([login], read.cursor)

    fresh = [deal for deal in later.deals if deal.deal not in {one.deal for one in read.deals}]
    assert [(deal.entry, deal.kind) for deal in fresh] == [(Entry.OUT, BUY)]
    assert fresh[0].deal == read.deals[-1].deal + 1


async def test_pages_tell_what_one_page_tells(served: Served) -> None:
    async with joined(served, page=7) as small, joined(served) as large:
        logins = [await an_account(small) for _ in range(3)]
        past = {"from": "2026-01-01", "to": "2026-02-01", "deposit": "50000", "deals": 60}
        await served.lever("POST", "/history", {"logins": logins} | past)

        by_seven = await small.get_deals([*logins, 999], DealCursor.start())
        at_once = await large.get_deals([*logins, 999], DealCursor.start())

    assert len(by_seven.deals) > 180
    assert by_seven == at_once
    assert by_seven.missing == (999,)


async def test_the_same_external_id_makes_one_account_and_moves_money_once(served: Served) -> None:
    async with joined(served) as mt4:
        new = NewAccount(
            external_id=mark("A", uuid4()),
            group=RAW,
            leverage=100,
            profile=Profile(name="Ann"),
            password="Main-pass-1",
            investor_password="Inv-pass-1",
        )
        first, second = await mt4.create_account(new), await mt4.create_account(new)
        assert isinstance(first, Confirmed)
        login, sign = int(first.reference), mark("D", uuid4())
        moved = [
            await mt4.balance_op(login, MoneyKind.DEPOSIT, Decimal(amount), sign)
            for amount in (5, 5, 6)
        ]
        account = await mt4.get_account(login)

    assert first == second
    assert moved[0] == moved[1]
    assert isinstance(moved[2], Unknown)
    assert moved[2].code == "external-id-used"
    assert account.balance == 5


async def test_a_wrong_key_opens_neither_door(served: Served) -> None:
    async with joined(served, key="wrong") as mt4:
        (check,) = await mt4.test_connection()
        with pytest.raises(Refusal):
            async for _ in mt4.stream():
                pass

    assert not check.fine


async def test_a_stream_that_breaks_and_stutters_loses_nothing(calm: Served) -> None:
    """Rung by the stream alone, a reader that asks on every gap knows every trade in the end."""
    async with joined(calm, overlap_s=60) as mt4:
        login, trader = await an_account(mt4), hand(calm)
        heard: list[News] = []
        known: dict[int, Deal] = {}
        listening = asyncio.create_task(_listen(mt4, login, heard, known))
        await until(lambda: bool(heard))
        await calm.lever("POST", "/faults", {"stream_drop": 0.3, "stream_noise": 0.3})
        for _ in range(40):
            await trader.open(login, "EURUSD", BUY, Decimal("0.01"))
        await calm.lever("DELETE", "/faults")
        await trader.open(login, "EURUSD", BUY, Decimal("0.01"))

        await until(lambda: sum(deal.kind.trade for deal in known.values()) == 41)
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        truth = await calm.lever("GET", f"/truth/{login}")

    assert truth["trades"] == 41
    assert sum(news.what is Told.GAP for news in heard) > 1


async def _listen(mt4: Mt4Bridge, login: int, heard: list[News], known: dict[int, Deal]) -> None:
    cursor = DealCursor.start()
    while True:
        with suppress(Refusal):
            async for news in mt4.stream():
                heard.append(news)
                batch = await mt4.get_deals([login], cursor)
                cursor = batch.cursor
                known.update({deal.deal: deal for deal in batch.deals})
        await asyncio.sleep(0.01)


def a_ticket(**more: Any) -> dict[str, Any]:
    return {
        "ticket": 100,
        "login": 7,
        "cmd": 0,
        "root": 100,
        "symbol": "EURUSD",
        "contract_size": "100000",
        "volume": "0.10",
        "volume_opened": "0.10",
        "open_time": "2026-03-02T10:00:00Z",
        "open_price": "1.10000",
        "close_time": "2026-03-02T11:00:00Z",
        "close_price": "1.20000",
        "profit": "100.00",
    } | more


def taken(row: Any) -> Journal:
    journal = Journal()
    journal.take([a_ticket(ticket=5, root=5), row], frozenset({7}))
    return journal


def test_a_ticket_of_a_trade_is_two_deals() -> None:
    deals = taken(a_ticket()).deals

    assert [deals[200].entry, deals[201].entry] == [Entry.IN, Entry.OUT]
    assert [deals[200].kind, deals[201].kind] == [BUY, SELL]
    assert (deals[201].profit, deals[201].lots_closed) == (Decimal(100), Decimal("0.10"))


@pytest.mark.parametrize(
    "bent",
    [
        {"volume": "0"},
        {"volume": "-0.10"},
        {"volume": "NaN"},
        {"volume": "a lot"},
        {"volume_opened": "0.05"},
        {"open_price": "0"},
        {"open_price": "-1"},
        {"close_price": "0"},
        {"close_price": "Infinity"},
        {"profit": "NaN"},
        {"profit": None},
        {"commission": "Infinity"},
        {"contract_size": "0"},
        {"symbol": ""},
        {"cmd": 9},
        {"cmd": 6, "profit": "0"},
        {"login": 8},
        {"login": 0},
        {"ticket": 0},
        {"ticket": 1 << 62},
        {"root": -1},
        {"open_time": "2026-03-02T10:00:00"},
        {"open_time": "yesterday"},
        {"close_time": "2026-03-02T09:59:59Z"},
        {"close_time": "2999-01-01T00:00:00Z"},
        {"open_time": "1970-01-01T00:00:00Z"},
    ],
)
def test_a_ticket_that_cannot_be_is_put_aside_and_stops_no_other(bent: dict[str, Any]) -> None:
    journal = taken(a_ticket(**bent))

    assert set(journal.deals) == {10, 11}
    (misread,) = journal.misread.values()
    assert misread.why


def test_waiting_orders_are_no_trades() -> None:
    journal = taken(a_ticket(cmd=2, close_time=None))

    assert set(journal.deals) == {10, 11}
    assert not journal.misread


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=10,
)


@settings(deadline=None)
@given(ANY)
def test_any_row_is_a_ticket_or_put_aside(row: Any) -> None:
    journal = taken(row)

    assert len(journal.deals) + len(journal.misread) >= 3


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(a_ticket())), ANY, max_size=3))
def test_any_field_is_read_or_puts_its_ticket_aside(fields: dict[str, Any]) -> None:
    journal = taken(a_ticket(**fields))

    assert {10, 11} <= journal.deals.keys()


def listener() -> Events:
    line = Lines(Egress()).of("t", "mt4")
    settings = Settings(base_url="https://bridge.example")
    return Events(settings, Keyring({}), line)


@settings(deadline=None)
@given(st.text(max_size=80) | ANY.map(lambda one: msgspec.json.encode(one).decode()))
def test_any_message_is_news_or_a_gap(text: str) -> None:
    for news in listener().heard(text):
        assert news.what in Told


def test_a_number_missed_is_a_gap_and_one_heard_before_is_nothing() -> None:
    events = listener()

    def hear(**told: Any) -> list[Told]:
        return [news.what for news in events.heard(msgspec.json.encode(told).decode())]

    row = a_ticket(close_time=None, open_time=(datetime.now(UTC) - timedelta(1)).isoformat())
    assert hear(event="hello", run="r", seq=5, gap=True) == [Told.GAP]
    assert hear(event="opened", seq=6, login=7, trade=row) == [Told.DEAL]
    assert hear(event="opened", seq=6, login=7, trade=row) == []
    assert hear(event="beat", seq=6) == []
    assert hear(event="closed", seq=8, login=7, trade=a_ticket()) == [Told.GAP, Told.DEAL]
    assert hear(event="beat", seq=9) == [Told.GAP]
    assert hear(event="storm", seq=10) == [Told.GAP]
    assert hear(event="hello", run="r", seq=12, gap=False) == []
