"""The same import from an MT5 server: what differs between platforms ends at the port."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select

from brokerage.trading.importing import asking, running, state
from brokerage.trading.importing.lines import Options, Verdict
from brokerage.trading.model import Deal, TradingAccount
from stoa.identity import people
from stoa.identity.model import Person

from .conftest import SERVER


async def test_an_mt5_account_is_found_by_its_address_and_taken_over_whole(broker):
    client = await broker.client()
    async with broker.opener()() as work:
        address = people.email_of(work, await work.get(Person, client))
    peer = await broker.server.peer()
    login = await broker.server.account(peer, money="750.25", EMAIL=address)
    end = datetime.now(UTC) - timedelta(seconds=5)
    await broker.server.post(
        "/history",
        login=login,
        **{"from": (end - timedelta(days=9)).isoformat(), "to": end.isoformat()},
        deals=12,
        deposit="500",
    )
    since = f"{end - timedelta(days=5):%Y-%m-%d}"

    async with broker.opener()() as work:
        await asking.look(work, SERVER, Options(since=since, groups=("real\\standard-usd",)))
    await running.run_through(broker.opener(), SERVER)
    async with broker.opener()() as work:
        await asking.take(work, SERVER)
    await running.run_through(broker.opener(), SERVER)

    async with broker.opener()() as work:
        row = await state.locked(work, SERVER)
        told = {one.login: one for one in state.report(work, row)}
        account = await work.first(select(TradingAccount).where(TradingAccount.login == login))
        deals = await work.value(select(func.count()).select_from(Deal).where(Deal.login == login))
    assert told[login].verdict is Verdict.MADE
    assert told[login].why == ""
    assert account.client == client
    body = await broker.server.get(f"/dealer/{login}/account")
    assert account.balance == Decimal(body["Balance"]) == Decimal(told[login].books)
    assert deals == told[login].deals
    assert await broker.told() == 0
    assert await broker.laws() == []
