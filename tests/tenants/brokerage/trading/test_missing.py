"""An account its server does not know is set aside with a reason; all others go on."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from brokerage.trading import missing, servers, sync
from brokerage.trading.model import OpenPosition, TradingAccount
from stoa.kernel.refusals import Conflict, Invalid
from support.people import make_staff
from support.web import signed_in

SERVER = "mt5-live"


async def trading(broker):
    """A customer with a position on the server that our books know."""
    customer = await broker.customer()
    assert (await customer.move("in", "500.00")).state == "done"
    await order(broker, customer)
    await broker.told()
    return customer


async def order(broker, customer):
    await broker.server.post(
        f"/dealer/{customer.login}/order", symbol="EURUSD", side="buy", lots="0.02"
    )


async def deleted(broker, customer):
    """Closed and deleted over there before we looked."""
    async with broker.opener()() as work:
        connector = await servers.connect(work, SERVER)
    for one in await connector.get_positions(customer.login):
        await broker.server.post(f"/dealer/{customer.login}/close", position=one.position)
    peer = await broker.server.peer()
    assert (await peer.say("USER_DELETE", LOGIN=str(customer.login))).code == 0


async def positions(broker, account):
    async with broker.opener()() as work:
        return await work.value(
            select(func.count()).select_from(OpenPosition).where(OpenPosition.account == account)
        )


async def test_a_deleted_login_does_not_hold_up_its_server(broker):
    gone, other = await trading(broker), await trading(broker)
    await deleted(broker, gone)
    await order(broker, other)

    await broker.told()

    state, row = await broker.state(), await broker.account(gone.account)
    assert state.state == "ok", state.error
    assert await positions(broker, other.account) == 2
    assert row.missing_since is not None
    assert await positions(broker, gone.account) == 1, "what was last told stays, with its age"
    assert (await broker.account(other.account)).missing_since is None
    assert await broker.laws() == []


async def test_the_desk_is_told_and_may_let_the_account_go(house, broker):
    gone = await trading(broker)
    await deleted(broker, gone)
    await broker.told()
    async with broker.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
    page = await signed_in(house, broker.tenant, owner, "desk")

    today, shown = await page.get("/desk"), await page.get(f"/desk/accounts/{gone.account}")
    assert "Accounts their server does not know" in today.text
    assert "does not know this account" in shown.text
    assert str(gone.login) in (await page.get("/desk/accounts?missing=yes")).text
    assert "of our accounts" in (await page.get("/desk/servers")).text

    short = await page.post(f"/desk/accounts/{gone.account}/let-go", data={"reason": "x"})
    assert short.status_code == 422
    await page.post(
        f"/desk/accounts/{gone.account}/let-go", data={"reason": "Deleted by the vendor"}
    )

    assert (await broker.account(gone.account)).state == "archived"
    assert await positions(broker, gone.account) == 0


async def test_an_account_that_is_there_is_not_let_go_and_a_reason_is_asked_for(broker):
    there = await trading(broker)
    async with broker.opener()() as work:
        with pytest.raises(Conflict):
            await missing.let_go(work, there.account, "it is there, though")
        row = await work.get(TradingAccount, there.account)
        row.missing_since = work.now
        await work.flush()
        with pytest.raises(Invalid):
            await missing.let_go(work, there.account, " ")


async def test_who_is_known_again_comes_back_by_itself(broker):
    there = await trading(broker)
    async with broker.opener()() as work:
        await work.run(
            update(TradingAccount)
            .where(TradingAccount.id == there.account)
            .values(missing_since=work.now)
        )
    chosen = select(TradingAccount).where(TradingAccount.id == there.account)

    await sync.turn(broker.opener(), SERVER, chosen, due=False)

    row = await broker.account(there.account)
    assert row.missing_since is None
    assert row.balance == Decimal(500)


async def test_a_server_that_knows_nobody_is_another_server(broker):
    """A manager who lost his groups must not set everybody aside."""
    rows = [await trading(broker) for _ in range(5)]
    for one in rows:
        await deleted(broker, one)
    chosen = select(TradingAccount).where(TradingAccount.id.in_([one.account for one in rows]))

    with pytest.raises(Exception, match="knows none of our accounts"):
        await sync.turn(broker.opener(), SERVER, chosen, due=True)

    assert (await broker.account(rows[0].account)).missing_since is None
