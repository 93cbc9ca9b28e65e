"""Every page of trading answers, to its owner and at the desk, in every language."""

import pytest

from brokerage.kyc import cases
from brokerage.kyc.model import State
from brokerage.trading import groups
from brokerage.trading.lifecycle import asking, planning
from brokerage.trading.settings import TradingSettings
from stoa.identity.model import Person
from support.people import make_staff
from support.web import signed_in

from .lives import dealer
from .test_deals import a_past, order


@pytest.fixture
async def traded(broker):
    """A client with a past, an open position and a demo account without either."""
    customer = await broker.customer()
    await customer.move("in", "500.00")
    await a_past(broker, customer)
    await order(broker, customer, "buy", "0.02")
    await broker.told()
    return customer


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_a_client_sees_their_accounts_and_each_of_them(house, broker, traded, language):
    async with broker.opener()() as work:
        person = await work.get(Person, traded.id)
    browser = await signed_in(house, broker.tenant, person, "room")
    browser.http.cookies.set("language", language)

    async with broker.opener(traded.actor)() as work:
        await asking.leverage(work, traded.account, 10)
        await asking.archive(work, traded.account)
    one = f"/accounts/{traded.account}"
    for path in ("/accounts", "/accounts/new", one, f"{one}/change", "/"):
        page = await browser.get(path)
        assert page.status_code == 200, (path, page.text[:400])
        assert len(page.content) < 100_000


async def test_a_client_without_accounts_is_shown_how_to_get_one(house, broker):
    client = await broker.client()
    async with broker.opener()() as work:
        person = await work.get(Person, client)
    browser = await signed_in(house, broker.tenant, person, "room")

    page = await browser.get("/accounts")

    assert page.status_code == 200
    assert 'href="/verify"' in page.text
    async with broker.opener()() as work:
        case = await cases.current(work, client)
        case.state = State.REVIEW

    page = await browser.get("/accounts")

    assert "We are looking at what you handed in." in page.text
    assert 'href="/verify"' not in page.text.split("<main", 1)[1]


async def test_the_desk_sees_accounts_deals_exposure_and_servers(house, broker, traded):
    async with broker.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
    await groups.ask(broker.opener(), "mt5-live")
    async with broker.opener(dealer())() as work:
        batch = await planning.plan_leverage(work, planning.Choice(), 5, "a new rule")
        wish = await asking.leverage(work, traded.account, 5)
    browser = await signed_in(house, broker.tenant, owner, "desk")

    for path in (
        "/desk/requests",
        f"/desk/requests/{wish.id}",
        "/desk/batches",
        f"/desk/batches/{batch.id}",
        "/desk/dormancy",
        f"/desk/accounts/{traded.account}/manage",
        "/desk/accounts",
        "/desk/deals",
        "/desk/exposure",
        "/desk/servers",
        f"/desk/accounts/{traded.account}",
        f"/desk/clients/{traded.id}/accounts",
    ):
        page = await browser.get(path)
        assert page.status_code == 200, (path, page.text[:400])
        assert len(page.content) < 100_000


async def test_accounts_are_told_apart_by_their_server_as_people_call_it(house, broker, traded):
    async with broker.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
        servers = work.settings(TradingSettings).servers
    live = next(one for one in servers if one.code == "mt5-live")
    browser = await signed_in(house, broker.tenant, owner, "desk")

    here = (await browser.get("/desk/accounts?server=mt5-live")).text
    there = (await browser.get("/desk/accounts?server=mt5-demo")).text

    assert f"/desk/accounts/{traded.account}" in here
    assert f"/desk/accounts/{traded.account}" not in there
    assert live.label in here
