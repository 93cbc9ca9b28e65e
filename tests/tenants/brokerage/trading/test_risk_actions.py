"""A risk action is asked by one, agreed to by another, told to the server, and taken back."""

import contextlib
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select, update

from brokerage.approvals import waiting
from brokerage.risk import actions, alerts, exposure, margin
from brokerage.risk.ground import read
from brokerage.risk.model import RiskAlert
from brokerage.risk.permissions import Risk
from brokerage.trading import servers, sync
from brokerage.trading.events import RequestReady
from brokerage.trading.lifecycle import sending
from brokerage.trading.lifecycle.model import AccountRequest
from brokerage.trading.model import TradingAccount, TradingServer
from stoa.kernel.refusals import Conflict, Denied, Invalid, Unavailable
from stoa.tenancy.actor import Actor, Kind
from support.patience import until
from support.people import make_staff
from support.web import signed_in

from .conftest import SERVER
from .test_deals import a_past, order


async def staff(broker, *permissions):
    async with broker.opener()() as work:
        row, _ = await make_staff(work, [str(one) for one in permissions])
    return Actor(Kind.STAFF, row.id, "Sam Staff", frozenset(map(str, permissions)))


@pytest.fixture
async def case(broker):
    """An alert about a customer's account, a dealer who asks and a head who agrees."""
    customer = await broker.customer()
    await customer.move("in", "500.00")
    dealer = await staff(broker, Risk.ALERTS, Risk.ACT)
    head = await staff(broker, Risk.APPROVE, Risk.ACT)
    async with broker.opener(dealer)() as work:
        row = await alerts.by_hand(
            work, client=customer.id, account=customer.account, name="4711", why="odd trades"
        )
    return broker, customer, row.id, dealer, head


async def asked(case, kind="no-trading", leverage=None, by=None):
    broker, _, alert, dealer, _ = case
    async with broker.opener(by or dealer)() as work:
        await actions.ask(work, alert, kind=kind, leverage=leverage, why="too much risk")


async def agreed(case):
    broker, _, alert, _, head = case
    async with broker.opener(head)() as work:
        await actions.agree(work, alert)
    await sent(case)


async def sent(case):
    """What the worker does: the account's request is sent, and what became of it written down."""
    broker, _, alert, *_ = case
    async with broker.opener()() as work:
        row = await work.get(RiskAlert, alert)
    await sending.send(broker.opener(), RequestReady(request=UUID(row.action["request"])))
    async with broker.opener()() as work:
        await actions.follow(work)


async def state(case):
    broker, customer, alert, *_ = case
    async with broker.opener()() as work:
        return await work.get(RiskAlert, alert), await work.get(TradingAccount, customer.account)


async def on_server(case):
    broker, customer, *_ = case
    async with broker.opener()() as work:
        connector = await servers.connect(work, SERVER)
    return await connector.get_account(customer.login)


async def test_no_trading_is_told_to_the_server_after_a_second_persons_yes(case):
    await asked(case)
    assert (await on_server(case)).access == "full"

    await agreed(case)

    row, account = await state(case)
    assert (row.action_state, account.state, account.why) == ("done", "restricted", actions.WHY)
    assert (await on_server(case)).access != "full"


async def test_it_is_given_back_as_it_was(case):
    broker, _, alert, _, head = case
    await asked(case)
    await agreed(case)

    async with broker.opener(head)() as work:
        await actions.undo(work, alert, "hedged now")
    await sent(case)

    row, account = await state(case)
    assert (row.action_state, account.state, account.why) == ("undone", "active", None)
    assert (await on_server(case)).access == "full"
    assert [told["text"] for told in row.story][-1].startswith("The server confirmed")


async def test_what_a_platform_cannot_be_told_is_not_asked_for(case):
    with pytest.raises(Invalid, match="cannot be told"):
        await asked(case, "close-only")


async def test_who_asked_does_not_agree_and_who_may_not_does_nothing(case):
    broker, _, alert, dealer, head = case
    await asked(case, by=head)

    async with broker.opener(head)() as work:
        with pytest.raises(Denied):
            await actions.agree(work, alert)
    async with broker.opener(dealer)() as work:
        with pytest.raises(Denied):
            await actions.agree(work, alert)
        with pytest.raises(Conflict):
            await actions.ask(work, alert, kind="leverage", leverage=5, why="again")


