"""A server that pushes: its deals are in our books at once, and a broken stream costs nobody anything."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select, update

from brokerage.product import PRODUCT
from brokerage.trading import keeping, listening, queries, servers, sync
from brokerage.trading.connector import DealBatch, DealCursor, DealKind, Misread
from brokerage.trading.model import (
    Deal,
    OpenPosition,
    QuarantinedDeal,
    TradingAccount,
    TradingServer,
)
from stoa.jobs.worker import leave
from stoa.kernel.ids import uuid7
from support import patience
from support.people import make_staff
from support.stands._served import DealerTrader
from support.web import signed_in

LOTS = Decimal("0.01")
SERVER = "mt5-live"


def hand(served):
    return DealerTrader(served, position_of=lambda root: root // 2)


async def funded(broker):
    customer = await broker.customer()
    assert (await customer.move("in", "500.00")).state == "done"
    return customer


async def until(asked, wanted):
    """Asked again and again, until the answer is the one that is wanted."""

    async def so():
        return await asked() == wanted

    await patience.until(so, every_s=0.05)


def trades(broker, customer):
    async def counted():
        async with broker.opener()() as work:
            return await work.value(
                select(func.count())
                .select_from(Deal)
                .where(Deal.login == customer.login, Deal.kind.in_(("buy", "sell")))
            )

    return counted


def positions(broker, customer):
    async def counted():
        async with broker.opener()() as work:
            return await work.value(
                select(func.count())
                .select_from(OpenPosition)
                .where(OpenPosition.account == customer.account)
            )

    return counted


async def test_a_deal_is_in_our_books_without_waiting_for_its_turn(bridged, served):
    customer = await funded(bridged)
    await listening.attend(bridged.opener())
    await bridged.told()  # the account's past and its cursor; from here on nobody asks in turn
    await hand(served).open(customer.login, "EURUSD", DealKind.BUY, LOTS)

    await until(trades(bridged, customer), 1)
    await until(positions(bridged, customer), 1)

    account, state = await bridged.account(customer.account), await bridged.state()
    assert account.equity != account.balance
    assert state.event_at is not None
    assert state.behind, "how long it took is kept"
    assert await bridged.laws() == []


async def test_what_was_traded_while_the_line_was_cut_is_asked_for_afterwards(bridged, served):
    customer = await funded(bridged)
    await listening.attend(bridged.opener())
    await hand(served).open(customer.login, "EURUSD", DealKind.BUY, LOTS)
    await until(trades(bridged, customer), 1)

    await served.lever("POST", "/faults", {"down": True})
    for _ in range(3):
        await hand(served).open(customer.login, "EURUSD", DealKind.SELL, LOTS)
    await served.lever("POST", "/faults", {"down": False})

    await until(trades(bridged, customer), 4)
    await until(positions(bridged, customer), 4)


async def test_a_stream_that_drops_and_stutters_neither_loses_nor_doubles(bridged, served):
    customer = await funded(bridged)
    await listening.attend(bridged.opener())
    await served.lever("POST", "/faults", {"stream_drop": 0.4, "stream_noise": 0.4})
    for _ in range(12):
        await hand(served).open(customer.login, "EURUSD", DealKind.BUY, LOTS)
    await served.lever("DELETE", "/faults")

    await until(trades(bridged, customer), 12)
    assert await bridged.laws() == []


async def test_one_worker_listens_and_another_takes_over_when_its_lease_ends(bridged):
    opener, first, second = bridged.opener(), uuid7(), uuid7()

    assert await listening.hold(opener, SERVER, first)
    assert await listening.hold(opener, SERVER, first)
    assert not await listening.hold(opener, SERVER, second)
    async with opener() as work:
        await work.run(
            update(TradingServer)
            .where(TradingServer.code == SERVER)
            .values(listened_until=work.now - timedelta(seconds=1))
        )
    assert await listening.hold(opener, SERVER, second)
    assert not await listening.hold(opener, SERVER, first)
    await listening.let_go(opener, SERVER, second)
    assert await listening.hold(opener, SERVER, first)


async def test_a_server_that_only_counts_is_heard_by_its_count(broker):
    """MT5 tells nothing unasked: its count of deals is watched, and who traded is asked at once."""
    customer = await funded(broker)
    await broker.told()
    await listening.attend(broker.opener())
    await until(held(broker), 1)

    await broker.server.post(
        f"/dealer/{customer.login}/order", symbol="EURUSD", side="buy", lots="0.01"
    )

    await until(trades(broker, customer), 1)
    await until(positions(broker, customer), 1)
    assert await broker.laws() == []


async def test_a_quiet_account_is_found_too_when_a_deal_is_counted(broker):
    """It never traded, so it is not among the lively ones that are asked first."""
    customer = await broker.customer()
    await broker.told()
    await listening.attend(broker.opener())
    await until(held(broker), 1)

    assert (await customer.move("in", "40.00")).state == "done"

    async def balance():
        return int((await broker.account(customer.account)).balance)

    await until(balance, 40)


async def test_who_stops_hands_its_streams_over_at_once(broker):
    await listening.attend(broker.opener())
    await until(held(broker), 1)
    assert not await listening.hold(broker.opener(), SERVER, uuid7())

    await leave(PRODUCT)

    assert await listening.hold(broker.opener(), SERVER, uuid7())


def held(broker):
    async def counted():
        async with broker.opener()() as work:
            return await work.value(
                select(func.count())
                .select_from(TradingServer)
                .where(TradingServer.code == SERVER, TradingServer.listener.is_not(None))
            )

    return counted


async def test_the_later_question_knows_better(bridged):
    """A slow pass that asked before must not undo what a quick turn has stored meanwhile."""
    customer = await funded(bridged)
    opener = bridged.opener()
    chosen = select(TradingAccount).where(TradingAccount.id == customer.account)
    async with opener() as work:
        rows = await work.rows(chosen)
        connector = await servers.connect(work, SERVER)
        before = work.now
    slow = keeping.Found([], {}, [await connector.get_account(customer.login)], [])
    assert (await customer.move("in", "70.00")).state == "done"
    await sync.turn(opener, SERVER, chosen, due=True)

    async with opener() as work:
        await keeping.keep(work, SERVER, rows, slow, before)

    assert (await bridged.account(customer.account)).balance == 570


async def test_what_cannot_be_read_is_put_aside_once(bridged):
    customer = await funded(bridged)
    opener = bridged.opener()
    chosen = select(TradingAccount).where(TradingAccount.id == customer.account)
    bent = Misread(customer.login, '{"ticket": "a"}', "no number")
    batch = DealBatch(deals=(), cursor=DealCursor.start(), misread=(bent,))

    for _ in range(3):
        async with opener() as work:
            rows = await work.rows(chosen)
            await keeping.keep(work, SERVER, rows, keeping.Found([batch], {}, [], []), work.now)

    async with opener() as work:
        count = await work.value(select(func.count()).select_from(QuarantinedDeal))
    assert count == 1


def test_the_95th_percentile_is_of_as_many_as_there_are():
    assert queries.way([]) == (None, 0)
    assert queries.way([5]) == (5, 0)
    assert queries.way(list(range(100, 0, -1))) == (95, 0)


def test_a_clock_that_is_ahead_hides_no_way():
    """Deals of a server whose clock is ahead come before they were made: cut at nothing, a way of
    two seconds and more read as 0 ms.
    """
    late = [-3_000, -2_500, 100]

    assert queries.way(late) == (3_100, 3_000)


async def test_the_page_of_servers_says_what_is_heard_and_how_late(house, bridged):
    async with bridged.opener()() as work:
        await keeping.know(work, SERVER)
        await work.run(
            update(TradingServer)
            .where(TradingServer.code == SERVER)
            .values(state="ok", behind=[2_500], event_at=work.now)
        )
        owner, _ = await make_staff(work, ["Owner"])
    browser = await signed_in(house, bridged.tenant, owner, "desk")

    page = await browser.get("/desk/servers")

    for words in ("In step", "95 of 100 within 2500 ms", "Slower than two seconds"):
        assert words in page.text
    assert "Nobody listens to it yet" in page.text
    assert "of ours" not in page.text

    async with bridged.opener()() as work:
        await work.run(
            update(TradingServer).where(TradingServer.code == SERVER).values(behind=[-1_500, 200])
        )
    page = await browser.get("/desk/servers")

    assert "95 of 100 within 1700 ms" in page.text
    assert "its clock is 1,500 ms ahead of ours" in page.text
