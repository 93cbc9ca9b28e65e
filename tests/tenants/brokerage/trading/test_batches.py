"""Many accounts at once: planned with what it would do to each, run, paused, gone on with, undone."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from brokerage.trading import groups
from brokerage.trading.connector import Access
from brokerage.trading.lifecycle import (
    asking,
    batches,
    figures,
    limiting,
    moving,
    placing,
    planning,
)
from brokerage.trading.lifecycle.model import AccountBatch, AccountRequest, BatchState
from brokerage.trading.lifecycle.settings import Moving
from brokerage.trading.model import AccountState, TradingAccount, Transfer
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy import settings
from support.people import make_staff
from support.web import signed_in

from .conftest import SERVER
from .lives import dealer, retuned
from .test_deals import order
from .test_requests import ask, ratio


async def planned(broker, leverage, staff=None, **choice):
    async with broker.opener(staff or dealer())() as work:
        row = await planning.plan_leverage(work, planning.Choice(**choice), leverage, "a new rule")
        return row.id


async def items(broker, batch):
    async with broker.opener()() as work:
        return {
            row.account: row
            for row in await work.rows(select(AccountRequest).where(AccountRequest.batch == batch))
        }


async def batch_of(broker, batch):
    async with broker.opener()() as work:
        return await work.get(AccountBatch, batch)


async def as_staff(broker, verb, batch, *given, staff=None):
    async with broker.opener(staff or dealer())() as work:
        await verb(work, batch, *given)


@pytest.fixture
async def three(broker):
    """Two accounts at ease, and one that a lower leverage would stop out."""
    await groups.ask(broker.opener(), SERVER)
    calm, other, tight = [await broker.customer() for _ in range(3)]
    await calm.move("in", "500.00")
    await tight.move("in", "200.00")
    await order(broker, tight, "buy", "0.10")
    await broker.told()
    return calm, other, tight


async def test_every_account_it_would_stop_out_is_shown_before_and_left_out(broker, three):
    calm, other, tight = three
    before = await ratio(broker, tight)
    batch = await planned(broker, 5)

    plan = await items(broker, batch)
    effects = [plan[one.account].effect["verdict"] for one in (calm, other, tight)]
    assert effects == ["none", "none", "stop-out"]
    assert {row.state for row in plan.values()} == {"planned"}
    assert await ratio(broker, calm) != 5

    await as_staff(broker, batches.start, batch)
    while (await batch_of(broker, batch)).state == BatchState.RUNNING:
        await batches.sweep(broker.opener())

    done = await items(broker, batch)
    assert [done[one.account].state for one in three] == ["done", "done", "cancelled"]
    assert [await ratio(broker, one) for one in three] == [5, 5, before]


async def test_positions_are_closed_only_with_a_second_persons_yes(broker, three):
    *_, tight = three
    maker = dealer()
    batch = await planned(broker, 5, maker)
    await as_staff(broker, batches.start, batch, "all", staff=maker)
    assert (await batch_of(broker, batch)).state == BatchState.ASKED
    with pytest.raises(Denied, match="someone else"):
        await as_staff(broker, batches.agree, batch, staff=maker)

    await as_staff(broker, batches.agree, batch)
    await batches.sweep(broker.opener())

    assert (await batch_of(broker, batch)).state == BatchState.DONE
    assert await ratio(broker, tight) == 5


async def test_what_died_half_way_is_gone_on_with_and_nothing_is_done_twice(broker, three):
    calm, other, _ = three
    batch = await planned(broker, 10)
    await as_staff(broker, batches.start, batch)
    async with broker.opener()() as work:
        row = await work.lock(AccountBatch, batch)
        # Released by a process that died before it told the server.
        await batches.released_of(work, row)
    async with broker.opener()() as work:
        for one in await work.rows(select(AccountRequest).where(AccountRequest.batch == batch)):
            if one.ready_at is not None:
                one.ready_at -= timedelta(minutes=1)

    from brokerage.trading.lifecycle import sending

    await asyncio.gather(*(sending.sweep(broker.opener()) for _ in range(3)))
    await batches.sweep(broker.opener())

    done = await items(broker, batch)
    assert {done[one.account].tries for one in (calm, other)} == {1}
    assert (await batch_of(broker, batch)).state == BatchState.DONE


async def test_one_chunk_after_the_other_until_none_is_left(broker, three):
    calm, other, _ = three
    batch = await planned(broker, 10)
    await as_staff(broker, batches.start, batch)

    begun = [await batches.run(broker.opener(), batch, 1) for _ in range(4)]

    assert begun == [1, 1, 0, 0]
    assert [await ratio(broker, one) for one in (calm, other)] == [10, 10]
    assert (await batch_of(broker, batch)).state == BatchState.DONE


async def test_paused_nothing_more_begins_and_resumed_it_ends(broker, three):
    calm, *_ = three
    batch = await planned(broker, 10)
    await as_staff(broker, batches.start, batch)
    await as_staff(broker, batches.pause, batch)
    await batches.sweep(broker.opener())
    assert await ratio(broker, calm) != 10

    await as_staff(broker, batches.resume, batch)
    await batches.sweep(broker.opener())

    assert await ratio(broker, calm) == 10


async def test_undone_every_account_that_was_not_changed_since_has_what_it_had(broker, three):
    calm, other, _ = three
    for leverage in (20, 10):
        batch = await planned(broker, leverage)
        await as_staff(broker, batches.start, batch)
        await batches.sweep(broker.opener())
    async with broker.opener()() as work:
        (await work.lock(TradingAccount, other.account)).leverage = 30

    async with broker.opener(dealer())() as work:
        back = (await planning.undo(work, batch, "a mistake")).id
    assert set(await items(broker, back)) >= {calm.account}
    assert other.account not in await items(broker, back)
    await as_staff(broker, batches.start, back)
    await as_staff(broker, batches.agree, back)
    await batches.sweep(broker.opener())

    assert await ratio(broker, calm) == 20
    with pytest.raises(Conflict, match="planned already"):
        async with broker.opener(dealer())() as work:
            await planning.undo(work, batch, "again")


async def test_no_batch_gives_more_than_the_jurisdiction_allows(broker, three):
    calm, *_ = three
    async with broker.opener()() as work:
        from brokerage.kyc import standing

        await standing.of(work, calm.id)
        (await work.lock(TradingAccount, calm.account)).leverage = 10

    plan = await items(broker, await planned(broker, 100))

    assert plan[calm.account].state == "refused"
    assert plan[calm.account].answer["places"] == {"cap": "30"}


async def test_an_account_with_a_request_of_its_own_is_left_to_it(broker, three):
    calm, *_ = three
    await ask(calm, asking.leverage, 20)
    batch = await planned(broker, 10)
    await as_staff(broker, batches.start, batch)

    await batches.sweep(broker.opener())
    await batches.sweep(broker.opener())

    assert (await items(broker, batch))[calm.account].state in {"planned", "refused"}
    assert await ratio(broker, calm) != 10


async def test_a_batch_needs_a_reason_and_something_to_change(broker, three):
    with pytest.raises(Invalid, match="why"):
        async with broker.opener(dealer())() as work:
            await planning.plan_leverage(work, planning.Choice(), 5, "")
    none = await planned(broker, 5, above=5_000)
    with pytest.raises(Conflict, match="nothing left"):
        await as_staff(broker, batches.start, none)


# Moving to another server


@pytest.fixture
async def two(broker):
    """A second server, as the broker sees it, with a product of its own."""
    async with broker.opener()() as work:
        raw = msgspec.to_builtins(work.settings(TradingSettings))
        first = next(one for one in raw["servers"] if one["code"] == SERVER)
        second = {
            **first,
            "code": "mt5-two",
            "label": "Two",
            "groups": [{"group": "real\\raw-usd"}],
        }
        product = next(one for one in raw["products"] if one["code"] == "standard")
        other = {
            **product,
            "code": "raw",
            "label": "Raw",
            "server": "mt5-two",
            "opens_itself": False,
        }
        raw["servers"] = [*raw["servers"], second]
        raw["products"] = [*raw["products"], other]
        mine = msgspec.convert(raw, TradingSettings, strict=False)
        await settings.put(work, "trading", mine, why="a test")
    for code in (SERVER, "mt5-two"):
        await groups.ask(broker.opener(), code)
    return placing.Route(source=SERVER, target="mt5-two", products={"standard": "raw"})


async def move(broker, route):
    async with broker.opener(dealer())() as work:
        return (await placing.plan(work, route, "the old one closes")).id


async def run_through(broker, batch):
    await as_staff(broker, batches.start, batch)
    await as_staff(broker, batches.agree, batch)
    for _ in range(20):
        async with broker.opener()() as work:
            for row in await work.rows(select(AccountRequest).where(AccountRequest.batch == batch)):
                row.next_ask_at = None
        await batches.sweep(broker.opener())
        if (await batch_of(broker, batch)).state == BatchState.DONE:
            return
    raise AssertionError("it did not end")


async def test_an_account_moves_with_its_money_once_and_the_report_says_so(house, broker, two):
    customer = await broker.customer("1000.00")
    await customer.move("in", "400.00")
    await broker.told()
    batch = await move(broker, two)
    row = (await items(broker, batch))[customer.account]
    assert (row.state, row.wants["group"]) == ("planned", "real\\raw-usd")

    await run_through(broker, batch)

    row = (await items(broker, batch))[customer.account]
    assert (row.state, row.was["before"], row.was["after"]) == ("done", "400.00", "400.00")
    async with broker.opener()() as work:
        (sums,) = await figures.moved(work, batch)
        fresh = await work.first(
            select(TradingAccount).where(TradingAccount.predecessor == customer.account)
        )
        sent = await work.rows(select(Transfer).where(Transfer.client == customer.id))
    assert (sums.before, sums.moved, sums.left, sums.after, sums.difference) == (
        400,
        400,
        0,
        400,
        0,
    )
    assert (fresh.server, fresh.state) == ("mt5-two", AccountState.ACTIVE)
    assert (await broker.account(customer.account)).state == AccountState.ARCHIVED
    assert sorted(one.direction for one in sent) == ["to-account", "to-account", "to-wallet"]
    money = await customer.money()
    assert (money.wallet, money.held, money.server) == (600, 0, 0)
    assert await broker.laws() == []
    async with broker.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
    browser = await signed_in(house, broker.tenant, owner, "desk")
    for path in ("/desk/batches", f"/desk/batches/{batch}", f"/desk/requests/{row.id}"):
        page = await browser.get(path)
        assert page.status_code == 200, (path, page.text[:400])


async def test_taken_again_at_any_step_it_moves_once(broker, two):
    customer = await broker.customer("1000.00")
    await customer.move("in", "250.00")
    await broker.told()
    batch = await move(broker, two)
    await as_staff(broker, batches.start, batch)
    await as_staff(broker, batches.agree, batch)
    async with broker.opener()() as work:
        await batches.released_of(work, await work.lock(AccountBatch, batch))
    request = (await items(broker, batch))[customer.account].id

    for _ in range(4):
        await asyncio.gather(
            *(moving.step(broker.opener(), request) for _ in range(3)), return_exceptions=True
        )

    row = (await items(broker, batch))[customer.account]
    assert (row.state, row.was["difference"]) == ("done", "0.00")
    money = await customer.money()
    assert (money.wallet, money.held, money.server) == (750, 0, 0)
    assert await broker.laws() == []


async def test_a_dry_run_names_who_stays_and_why_and_moves_nothing(broker, two):
    open_one, moving_one, gone = [await broker.customer() for _ in range(3)]
    await open_one.move("in", "200.00")
    await order(broker, open_one, "buy", "0.01")
    await moving_one.ask("in", "10.00")
    await broker.told()

    plan = await items(broker, await move(broker, two))
    none = await items(broker, await move(broker, placing.Route(
        source=SERVER, target="mt5-two", products={}
    )))  # fmt: skip

    assert plan[open_one.account].state == "refused"
    assert "Positions" in plan[open_one.account].answer["text"]
    assert "on its way" in plan[moving_one.account].answer["text"]
    assert plan[gone.account].state == "planned"
    assert {row.answer["text"] for row in none.values()} == {placing.NO_PRODUCT}
    async with broker.opener()() as work:
        successors = select(TradingAccount.id).where(TradingAccount.predecessor.is_not(None))
        assert await work.first(successors) is None


async def test_positions_opened_since_the_dry_run_give_the_account_back(broker, two):
    customer = await broker.customer("1000.00")
    await customer.move("in", "400.00")
    await broker.told()
    batch = await move(broker, two)
    await order(broker, customer, "buy", "0.01")

    await run_through(broker, batch)

    row = (await items(broker, batch))[customer.account]
    assert (row.state, "Positions" in row.answer["text"]) == ("refused", True)
    async with broker.opener()() as work:
        account = await work.get(TradingAccount, customer.account)
        back = await work.first(
            select(AccountRequest).where(
                AccountRequest.account == account.id, AccountRequest.kind == "access"
            )
        )
    assert (account.shut, back.wants) == ({}, {"access": "full"})
    from .test_requests import sent

    await sent(broker, back.id)
    assert (await broker.account(customer.account)).state == AccountState.ACTIVE
    assert (await customer.move("out", "10.00")).state == "done"


async def test_outside_the_window_no_account_is_begun(broker, two):
    customer = await broker.customer("1000.00")
    batch = await move(broker, two)
    async with broker.opener()() as work:
        away = (work.now + timedelta(hours=3)).strftime("%H:%M")
        later = (work.now + timedelta(hours=4)).strftime("%H:%M")
    await retuned(broker, moving=Moving(begins=away, ends=later))
    await as_staff(broker, batches.start, batch)
    await as_staff(broker, batches.agree, batch)

    await batches.sweep(broker.opener())

    assert (await items(broker, batch))[customer.account].state == "planned"


async def test_while_it_moves_its_owner_moves_no_money(broker, two):
    customer = await broker.customer("1000.00")
    batch = await move(broker, two)
    await as_staff(broker, batches.start, batch)
    await as_staff(broker, batches.agree, batch)
    async with broker.opener()() as work:
        await batches.released_of(work, await work.lock(AccountBatch, batch))
    await moving._begun(broker.opener(), (await items(broker, batch))[customer.account].id)

    with pytest.raises(Denied, match="moved into"):
        await customer.ask("in", "10.00")


async def test_staffs_own_limits_outlive_a_move_that_did_not_come_about(broker, two):
    customer = await broker.customer("1000.00")
    from .test_requests import sent

    await sent(
        broker, await ask(customer, limiting.access, Access.NO_TRADING, "asked", actor=dealer())
    )
    await customer.move("in", "100.00")
    await broker.told()
    batch = await move(
        broker, placing.Route(source=SERVER, target="mt5-two", products={"standard": "raw"})
    )

    await run_through(broker, batch)

    assert (await items(broker, batch))[customer.account].state == "done"
    assert "staff" in (await broker.account(customer.account)).limits