async def test_less_leverage_is_set_and_more_or_ruin_is_refused(case):
    broker, customer, *_ = case
    with pytest.raises(Invalid, match="Less than"):
        await asked(case, "leverage", 5000)
    await order(broker, customer, "buy", "0.10")
    await broker.told()
    with pytest.raises(Invalid, match="margin level"):
        await asked(case, "leverage", 1)

    _, account = await state(case)
    await asked(case, "leverage", account.leverage // 2)
    await agreed(case)

    _, after = await state(case)
    assert after.leverage == account.leverage // 2
    assert (await on_server(case)).leverage == account.leverage // 2


async def later(case):
    """A minute on, the sweep sends what is open again."""
    broker, *_ = case
    async with broker.opener()() as work:
        await work.run(update(AccountRequest).values(next_ask_at=None))
    await sent(case)


async def test_without_an_answer_it_is_tried_again_and_done_once(case):
    broker, *_ = case
    await asked(case)
    await broker.server.post("/faults", disconnect={"chance": 1.0, "times": 1})
    with contextlib.suppress(Unavailable):
        await agreed(case)

    async def concluded():  # As the outbox does: again and again.
        with contextlib.suppress(Unavailable):
            await later(case)
        return (await state(case))[0].action_state == "done"

    await until(concluded, every_s=0.3)
    await later(case)

    row, account = await state(case)
    assert (row.action_state, account.state) == ("done", "restricted")
    assert sum(told["text"] == "The server confirmed" for told in row.story) == 1


async def test_it_waits_in_the_list_of_what_waits(case):
    broker, _, alert, _, head = case
    await asked(case)

    async with broker.opener(head)() as work:
        found = {source.kind: rows for source, rows in await waiting.all_for(work)}

    assert [one.key for one in found["risk-action"]] == [alert]


async def test_a_server_that_is_down_makes_no_fresh_figures(fragile):
    customer = await fragile.customer()
    await customer.move("in", "500.00")
    await order(fragile, customer, "buy", "0.02")
    await fragile.told()
    await fragile.server.stop()

    await sync.pass_over(fragile.opener(), SERVER)

    async with fragile.opener()() as work:
        ground = await read(work)
        parts = await exposure.parts(work, ground, "symbol")
        told = await work.value(select(TradingServer.ok_at).where(TradingServer.code == SERVER))
    assert SERVER in {one.code for one in ground.failing}
    assert parts[0].oldest is not None
    assert parts[0].oldest <= told


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_every_page_of_risk_answers(case, house, language):
    broker, customer, alert, *_ = case
    await a_past(broker, customer)
    await order(broker, customer, "buy", "0.02")
    await broker.told()
    await asked(case)
    async with broker.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
        await work.run(
            update(TradingAccount)
            .where(TradingAccount.id == customer.account)
            .values(margin=Decimal(100), equity=Decimal(60))
        )
        ground = await read(work)
        assert (await margin.watched(work, ground)).near == 1
    browser = await signed_in(house, broker.tenant, owner, "desk")
    browser.http.cookies.set("language", language)

    for path in (
        *(f"/desk/exposure?by={by}" for by in exposure.BYS),
        "/desk/exposure?symbol=EURUSD&hours=168",
        "/desk/exposure/positions?symbol=EURUSD&side=buy",
        "/desk/margin?under=yes",
        "/desk/what-if?shock=*+-50",
        "/desk/results?by=book&from=2026-01-01&to=2026-12-31",
        "/desk/providers",
        f"/desk/providers/{customer.account}",
        "/desk/hedge",
        "/desk/alerts?alive=",
        f"/desk/alerts/{alert}",
        "/desk/approvals",
        "/desk",
    ):
        page = await browser.get(path)
        assert page.status_code == 200, (path, page.text[:400])
        assert len(page.content) < 100_000, path
    for path in ("exposure", "exposure/positions", "margin", "results", "alerts", "providers"):
        for kind in ("csv", "xlsx"):
            file = await browser.get(f"/desk/{path}?format={kind}")
            assert file.status_code == 200, path
