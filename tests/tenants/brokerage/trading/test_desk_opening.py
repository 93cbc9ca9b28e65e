"""Staff open an account for a client, within what the client's jurisdiction allows."""

from sqlalchemy import select

from brokerage.trading.model import TradingAccount
from brokerage.trading.settings import TradingSettings
from support.people import make_staff
from support.web import signed_in


async def desk_of(house, broker, role):
    async with broker.opener()() as work:
        person, _ = await make_staff(work, [role])
    return await signed_in(house, broker.tenant, person, "desk")


async def accounts_of(broker, client):
    async with broker.opener()() as work:
        return list(await work.rows(select(TradingAccount).where(TradingAccount.client == client)))


async def test_a_demo_account_is_opened_and_made_on_the_server(house, broker):
    client = await broker.client()
    async with broker.opener()() as work:
        products = work.settings(TradingSettings).products
    demo = next(one for one in products if one.kind == "demo")
    live = next(one for one in products if one.kind == "live")
    browser = await desk_of(house, broker, "Owner")
    path = f"/desk/clients/{client}/accounts/new"
    assert path in (await browser.get(f"/desk/clients/{client}/accounts")).text

    page = await browser.get(path)
    assert page.status_code == 200, page.text[:400]
    assert "not verified yet" in page.text
    form = {"product": demo.code, "currency": demo.currencies[0], "leverage": "", "reason": ""}
    assert (await browser.post(path, data=form)).status_code == 422
    wild = form | {"reason": "asked by phone", "leverage": "9999"}
    assert (await browser.post(path, data=wild)).status_code == 422
    unverified = form | {"reason": "asked by phone", "product": live.code}
    assert (await browser.post(path, data=unverified)).status_code == 409
    assert await accounts_of(broker, client) == []

    done = await browser.post(path, data=form | {"reason": "asked by phone"})

    assert done.status_code < 400, done.text[:400]
    (row,) = await accounts_of(broker, client)
    assert (row.kind, row.state) == ("demo", "opening")


async def test_who_may_only_look_opens_nothing(house, broker):
    client = await broker.client()
    browser = await desk_of(house, broker, "Support")

    answer = await browser.get(f"/desk/clients/{client}/accounts/new")

    assert answer.status_code in {403, 404}
